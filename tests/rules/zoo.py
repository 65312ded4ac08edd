"""The zoo: for each layer class and each function of `keras.ops` that has a rule, small models that have it in them.

A sample is data: what goes in and with which arguments. Whoever adds a rule adds an entry here, and every test that
crosses the zoo (invariants, TensorFlow's own count) then runs on it. The sizes are odd and differ from axis to axis, so
that a formula with two of them mixed up gives another number.
"""

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

import keras_cnnstats as cnnstats

Shape = tuple[int | None, ...]


class Sample(NamedTuple):
    """What a layer is built with, or a function called with.

    Attributes:
        inputs: shapes of the inputs, without the batch axis.
        arguments: arguments of the layer, or of the function behind the inputs.
        listed: whether the inputs are given as one list.
        input_dtype: dtype of the inputs.
    """

    inputs: tuple[Shape, ...]
    arguments: Mapping[str, Any]
    listed: bool = False
    input_dtype: str = "float32"


def sample(*inputs: Shape, listed: bool = False, input_dtype: str = "float32", **arguments: Any) -> Sample:
    return Sample(inputs, arguments, listed, input_dtype)


def array(*shape: int) -> np.ndarray:
    return np.ones(shape, "float32")


LINE, MAP, VOLUME = (11, 4), (9, 7, 4), (7, 6, 5, 4)
"""A map of 4 channels in one, two and three dimensions."""

LINE_FIRST, MAP_FIRST, VOLUME_FIRST = (4, 11), (4, 9, 7), (4, 7, 6, 5)
"""The same with the channels in front."""

FIRST: dict[str, Any] = {"data_format": "channels_first"}

ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
    "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
)  # fmt: skip

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "pointwise": {"kernel_size": 1},
    "valid": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "even": {"kernel_size": 2, "padding": "same"},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 3, "strides": 2, "padding": "same"},
    "no_bias": {"kernel_size": 3, "use_bias": False},
    "activated": {"kernel_size": 3, "activation": "relu6"},
    "dilated": {"kernel_size": 3, "dilation_rate": 2},
    "dilated_same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
}
GROUPED: dict[str, dict[str, Any]] = {
    "grouped": {"kernel_size": 3, "groups": 2},
    "grouped_same": {"kernel_size": 3, "groups": 2, "padding": "same"},
}
TRANSPOSED: dict[str, dict[str, Any]] = {
    "valid": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "upsampling": {"kernel_size": 2, "strides": 2},
    "gaps": {"kernel_size": 2, "strides": 3},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 4, "strides": 2, "padding": "same"},
    "output_padding": {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
    "dilated_same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    "no_bias": {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False},
    "activated": {"kernel_size": 3, "strides": 2, "padding": "same", "activation": "silu"},
}
POOLINGS: dict[str, dict[str, Any]] = {
    "halving": {"pool_size": 2},
    "overlapping": {"pool_size": 3, "strides": 2},
    "same": {"pool_size": 3, "strides": 2, "padding": "same"},
    "smoothing": {"pool_size": 3, "strides": 1, "padding": "same"},
}


def variants(shape: Shape, table: Mapping[str, Mapping[str, Any]], **common: Any) -> dict[str, Sample]:
    """A sample for each row of a table of arguments."""
    return {name: Sample((shape,), {**common, **arguments}) for name, arguments in table.items()}


def binary() -> dict[str, Sample]:
    """Samples of a function of two maps: of one shape, and broadcast."""
    return {"maps": sample(MAP, MAP), "broadcast": sample(MAP, (1, 1, 4))}


def unary(**arguments: Any) -> dict[str, Sample]:
    return {"map": sample(MAP, **arguments)}


def merging(count: int = 3) -> dict[str, Sample]:
    two = {"two": sample(MAP, MAP, listed=True)}
    return two | ({"three": sample(*[MAP] * count, listed=True)} if count > 2 else {})


