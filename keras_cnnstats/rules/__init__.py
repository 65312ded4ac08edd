"""Rules: *this layer is these primitives*. One file for each family, named as Keras names its folders."""

from keras_cnnstats.rules import (
    activations,
    applications,
    attention,
    convolutional,
    core,
    merging,
    normalization,
    operations,
    pooling,
    preprocessing,
    products,
    regularization,
    reshaping,
    rnn,
)
from keras_cnnstats.rules.registry import Found, Rule, find, registered, rule

__all__ = [
    "Found",
    "Rule",
    "activations",
    "applications",
    "attention",
    "convolutional",
    "core",
    "find",
    "merging",
    "normalization",
    "operations",
    "pooling",
    "preprocessing",
    "products",
    "registered",
    "regularization",
    "reshaping",
    "rnn",
    "rule",
]
