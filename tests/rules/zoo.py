"""The zoo: for each layer class and each function of `keras.ops` that has a rule, small models that have it in them.

A sample is data: what goes in and with which arguments. Whoever adds a rule adds an entry here, and every test that
crosses the zoo (invariants, TensorFlow's own count) then runs on it. The sizes are odd and differ from axis to axis, so
that a formula with two of them mixed up gives another number.
"""

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

import keras_cnnstats as cnnstats
from keras_cnnstats import layers as reference

Shape = tuple[int | None, ...]


class Sample(NamedTuple):
    """What a layer is built with, or a function called with.

    Attributes:
        inputs: shapes of the inputs, without the batch axis.
        arguments: arguments of the layer, or of the function behind the inputs.
        listed: whether the inputs are given as one list.
        input_dtype: dtype of the inputs.
        states: whether the inputs behind the first are given as one list: the states of a cell.
        leading: what a function takes before the inputs.
        called: arguments of the layer's call, behind the inputs.
    """

    inputs: tuple[Shape, ...]
    arguments: Mapping[str, Any]
    listed: bool = False
    input_dtype: str = "float32"
    states: bool = False
    leading: tuple[Any, ...] = ()
    called: Mapping[str, Any] = MappingProxyType({})


def sample(
    *inputs: Shape,
    listed: bool = False,
    input_dtype: str = "float32",
    states: bool = False,
    leading: tuple[Any, ...] = (),
    called: Mapping[str, Any] = MappingProxyType({}),
    **arguments: Any,
) -> Sample:
    return Sample(inputs, arguments, listed, input_dtype, states, leading, called)


def array(*shape: int) -> np.ndarray:
    return np.ones(shape, "float32")


LINE, MAP, VOLUME = (11, 4), (9, 7, 4), (7, 6, 5, 4)
"""A map of 4 channels in one, two and three dimensions."""

LINE_FIRST, MAP_FIRST, VOLUME_FIRST = (4, 11), (4, 9, 7), (4, 7, 6, 5)
"""The same with the channels in front."""

SEQUENCE, FRAMES = (5, 10), (3, 9, 7, 4)
"""Vectors of 10 values, and maps of 4 channels, one for each step."""

HEADS = (5, 2, 8)
"""Positions, heads, values of a head."""

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


RECURRENT: dict[str, dict[str, Any]] = {
    "last": {},
    "sequences": {"return_sequences": True},
    "state": {"return_state": True},
    "no_bias": {"use_bias": False},
    "activated": {"activation": "relu"},
    "backwards": {"go_backwards": True, "return_sequences": True},
}
GATED = RECURRENT | {
    "hard": {"recurrent_activation": "hard_sigmoid", "activation": "softsign"},
}
CONVOLUTIONAL_LSTM: dict[str, dict[str, Any]] = {
    "valid": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 2, "strides": 2, "padding": "same"},
    "no_bias": {"kernel_size": 3, "use_bias": False},
    "sequences": {"kernel_size": 3, "return_sequences": True},
    "hard": {"kernel_size": 1, "recurrent_activation": "hard_sigmoid", "activation": "relu"},
}


def bidirectional() -> dict[str, Sample]:
    """An LSTM in both directions, merged in each way, and other layers."""
    modes = ("concat", "sum", "mul", "ave", None)
    return {
        **{f"merged_{mode}": sample(SEQUENCE, layer=layers.LSTM(6), merge_mode=mode) for mode in modes},
        "sequences": sample(SEQUENCE, layer=layers.GRU(6, return_sequences=True), merge_mode="sum"),
        "two_layers": sample(SEQUENCE, layer=layers.LSTM(6), backward_layer=layers.LSTM(6, go_backwards=True)),
        "plain": sample(SEQUENCE, layer=layers.SimpleRNN(6)),
    }