def with_and_without(shape: Shape) -> dict[str, Sample]:
    """Samples of a normalization with and without learned scale and shift."""
    return {
        "scale_center": sample(shape),
        "scale": sample(shape, center=False),
        "center": sample(shape, scale=False),
        "bare": sample(shape, scale=False, center=False),
    }


def reductions() -> dict[str, Sample]:
    return {
        "channels": sample(MAP, axis=-1),
        "positions": sample(MAP, axis=(1, 2)),
        "kept": sample(MAP, axis=2, keepdims=True),
        "all": sample(MAP),
    }


LAYERS: dict[Any, dict[str, Sample]] = {
    # Activations
    layers.ReLU: {
        "plain": sample(MAP),
        "six": sample(MAP, max_value=6),
        "ceiling": sample(MAP, max_value=4),
        "slope": sample(MAP, negative_slope=0.1),
        "threshold": sample(MAP, threshold=0.5),
        "slope_six": sample(MAP, max_value=6, negative_slope=0.1),
        "slope_threshold": sample(MAP, negative_slope=0.1, threshold=0.5),
        "ceiling_threshold": sample(MAP, max_value=6, threshold=0.5),
        "everything": sample(MAP, max_value=6, negative_slope=0.1, threshold=0.5),
    },
    layers.LeakyReLU: {"plain": sample(MAP), "slope": sample(MAP, negative_slope=0.1)},
    layers.ELU: {"plain": sample(MAP), "alpha": sample(MAP, alpha=0.5)},
    layers.PReLU: {"plain": sample(MAP), "shared": sample(MAP, shared_axes=[1, 2])},
    layers.Softmax: {
        "vector": sample((10,)),
        "channels": sample(MAP),
        "rows": sample(MAP, axis=1),
        "positions": sample(MAP, axis=(1, 2)),
    },
    layers.Activation: {name: sample(MAP, activation=name) for name in ACTIVATIONS},
    # Convolutions
    layers.Conv1D: {
        **variants(LINE, CONVOLUTIONS | GROUPED, filters=6),
        "causal": sample(LINE, filters=6, kernel_size=3, padding="causal"),
        "causal_dilated": sample(LINE, filters=6, kernel_size=3, padding="causal", dilation_rate=2),
        "causal_strided": sample(LINE, filters=6, kernel_size=3, padding="causal", strides=2),
        "channels_first": sample(LINE_FIRST, filters=6, kernel_size=3, padding="same", **FIRST),
    },
    layers.Conv2D: {
        **variants(MAP, CONVOLUTIONS | GROUPED, filters=6),
        "oblong": sample(MAP, filters=6, kernel_size=(1, 3), strides=(2, 1), padding="same"),
        "grouped_dilated": sample(MAP, filters=6, kernel_size=3, groups=2, dilation_rate=2),
        "softmax": sample(MAP, filters=6, kernel_size=3, activation="softmax"),
        "channels_first": sample(MAP_FIRST, filters=6, kernel_size=3, padding="same", **FIRST),
    },
    layers.Conv3D: {
        **variants(VOLUME, CONVOLUTIONS | GROUPED, filters=6),
        "channels_first": sample(VOLUME_FIRST, filters=6, kernel_size=3, padding="same", **FIRST),
    },
    layers.DepthwiseConv1D: {
        **variants(LINE, CONVOLUTIONS),
        "multiplier": sample(LINE, kernel_size=3, depth_multiplier=2),
        "channels_first": sample(LINE_FIRST, kernel_size=3, padding="same", **FIRST),
    },
    layers.DepthwiseConv2D: {
        **variants(MAP, CONVOLUTIONS),
        "multiplier": sample(MAP, kernel_size=3, depth_multiplier=2),
        "oblong": sample(MAP, kernel_size=(1, 3), padding="same"),
        "dilated_strided": sample(MAP, kernel_size=3, dilation_rate=2, strides=2),
        "dilated_strided_same": sample(MAP, kernel_size=3, dilation_rate=2, strides=2, padding="same"),
        "channels_first": sample(MAP_FIRST, kernel_size=3, padding="same", **FIRST),
    },
    layers.SeparableConv1D: {
        **variants(LINE, CONVOLUTIONS, filters=6),
        "multiplier": sample(LINE, filters=6, kernel_size=3, depth_multiplier=2),
    },
    layers.SeparableConv2D: {
        **variants(MAP, CONVOLUTIONS, filters=6),
        "multiplier": sample(MAP, filters=6, kernel_size=3, depth_multiplier=2),
        "channels_first": sample(MAP_FIRST, filters=6, kernel_size=3, padding="same", **FIRST),
    },
    layers.Conv1DTranspose: variants(LINE, TRANSPOSED, filters=6),
    layers.Conv2DTranspose: {
        **variants(MAP, TRANSPOSED, filters=6),
        "oblong": sample(MAP, filters=6, kernel_size=(2, 4), strides=(2, 1), padding="same"),
        "channels_first": sample(MAP_FIRST, filters=6, kernel_size=4, strides=2, padding="same", **FIRST),
    },
    layers.Conv3DTranspose: variants(VOLUME, TRANSPOSED, filters=6),
    # Core
    layers.Dense: {
        "vector": sample((10,), units=7),
        "no_bias": sample((10,), units=7, use_bias=False),
        "sequence": sample((5, 10), units=7),
        "map": sample(MAP, units=7),
        "softmax": sample((10,), units=7, activation="softmax"),
        "gelu": sample((10,), units=7, activation="gelu"),
    },
    layers.EinsumDense: {
        "dense": sample((5, 10), equation="abc,cd->abd", output_shape=(None, 7), bias_axes="d"),
        "no_bias": sample((5, 10), equation="abc,cd->abd", output_shape=(None, 7)),
        "heads": sample((5, 10), equation="abc,cde->abde", output_shape=(None, 2, 7), bias_axes="de"),
        "shared_bias": sample((5, 10), equation="abc,cde->abde", output_shape=(None, 2, 7), bias_axes="e"),
        "out_of_heads": sample((5, 2, 10), equation="abde,dec->abc", output_shape=(None, 7), bias_axes="c"),
        "ellipsis": sample((5, 3, 10), equation="...x,xy->...y", output_shape=7, bias_axes="y"),
    },
    layers.Embedding: {"tokens": sample((8,), input_dim=50, output_dim=6, input_dtype="int32")},
    layers.Identity: unary(),
    layers.Masking: {"sequence": sample((5, 10), mask_value=0.0)},
    # Merging
    layers.Add: merging(),
    layers.Subtract: merging(2),
    layers.Multiply: merging() | {"gate": sample(MAP, (1, 1, 4), listed=True)},
    layers.Maximum: merging(),
    layers.Minimum: merging(),
    layers.Average: merging(),
    layers.Concatenate: merging() | {"rows": sample(MAP, MAP, listed=True, axis=1)},
    layers.Dot: {
        "vectors": sample((10,), (10,), listed=True, axes=1),
        "sequences": sample((5, 10), (3, 10), listed=True, axes=2),
        "axes": sample((10, 5), (3, 10), listed=True, axes=(1, 2)),
        "cosine": sample((10,), (10,), listed=True, axes=1, normalize=True),
    },
    # Normalizations
    layers.BatchNormalization: {
        **with_and_without(MAP),
        "vector": sample((10,)),
        "channels_first": sample(MAP_FIRST, axis=1),
    },
    layers.LayerNormalization: {
        **with_and_without(MAP),
        "sequence": sample((5, 10)),
        "whole": sample(MAP, axis=(1, 2, 3)),
        "deviation": sample(MAP, rms_scaling=True),
    },
    layers.RMSNormalization: {"map": sample(MAP), "sequence": sample((5, 10))},
    layers.GroupNormalization: {
        "scale_center": sample(MAP, groups=2),
        "scale": sample(MAP, groups=2, center=False),
        "center": sample(MAP, groups=2, scale=False),
        "bare": sample(MAP, groups=2, scale=False, center=False),
        "instance": sample(MAP, groups=-1),
        "one_group": sample(MAP, groups=1),
    },
    layers.SpectralNormalization: {
        "dense": sample((10,), layer=layers.Dense(7)),
        "convolution": sample(MAP, layer=layers.Conv2D(6, 3, padding="same", activation="relu")),
    },
    layers.UnitNormalization: {"map": sample(MAP), "positions": sample(MAP, axis=(1, 2))},
    # Poolings
    layers.MaxPooling1D: variants(LINE, POOLINGS),
    layers.MaxPooling2D: variants(MAP, POOLINGS) | {"channels_first": sample(MAP_FIRST, pool_size=2, **FIRST)},
    layers.MaxPooling3D: variants(VOLUME, POOLINGS),
    layers.AveragePooling1D: variants(LINE, POOLINGS),
    layers.AveragePooling2D: variants(MAP, POOLINGS) | {"oblong": sample(MAP, pool_size=(3, 2), strides=(1, 2))},
    layers.AveragePooling3D: variants(VOLUME, POOLINGS),
    layers.GlobalMaxPooling1D: {"dropped": sample(LINE), "kept": sample(LINE, keepdims=True)},
    layers.GlobalMaxPooling2D: {"dropped": sample(MAP), "channels_first": sample(MAP_FIRST, **FIRST)},
    layers.GlobalMaxPooling3D: {"dropped": sample(VOLUME), "kept": sample(VOLUME, keepdims=True)},
    layers.GlobalAveragePooling1D: {"dropped": sample(LINE), "kept": sample(LINE, keepdims=True)},
    layers.GlobalAveragePooling2D: {"dropped": sample(MAP), "channels_first": sample(MAP_FIRST, **FIRST)},
    layers.GlobalAveragePooling3D: {"dropped": sample(VOLUME), "kept": sample(VOLUME, keepdims=True)},
    layers.AdaptiveMaxPooling1D: {"uneven": sample(LINE, output_size=4), "even": sample((12, 4), output_size=4)},
    layers.AdaptiveMaxPooling2D: {"uneven": sample(MAP, output_size=(4, 3)), "one": sample(MAP, output_size=1)},
    layers.AdaptiveMaxPooling3D: {"uneven": sample(VOLUME, output_size=(3, 4, 2))},
    layers.AdaptiveAveragePooling1D: {"uneven": sample(LINE, output_size=4), "even": sample((12, 4), output_size=4)},
    layers.AdaptiveAveragePooling2D: {"uneven": sample(MAP, output_size=(4, 3)), "one": sample(MAP, output_size=1)},
    layers.AdaptiveAveragePooling3D: {"uneven": sample(VOLUME, output_size=(3, 4, 2))},
    # Preprocessing
    layers.Rescaling: {"scale": sample(MAP, scale=0.5), "offset": sample(MAP, scale=0.5, offset=-1.0)},
    layers.Normalization: {
        "adapted_later": sample(MAP, axis=-1),
        "given": sample(MAP, mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 2.0, 3.0, 4.0]),
        "scalar": sample(MAP, axis=None, mean=1.0, variance=4.0),
        "inverted": sample(MAP, mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 2.0, 3.0, 4.0], invert=True),
    },
    layers.Resizing: {
        "nearest": sample(MAP, height=5, width=12, interpolation="nearest"),
        "bilinear": sample(MAP, height=5, width=12),
        "bicubic": sample(MAP, height=5, width=12, interpolation="bicubic"),
    },
    # Regularization
    layers.ActivityRegularization: unary(l2=0.1),
    layers.AlphaDropout: unary(rate=0.5),
    layers.Dropout: unary(rate=0.5),
    layers.GaussianDropout: unary(rate=0.5),
    layers.GaussianNoise: unary(stddev=0.5),
    layers.SpatialDropout1D: {"line": sample(LINE, rate=0.5)},
    layers.SpatialDropout2D: {"map": sample(MAP, rate=0.5)},
    layers.SpatialDropout3D: {"volume": sample(VOLUME, rate=0.5)},
    # Reshaping
    layers.ZeroPadding1D: {"even": sample(LINE, padding=2), "uneven": sample(LINE, padding=(0, 1))},
    layers.ZeroPadding2D: {"even": sample(MAP, padding=2), "uneven": sample(MAP, padding=((0, 1), (2, 3)))},
    layers.ZeroPadding3D: {"even": sample(VOLUME, padding=2)},
    layers.Cropping1D: {"even": sample(LINE, cropping=2), "uneven": sample(LINE, cropping=(0, 1))},
    layers.Cropping2D: {"even": sample(MAP, cropping=2), "uneven": sample(MAP, cropping=((0, 1), (2, 3)))},
    layers.Cropping3D: {"even": sample(VOLUME, cropping=1)},
    layers.Flatten: unary(),
    layers.Reshape: {"line": sample(MAP, target_shape=(63, 4)), "inferred": sample(MAP, target_shape=(-1, 2))},
    layers.Permute: unary(dims=(2, 1, 3)),
    layers.RepeatVector: {"vector": sample((10,), n=3)},
    layers.UpSampling1D: {"double": sample(LINE, size=2)},
    layers.UpSampling2D: {
        "nearest": sample(MAP, size=2),
        "bilinear": sample(MAP, size=(2, 3), interpolation="bilinear"),
        "bicubic": sample(MAP, size=2, interpolation="bicubic"),
        "columns": sample(MAP, size=(1, 3)),
    },
    layers.UpSampling3D: {"double": sample(VOLUME, size=(2, 1, 3))},
    # Networks of keras.applications
    LayerScale: {"map": sample(MAP, init_values=1e-6, projection_dim=4)},
    CustomScaleLayer: {"two": sample(MAP, MAP, listed=True, scale=0.1)},
}

