"""Thousands of models, built without weights and analysed, one row each."""

from keras_cnnstats.sweeping.candidates import Candidate, SweepError
from keras_cnnstats.sweeping.fronts import pareto
from keras_cnnstats.sweeping.run import sweep

__all__ = ["Candidate", "SweepError", "pareto", "sweep"]
