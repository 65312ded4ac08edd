"""Random Keras models: drawn, printed as code, checked, and made small where something is wrong with them."""

from keras_cnnstats.testing.checking import FaultError, check
from keras_cnnstats.testing.records import Again, Architecture, Input, Layer, Operation, Step, Tensor
from keras_cnnstats.testing.shrinking import shrunk
from keras_cnnstats.testing.strategies import architectures, models
from keras_cnnstats.testing.whole import draw_architecture

__all__ = [
    "Again",
    "Architecture",
    "FaultError",
    "Input",
    "Layer",
    "Operation",
    "Step",
    "Tensor",
    "architectures",
    "check",
    "draw_architecture",
    "models",
    "shrunk",
]