UNARY = (
    ops.negative, ops.square, ops.reciprocal, ops.abs, ops.absolute, ops.sign, ops.exp, ops.expm1, ops.log, ops.log1p,
    ops.sqrt, ops.rsqrt, ops.sin, ops.cos, ops.erf, ops.glu, ops.hard_shrink, ops.hard_sigmoid, ops.hard_silu,
    ops.hard_tanh, ops.log_sigmoid, ops.relu, ops.relu6, ops.selu, ops.sigmoid, ops.silu, ops.soft_shrink, ops.softplus,
    ops.softsign, ops.sparse_plus, ops.sparse_sigmoid, ops.squareplus, ops.tanh, ops.tanh_shrink, ops.stop_gradient,
    ops.copy, ops.ravel,
)  # fmt: skip
BINARY = (
    ops.add, ops.subtract, ops.multiply, ops.divide, ops.true_divide, ops.maximum, ops.minimum, ops.greater,
    ops.greater_equal, ops.less, ops.less_equal, ops.equal, ops.not_equal, ops.power,
)  # fmt: skip

OPERATIONS: dict[Any, dict[str, Sample]] = {
    **{function: unary() for function in UNARY},
    **{function: binary() for function in BINARY},
    ops.celu: {"plain": sample(MAP), "alpha": sample(MAP, alpha=0.5)},
    ops.elu: {"plain": sample(MAP), "alpha": sample(MAP, alpha=0.5)},
    ops.leaky_relu: {"plain": sample(MAP), "slope": sample(MAP, negative_slope=0.1)},
    ops.threshold: unary(threshold=0.5, default_value=0.0),
    ops.clip: unary(x_min=0.0, x_max=1.0),
    ops.gelu: {"exact": sample(MAP, approximate=False), "tanh": sample(MAP)},
    ops.softmax: {"channels": sample(MAP), "rows": sample(MAP, axis=1)},
    ops.log_softmax: {"channels": sample(MAP), "rows": sample(MAP, axis=1)},
    ops.cast: unary(dtype="float16"),
    ops.reshape: {"line": sample(MAP, newshape=(-1, 63, 4)), "flat": sample(MAP, newshape=(-1, 252))},
    ops.expand_dims: unary(axis=1),
    ops.squeeze: {"one": sample((1, 7, 4), axis=1)},
    ops.transpose: {"axes": sample(MAP, axes=(0, 2, 1, 3)), "backwards": sample(MAP)},
    ops.concatenate: {"channels": sample(MAP, MAP, listed=True), "rows": sample(MAP, MAP, listed=True, axis=1)},
    ops.depth_to_space: unary(block_size=2),
    ops.space_to_depth: {"map": sample((8, 6, 4), block_size=2)},
    ops.conv: {
        "line": sample(LINE, kernel=array(3, 4, 6), strides=2, padding="same"),
        "map": sample(MAP, kernel=array(3, 2, 4, 6)),
        "same": sample(MAP, kernel=array(3, 2, 4, 6), padding="same"),
        "volume": sample(VOLUME, kernel=array(3, 2, 1, 4, 6)),
    },
    ops.depthwise_conv: {
        "line": sample(LINE, kernel=array(3, 4, 2)),
        "map": sample(MAP, kernel=array(3, 2, 4, 1), padding="same"),
    },
    ops.separable_conv: {
        "map": sample(MAP, depthwise_kernel=array(3, 2, 4, 2), pointwise_kernel=array(1, 1, 8, 5), padding="same"),
    },
    ops.conv_transpose: {
        "line": sample(LINE, kernel=array(2, 6, 4), strides=2),
        "map": sample(MAP, kernel=array(4, 2, 6, 4), strides=2, padding="same"),
    },
    ops.max_pool: {"map": sample(MAP, pool_size=2), "same": sample(MAP, pool_size=3, strides=2, padding="same")},
    ops.average_pool: {"map": sample(MAP, pool_size=2), "same": sample(MAP, pool_size=3, strides=2, padding="same")},
    ops.adaptive_max_pool: {"channels_first": sample(MAP_FIRST, output_size=(4, 3), **FIRST)},
    ops.adaptive_average_pool: {"channels_first": sample(MAP_FIRST, output_size=(4, 3), **FIRST)},
    ops.sum: reductions(),
    ops.mean: reductions(),
    ops.max: reductions(),
    ops.min: reductions(),
    ops.amax: reductions(),
    ops.amin: reductions(),
    ops.matmul: {
        "dense": sample((10,), x2=array(10, 7)),
        "sequence": sample((5, 10), x2=array(10, 7)),
        "pairs": sample((5, 10), (10, 3)),
        "heads": sample((2, 5, 10), (2, 10, 3)),
        "vector": sample((5, 10), x2=array(10)),
    },
}

