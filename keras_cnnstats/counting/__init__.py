"""Layers run on numbers that count: each multiplication, addition and comparison is tallied as it is done."""

from keras_cnnstats.counting.run import Counted, count_operations

__all__ = ["Counted", "count_operations"]
