"""Callbacks of Keras: what each epoch of a training cost."""

from keras_cnnstats.callbacks.logger import StatsLogger

__all__ = ["StatsLogger"]