def cell(*states: int, **arguments: Any) -> Sample:
    return sample((10,), *((size,) for size in states), states=True, **arguments)


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
    # Attention
    layers.MultiHeadAttention: {
        "self": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3),
        "cross": sample(SEQUENCE, (7, 6), num_heads=2, key_dim=3),
        "key": sample(SEQUENCE, (7, 6), (7, 9), num_heads=2, key_dim=3),
        "value_dim": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, value_dim=4),
        "output_shape": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, value_dim=4, output_shape=7),
        "output_axes": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, output_shape=(4, 7)),
        "no_bias": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, use_bias=False),
        "one_head": sample(SEQUENCE, SEQUENCE, num_heads=1, key_dim=3),
        "causal": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, called={"use_causal_mask": True}),
        "masked": sample(SEQUENCE, (7, 6), num_heads=2, key_dim=3, called={"attention_mask": array(1, 5, 7)}),
        "scores": sample(SEQUENCE, (7, 6), num_heads=2, key_dim=3, called={"return_attention_scores": True}),
        "map": sample(MAP, MAP, num_heads=2, key_dim=3),
        "rows": sample(MAP, MAP, num_heads=2, key_dim=3, attention_axes=(1,)),
        "columns": sample(MAP, MAP, num_heads=2, key_dim=3, attention_axes=(2,)),
        "gate": sample(SEQUENCE, (7, 6), num_heads=2, key_dim=3, value_dim=4, use_gate=True),
        "gate_no_bias": sample(SEQUENCE, SEQUENCE, num_heads=2, key_dim=3, use_gate=True, use_bias=False),
    },
    layers.GroupQueryAttention: {
        "shared": sample(SEQUENCE, SEQUENCE, head_dim=3, num_query_heads=4, num_key_value_heads=2),
        "all_shared": sample(SEQUENCE, SEQUENCE, head_dim=3, num_query_heads=4, num_key_value_heads=1),
        "own": sample(SEQUENCE, SEQUENCE, head_dim=3, num_query_heads=4, num_key_value_heads=4),
        "gate": sample(SEQUENCE, (7, 10), head_dim=3, num_query_heads=4, num_key_value_heads=2, use_gate=True),
        "cross": sample(SEQUENCE, (7, 10), head_dim=3, num_query_heads=4, num_key_value_heads=2),
        "key": sample(SEQUENCE, (7, 10), (7, 10), head_dim=3, num_query_heads=4, num_key_value_heads=2),
        "no_bias": sample(SEQUENCE, SEQUENCE, head_dim=3, num_query_heads=4, num_key_value_heads=2, use_bias=False),
        "causal": sample(
            SEQUENCE, SEQUENCE, head_dim=3, num_query_heads=4, num_key_value_heads=2, called={"use_causal_mask": True}
        ),
    },
    layers.Attention: {
        "self": sample(SEQUENCE, SEQUENCE, listed=True),
        "cross": sample(SEQUENCE, (7, 10), listed=True),
        "key": sample(SEQUENCE, (7, 6), (7, 10), listed=True),
        "scale": sample(SEQUENCE, (7, 10), listed=True, use_scale=True),
        "causal": sample(SEQUENCE, SEQUENCE, listed=True, called={"use_causal_mask": True}),
        "concat": sample(SEQUENCE, (7, 10), listed=True, score_mode="concat"),
        "concat_scale": sample(SEQUENCE, (7, 10), listed=True, score_mode="concat", use_scale=True),
    },
    layers.AdditiveAttention: {
        "scale": sample(SEQUENCE, (7, 10), listed=True),
        "bare": sample(SEQUENCE, (7, 10), listed=True, use_scale=False),
        "key": sample(SEQUENCE, (7, 6), (7, 10), listed=True),
        "causal": sample(SEQUENCE, SEQUENCE, listed=True, called={"use_causal_mask": True}),
    },
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
        "ellipsis_behind": sample((3, 5, 2), equation="bc...,cd->bd...", output_shape=7),
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
        "renormalized": sample(MAP, renorm=True),
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
        "against_aliasing": sample(MAP, height=3, width=12, antialias=True),
    },
    # Recurrence
    layers.SimpleRNN: variants(SEQUENCE, RECURRENT, units=6),
    layers.LSTM: variants(SEQUENCE, GATED, units=6),
    layers.GRU: {
        **variants(SEQUENCE, GATED, units=6),
        "reset_before": sample(SEQUENCE, units=6, reset_after=False),
        "reset_before_no_bias": sample(SEQUENCE, units=6, reset_after=False, use_bias=False),
    },
    layers.SimpleRNNCell: {"step": cell(6, units=6), "no_bias": cell(6, units=6, use_bias=False)},
    layers.LSTMCell: {"step": cell(6, 6, units=6), "no_bias": cell(6, 6, units=6, use_bias=False)},
    layers.GRUCell: {
        "reset_after": cell(6, units=6),
        "reset_before": cell(6, units=6, reset_after=False),
        "no_bias": cell(6, units=6, use_bias=False),
    },
    layers.RNN: {
        "plain": sample(SEQUENCE, cell=layers.SimpleRNNCell(6)),
        "lstm": sample(SEQUENCE, cell=layers.LSTMCell(6), return_sequences=True),
        "gru": sample(SEQUENCE, cell=layers.GRUCell(6)),
        "list": sample(SEQUENCE, cell=[layers.LSTMCell(6), layers.GRUCell(7)]),
        "stacked": sample(SEQUENCE, cell=layers.StackedRNNCells([layers.GRUCell(6), layers.SimpleRNNCell(7)])),
    },
    layers.StackedRNNCells: {"two": cell(6, 7, cells=[layers.GRUCell(6), layers.SimpleRNNCell(7)])},
    layers.Bidirectional: bidirectional(),
    layers.TimeDistributed: {
        "dense": sample(SEQUENCE, layer=layers.Dense(7)),
        "map_dense": sample(FRAMES, layer=layers.Dense(7, activation="relu")),
        "convolution": sample(FRAMES, layer=layers.Conv2D(6, 3, strides=2, padding="same")),
        "depthwise": sample(FRAMES, layer=layers.DepthwiseConv2D(3)),
        "pooling": sample(FRAMES, layer=layers.MaxPooling2D(2)),
        "global_pooling": sample(FRAMES, layer=layers.GlobalAveragePooling2D()),
        "flatten": sample(FRAMES, layer=layers.Flatten()),
        "normalization": sample(FRAMES, layer=layers.BatchNormalization()),
        "layer_normalization": sample(FRAMES, layer=layers.LayerNormalization(axis=(1, 2, 3))),
        "enlarged": sample(FRAMES, layer=layers.UpSampling2D(2)),
        "turned": sample(FRAMES, layer=layers.Permute((2, 1, 3))),
        "activation": sample(FRAMES, layer=layers.ReLU()),
        "channels_first": sample((3, *MAP_FIRST), layer=layers.Conv2D(6, 3, strides=2, **FIRST)),
    },
    layers.ConvLSTM1D: variants((3, *LINE), CONVOLUTIONAL_LSTM, filters=6),
    layers.ConvLSTM2D: {
        **variants(FRAMES, CONVOLUTIONAL_LSTM, filters=6),
        "oblong": sample(FRAMES, filters=6, kernel_size=(1, 3), strides=(2, 1), padding="same"),
        "dilated": sample(FRAMES, filters=6, kernel_size=3, dilation_rate=2),
        "channels_first": sample((3, *MAP_FIRST), filters=6, kernel_size=3, **FIRST),
    },
    layers.ConvLSTM3D: {
        "valid": sample((2, *VOLUME), filters=3, kernel_size=2),
        "same": sample((2, *VOLUME), filters=3, kernel_size=2, padding="same", return_sequences=True),
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
    # Products of maps
    ops.matmul: {
        "dense": sample((10,), x2=array(10, 7)),
        "sequence": sample((5, 10), x2=array(10, 7)),
        "pairs": sample((5, 10), (10, 3)),
        "heads": sample((2, 5, 10), (2, 10, 3)),
        "vector": sample((5, 10), x2=array(10)),
    },
    ops.dot: {"dense": sample((10,), x2=array(10, 7)), "vector": sample((5, 10), x2=array(10))},
    ops.inner: {"dense": sample((10,), x2=array(7, 10)), "vector": sample((5, 10), x2=array(10))},
    ops.einsum: {
        "pairs": sample((5, 10), (3, 10), leading=("btc,bsc->bts",)),
        "scores": sample(HEADS, HEADS, leading=("btnh,bsnh->bnts",)),
        "values": sample((2, 5, 7), (7, 2, 8), leading=("bnts,bsnh->btnh",)),
        "ellipsis": sample((2, 5, 10), (2, 3, 10), leading=("...tc,...sc->...ts",)),
        "repeated": sample((1, 5, 10), (2, 10, 3), leading=("...ij,...jk->...ik",)),
    },
    ops.dot_product_attention: {
        "self": sample(HEADS, HEADS, HEADS),
        "cross": sample(HEADS, (7, 2, 8), (7, 2, 8)),
        "causal": sample(HEADS, HEADS, HEADS, is_causal=True),
        "bias": sample(HEADS, HEADS, HEADS, bias=array(1, 2, 5, 5)),
        "mask": sample(HEADS, HEADS, HEADS, mask=array(1, 2, 5, 5) > 0),
    },
    # Values that move
    ops.swapaxes: unary(axis1=1, axis2=-1),
    ops.moveaxis: {"one": sample(MAP, source=1, destination=-1), "two": sample(MAP, source=(1, 2), destination=(2, 3))},
    ops.broadcast_to: {"map": sample((1, 1, 4), shape=(1, 9, 7, 4))},
    ops.full_like: unary(fill_value=2.0),
    ops.ones_like: unary(),
    ops.zeros_like: unary(),
    ops.split: {
        "parts": sample(MAP, indices_or_sections=2, axis=-1),
        "places": sample(MAP, indices_or_sections=[2, 5], axis=1),
    },
    ops.roll: {"rows": sample(MAP, shift=2, axis=1), "positions": sample(MAP, shift=(2, 1), axis=(1, 2))},
    ops.flip: {"rows": sample(MAP, axis=1), "positions": sample(MAP, axis=(1, 2))},
    ops.repeat: {"rows": sample(MAP, repeats=3, axis=1)},
    ops.take: {"rows": sample(MAP, indices=np.array([0, 2, 5]), axis=1)},
    ops.take_along_axis: {"rows": sample(MAP, indices=np.zeros((1, 3, 7, 4), "int32"), axis=1)},
    ops.get_item: {
        "token": sample(SEQUENCE, key=(slice(None), 0)),
        "rows": sample(MAP, key=(slice(None), slice(1, 5), ..., slice(None, None, 2))),
        "new_axis": sample(SEQUENCE, key=(slice(None), None)),
    },
    ops.stack: {"front": sample(MAP, MAP, listed=True, axis=1), "back": sample(MAP, MAP, listed=True, axis=-1)},
    ops.unstack: {"channels": sample(MAP, num=4, axis=-1)},
    ops.tile: unary(repeats=(1, 2, 1, 3)),
    ops.slice: unary(start_indices=(0, 1, 2, 0), shape=(1, 3, 4, 4)),
    ops.pad: {
        "zeros": sample(MAP, pad_width=((0, 0), (1, 2), (0, 1), (0, 0))),
        "mirrored": sample(MAP, pad_width=((0, 0), (1, 2), (0, 1), (0, 0)), mode="reflect"),
        "nothing": sample(MAP, pad_width=((0, 0),) * 4),
    },
    ops.triu: {"scores": sample((5, 5)), "above": sample((5, 5), k=1)},
    ops.tril: {"scores": sample((5, 5)), "below": sample((5, 5), k=-1)},
    # Values that are chosen
    ops.where: {"maps": sample(MAP, MAP, MAP), "fixed": sample(MAP, MAP, x2=0.0)},
    ops.logical_and: binary(),
    ops.logical_or: binary(),
    ops.logical_not: unary(),
    ops.one_hot: {"tokens": sample((8,), num_classes=5, input_dtype="int32")},
}

