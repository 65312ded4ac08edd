"""The handful of things that networks are made of, in plain integers. Each knows all of itself; none knows Keras."""

from keras_cnnstats.primitives.attention import attention
from keras_cnnstats.primitives.base import (
    POINTWISE,
    Claim,
    Gather,
    Join,
    Mix,
    Pointwise,
    Primitive,
    Regroup,
    Route,
    Shuffle,
    Size,
    Slide,
    Spatial,
    Spread,
    Statistics,
    Stretch,
    product,
    share,
)
from keras_cnnstats.primitives.contraction import Contraction, batch_dot, einsum_dense, einsum_product, matrix_product
from keras_cnnstats.primitives.convolution import Convolution
from keras_cnnstats.primitives.elementwise import FUNCTIONS, Cost, Elementwise, elu, relu
from keras_cnnstats.primitives.normalization import BatchNormalization, Normalization
from keras_cnnstats.primitives.pooling import AdaptivePooling, Pooling
from keras_cnnstats.primitives.rearrangement import Kept, Lookup, Rearrangement, moved, swapped
from keras_cnnstats.primitives.recurrence import Recurrence, Repeated
from keras_cnnstats.primitives.reduction import Reduction
from keras_cnnstats.primitives.resampling import Resampling, fitted
from keras_cnnstats.primitives.softmax import Softmax
from keras_cnnstats.primitives.transposed import TransposedConvolution, Upwindow
from keras_cnnstats.primitives.window import Window

__all__ = [
    "FUNCTIONS",
    "POINTWISE",
    "AdaptivePooling",
    "BatchNormalization",
    "Claim",
    "Contraction",
    "Convolution",
    "Cost",
    "Elementwise",
    "Gather",
    "Join",
    "Kept",
    "Lookup",
    "Mix",
    "Normalization",
    "Pointwise",
    "Pooling",
    "Primitive",
    "Rearrangement",
    "Recurrence",
    "Reduction",
    "Regroup",
    "Repeated",
    "Resampling",
    "Route",
    "Shuffle",
    "Size",
    "Slide",
    "Softmax",
    "Spatial",
    "Spread",
    "Statistics",
    "Stretch",
    "TransposedConvolution",
    "Upwindow",
    "Window",
    "attention",
    "batch_dot",
    "einsum_dense",
    "einsum_product",
    "elu",
    "fitted",
    "matrix_product",
    "moved",
    "product",
    "relu",
    "share",
    "swapped",
]
