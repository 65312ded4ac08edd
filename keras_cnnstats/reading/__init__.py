"""A model's file is read for its architecture alone: no weight is loaded, and no code from the file runs."""

from keras_cnnstats.reading.custom import custom_objects_of
from keras_cnnstats.reading.model import read_model

__all__ = ["custom_objects_of", "read_model"]
