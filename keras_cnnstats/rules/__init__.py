"""Rules: *this layer is these primitives*. One file for each family, named as Keras names its folders."""

from keras_cnnstats.rules import (
    activations,
    applications,
    convolutional,
    core,
    merging,
    normalization,
    operations,
    pooling,
    preprocessing,
    regularization,
    reshaping,
)
from keras_cnnstats.rules.registry import Found, Rule, find, registered, rule

__all__ = [
    "Found",
    "Rule",
    "activations",
    "applications",
    "convolutional",
    "core",
    "find",
    "merging",
    "normalization",
    "operations",
    "pooling",
    "preprocessing",
    "registered",
    "regularization",
    "reshaping",
    "rule",
]