REFERENCE: dict[Any, dict[str, Sample]] = {
    reference.ReferenceConv1D: {
        **variants(LINE, CONVOLUTIONS | GROUPED, filters=6),
        "causal": sample(LINE, filters=6, kernel_size=3, padding="causal", dilation_rate=2),
        "channels_first": sample(LINE_FIRST, filters=6, kernel_size=3, padding="same", **FIRST),
    },
    reference.ReferenceConv2D: variants(MAP, CONVOLUTIONS | GROUPED, filters=6),
    reference.ReferenceConv3D: variants(VOLUME, CONVOLUTIONS | GROUPED, filters=6),
    reference.ReferenceDepthwiseConv2D: {
        **variants(MAP, CONVOLUTIONS),
        "multiplier": sample(MAP, kernel_size=3, depth_multiplier=2),
    },
    reference.ReferenceSeparableConv2D: {
        **variants(MAP, CONVOLUTIONS, filters=6),
        "multiplier": sample(MAP, filters=6, kernel_size=3, depth_multiplier=2),
    },
    reference.ReferenceConv2DTranspose: variants(MAP, TRANSPOSED, filters=6),
    reference.ReferenceMaxPooling1D: variants(LINE, POOLINGS),
    reference.ReferenceMaxPooling2D: variants(MAP, POOLINGS),
    reference.ReferenceMaxPooling3D: variants(VOLUME, POOLINGS),
    reference.ReferenceAveragePooling1D: variants(LINE, POOLINGS),
    reference.ReferenceAveragePooling2D: variants(MAP, POOLINGS),
    reference.ReferenceAveragePooling3D: variants(VOLUME, POOLINGS),
    reference.StableSoftmax: {"channels": sample(MAP), "positions": sample(MAP, axis=(1, 2))},
    reference.PixelShuffle: {"double": sample(MAP, upscale_factor=2)},
    reference.PixelUnshuffle: {"half": sample((8, 6, 4), downscale_factor=2)},
    reference.SubPixelConv2D: {"triple": sample(MAP, filters=2, kernel_size=3, upscale_factor=3, activation="relu")},
    reference.BicubicUpSampling2D: {
        "double": sample(MAP, size=2),
        "aligned": sample(MAP, size=(2, 3), align_corners=True),
    },
    reference.DilatedBlock1D: {"causal": sample(LINE, filters=6, padding="causal")},
    reference.DilatedBlock2D: {"same": sample(MAP, filters=6, kernel_size=(3, 2), depth=3)},
}
"""The reference layers; their own tests hold them against the layers of Keras, row by row."""

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
    if isinstance(target, type):
        return called(target(**entry.arguments), entry, inputs)
    return target(*entry.leading, *given(entry, inputs), **entry.arguments)


def called(layer: Any, entry: Sample, inputs: list[Any]) -> Any:
    return layer(*given(entry, inputs), **entry.called)


def given(entry: Sample, inputs: list[Any]) -> list[Any]:
    if entry.states:
        return [inputs[0], inputs[1:]]
    return [inputs] if entry.listed else inputs


@cache
def analyzed(case: Case) -> cnnstats.Report:
    """The report of a case."""
    return cnnstats.analyze(built(case))