ZOO: dict[Any, dict[str, Sample]] = {**LAYERS, **OPERATIONS}

ALIASES: dict[Any, Any] = {ops.abs: ops.absolute}
"""Functions whose calls Keras notes under another name."""


class Case(NamedTuple):
    """One sample of the zoo."""

    target: Any
    name: str

    @property
    def sample(self) -> Sample:
        return ZOO[self.target][self.name]

    def __str__(self) -> str:
        return f"{name_of(self.target)}-{self.name}"


def name_of(target: Any) -> str:
    return target.__name__ if isinstance(target, type) else f"ops.{target.__name__}"


def cases(zoo: Mapping[Any, Mapping[str, Sample]]) -> Iterator[Case]:
    return (Case(target, name) for target, samples in zoo.items() for name in samples)


@cache
def built(case: Case) -> keras.Model:
    """The small model of a case. Tests share it: an analysis leaves it as it was."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"You passed `rms_scaling=True`, which is deprecated")
        return assembled(case)


def assembled(case: Case) -> keras.Model:
    inputs = [keras.Input(shape, dtype=case.sample.input_dtype) for shape in case.sample.inputs]
    return keras.Model(inputs, applied(case.target, case.sample, inputs))


def applied(target: Any, entry: Sample, inputs: list[Any]) -> Any:
    given = [inputs] if entry.listed else inputs
    if isinstance(target, type):
        return target(**entry.arguments)(*given)
    return target(*given, **entry.arguments)


@cache
def analyzed(case: Case) -> cnnstats.Report:
    """The report of a case."""
    return cnnstats.analyze(built(case))
