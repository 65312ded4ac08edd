"""What is drawn: all kinds of models, small ones, and the same again from the same seed."""

from collections import Counter
from functools import cache
from math import prod
from random import Random

import keras
import pytest

from keras_cnnstats.testing import draw_architecture
from keras_cnnstats.testing.records import kinds_of, parts
from keras_cnnstats.testing.running import architecture_of

DRAWN = 300

FAMILIES = {
    "convolution": ("Conv1D", "Conv2D", "Conv3D"),
    "depthwise": ("DepthwiseConv1D", "DepthwiseConv2D"),
    "separable": ("SeparableConv1D", "SeparableConv2D"),
    "transposed": ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    "pooling": ("MaxPooling1D", "AveragePooling2D", "MaxPooling2D", "AveragePooling3D"),
    "global pooling": ("GlobalAveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling3D"),
    "adaptive pooling": ("AdaptiveAveragePooling1D", "AdaptiveMaxPooling2D"),
    "merging": ("Add", "Concatenate", "Multiply", "Maximum", "Average", "Subtract", "Minimum", "Dot"),
    "upsampling": ("UpSampling1D", "UpSampling2D", "UpSampling3D"),
    "resizing": ("Resizing",),
    "cropping": ("Cropping1D", "Cropping2D", "Cropping3D"),
    "zero padding": ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
    "shape": ("Reshape", "Permute", "Flatten", "RepeatVector"),
    "normalization": (
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
    ),
    "activation": ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    "dense": ("Dense", "EinsumDense"),
    "attention": ("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"),
    "embedding": ("Embedding",),
    "recurrence": ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "TimeDistributed"),
    "convolutional recurrence": ("ConvLSTM1D", "ConvLSTM2D"),
    "operations": ("ops.concatenate", "ops.transpose", "ops.mean", "ops.pad", "ops.matmul", "ops.einsum", "{} + {}"),
    "forms": ("functional model", "Sequential", "subclassed model", "subclassed layer"),
    "sharing": ("called again",),
}


@cache
def drawn():
    return tuple(architecture_of(0, number) for number in range(DRAWN))


@cache
def counted():
    return sum((kinds_of(architecture) for architecture in drawn()), Counter())


@pytest.mark.parametrize("family", FAMILIES)
def test_family_is_drawn(family):
    assert [name for name in FAMILIES[family] if not counted()[name]] == []


ARGUMENTS = {
    "strides": lambda value: value != 1,
    "dilation_rate": lambda value: value != 1,
    "groups": lambda value: value > 1,
    "padding": lambda value: value == "same",
    "data_format": lambda value: value == "channels_first",
    "trainable": lambda value: value is False,
    "use_bias": lambda value: value is False,
    "keepdims": bool,
    "return_sequences": bool,
    "mask_zero": bool,
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_argument_is_drawn(name):
    layers = [part for architecture in drawn() for part in parts(architecture) if hasattr(part, "name")]
    values = [dict(layer.arguments)[name] for layer in layers if name in dict(getattr(layer, "arguments", ()))]
    assert any(map(ARGUMENTS[name], values))


def test_models_have_several_inputs_and_outputs():
    assert {len(architecture.inputs) for architecture in drawn()} >= {1, 2}
    assert {len(architecture.outputs) for architecture in drawn()} >= {1, 2, 3}


def test_models_have_one_to_three_dimensions():
    assert {len(each.shape) for architecture in drawn() for each in architecture.inputs} == {1, 2, 3, 4}


def test_attention_is_causal_now_and_then():
    options = [name for architecture in drawn() for part in parts(architecture) for name in names_of_options(part)]
    assert "use_causal_mask" in options


def names_of_options(part):
    return [name for name, _ in getattr(part, "options", ())]


def test_mixed_precision_is_drawn():
    assert {architecture.dtype for architecture in drawn()} == {"", "mixed_bfloat16", "mixed_float16"}


def test_models_are_small():
    assert max(prod(each.shape) for architecture in drawn() for each in architecture.inputs) < 2_000


def test_the_same_seed_draws_the_same():
    assert draw_architecture(Random(5)) == draw_architecture(Random(5))


def test_models_of_a_run_differ():
    assert len(set(drawn())) == DRAWN


def test_drawing_leaves_names_alone():
    keras.utils.clear_session()
    draw_architecture(Random(0))
    assert keras.layers.Dense(1).name == "dense"
