"""The handful of things that networks are made of, in plain integers. Each knows all of itself; none knows Keras."""

from keras_cnnstats.primitives.adaptation import Adaptation, LowRank, computed, convolved, looked_up
from keras_cnnstats.primitives.attention import attention
from keras_cnnstats.primitives.base import Claim, Map, Primitive, Size, axes_of, ends, more, other_axes, product, share
from keras_cnnstats.primitives.composition import Part, composed, part_of
from keras_cnnstats.primitives.contraction import Contraction, batch_dot, einsum_dense, einsum_product, matrix_product
from keras_cnnstats.primitives.convolution import Convolution
from keras_cnnstats.primitives.distance import Distances
from keras_cnnstats.primitives.elementwise import DROPOUT, Cost, Disturbance, Elementwise, disturbances
from keras_cnnstats.primitives.functions import FUNCTIONS, elu, merging, relu
from keras_cnnstats.primitives.measured import Measured
from keras_cnnstats.primitives.normalization import BatchNormalization, GivenNormalization, Normalization
from keras_cnnstats.primitives.pooling import AdaptivePooling, Pooling
from keras_cnnstats.primitives.quantisation import Conversion
from keras_cnnstats.primitives.rearrangement import Kept, Lookup, Rearrangement, moved, swapped
from keras_cnnstats.primitives.recurrence import GRU_RESET_AFTER, GRU_RESET_BEFORE, LSTM, Gates, Recurrence
from keras_cnnstats.primitives.reduction import MAXIMUM, MEAN, PRODUCT, SUM, Reduction
from keras_cnnstats.primitives.resampling import Resampling, centred, fitted
from keras_cnnstats.primitives.series import Differences, Trapezoids, diagonal, differences
from keras_cnnstats.primitives.slicing import padded, sliced, spanned, stacked, unstacked
from keras_cnnstats.primitives.slopes import FREE, ONE, SLOPES, STOPS, WITH_SLOPE, Slope
from keras_cnnstats.primitives.softmax import Softmax
from keras_cnnstats.primitives.spectral import SpectralNorm, spectral
from keras_cnnstats.primitives.spreads import (
    POINTWISE,
    Aside,
    Cut,
    Gather,
    Join,
    Mix,
    Pointwise,
    Regroup,
    Route,
    Shuffle,
    Slide,
    Spatial,
    Spread,
    Statistics,
    Stretch,
    behind_time,
)
from keras_cnnstats.primitives.substitution import Substitution
from keras_cnnstats.primitives.transposed import TransposedConvolution, Upwindow
from keras_cnnstats.primitives.window import Window, carried_reach
from keras_cnnstats.primitives.wrapping import Beside, Once, Reading, Repeated, placed, reading

__all__ = [
    "DROPOUT",
    "FREE",
    "FUNCTIONS",
    "GRU_RESET_AFTER",
    "GRU_RESET_BEFORE",
    "LSTM",
    "MAXIMUM",
    "MEAN",
    "ONE",
    "POINTWISE",
    "PRODUCT",
    "SLOPES",
    "STOPS",
    "SUM",
    "WITH_SLOPE",
    "Adaptation",
    "AdaptivePooling",
    "Aside",
    "BatchNormalization",
    "Beside",
    "Claim",
    "Contraction",
    "Conversion",
    "Convolution",
    "Cost",
    "Cut",
    "Differences",
    "Distances",
    "Disturbance",
    "Elementwise",
    "Gates",
    "Gather",
    "GivenNormalization",
    "Join",
    "Kept",
    "Lookup",
    "LowRank",
    "Map",
    "Measured",
    "Mix",
    "Normalization",
    "Once",
    "Part",
    "Pointwise",
    "Pooling",
    "Primitive",
    "Reading",
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
    "Slope",
    "Softmax",
    "Spatial",
    "SpectralNorm",
    "Spread",
    "Statistics",
    "Stretch",
    "Substitution",
    "TransposedConvolution",
    "Trapezoids",
    "Upwindow",
    "Window",
    "attention",
    "axes_of",
    "batch_dot",
    "behind_time",
    "carried_reach",
    "centred",
    "composed",
    "computed",
    "convolved",
    "diagonal",
    "differences",
    "disturbances",
    "einsum_dense",
    "einsum_product",
    "elu",
    "ends",
    "fitted",
    "looked_up",
    "matrix_product",
    "merging",
    "more",
    "moved",
    "other_axes",
    "padded",
    "part_of",
    "placed",
    "product",
    "reading",
    "relu",
    "share",
    "sliced",
    "spanned",
    "spectral",
    "stacked",
    "swapped",
    "unstacked",
]
