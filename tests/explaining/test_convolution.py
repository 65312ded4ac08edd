"""The steps of a convolution add up, and end where Keras ends."""

import keras
import numpy as np
import pytest

from keras_cnnstats.explaining import ConvolutionExplanation, explain
from keras_cnnstats.layers import ReferenceConv2D
from tests.explaining.tables import some
from tests.layers.configurations import WITH_TWIN, arranged
from tests.layers.running import TOLERANCE, assert_close, weights_like

REFERENCE = some(WITH_TWIN, "Conv")

FIRST = keras.backend.backend() != "tensorflow"  # whose kernels are for channels last alone, on a processor
SHAPES = {1: (11, 4), 2: (9, 7, 4)}
KERAS = {
    "Conv1D": (1, {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "relu"}),
    "Conv2D": (2, {"filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same", "activation": "gelu"}),
    "Conv2D grouped": (2, {"filters": 6, "kernel_size": 3, "groups": 2}),
    "Conv2D softmax": (2, {"filters": 3, "kernel_size": 3, "activation": "softmax"}),
    "Conv2D without bias": (2, {"filters": 3, "kernel_size": 3, "use_bias": False}),
    "Conv1DTranspose": (1, {"filters": 3, "kernel_size": 4, "strides": 3, "padding": "same"}),
    "Conv2DTranspose": (2, {"filters": 3, "kernel_size": 3, "strides": 2, "activation": "tanh"}),
    "DepthwiseConv1D": (1, {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}),
    "DepthwiseConv2D": (2, {"kernel_size": 3, "depth_multiplier": 2, "strides": 2, "padding": "same"}),
    "SeparableConv1D": (1, {"filters": 5, "kernel_size": 3, "depth_multiplier": 2}),
    "SeparableConv2D": (2, {"filters": 5, "kernel_size": 3, "depth_multiplier": 3, "padding": "same"}),
}


def assert_steps(layer, image, channel, dtype="float64"):
    """The steps add up, and the last is what Keras makes of the image."""
    shown = explain(layer, image, channel=channel)
    assert isinstance(shown, ConvolutionExplanation)
    axis = 1 if layer.data_format == "channels_first" else -1
    expected = np.take(keras.ops.convert_to_numpy(layer(image[None])), channel, axis=axis)[0]
    assert_close(shown.output, expected, TOLERANCE[dtype])
    assert_close(shown.intermediates.sum(axis=-1) + shown.bias, shown.sum, 1e-14)
    if keras.activations.serialize(layer.activation) != "softmax":
        assert_close(keras.ops.convert_to_numpy(layer.activation(shown.sum)), shown.output, TOLERANCE[dtype])
    return shown


@pytest.mark.parametrize("row", REFERENCE, ids=str)
def test_steps_of_a_reference_layer(row):
    layer = row.built("float64")
    layer.set_weights(weights_like(layer, row.seed))
    assert_steps(layer, arranged(row.numbers(), row.data_format)[0], channel=1)


@pytest.mark.parametrize("data_format", ["channels_last", *["channels_first"] * FIRST])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", KERAS)
def test_steps_of_a_layer_of_keras(case, dtype, data_format):
    rank, arguments = KERAS[case]
    layer = getattr(keras.layers, case.split(" ", maxsplit=1)[0])(**arguments, dtype=dtype, data_format=data_format)
    image = np.random.default_rng(0).normal(size=SHAPES[rank])
    image = arranged(image[None], data_format)[0]
    layer.build((None, *image.shape))
    layer.set_weights(weights_like(layer, 1))
    assert_steps(layer, image, channel=2, dtype=dtype)


@pytest.mark.parametrize("case", [case for case in KERAS if "softmax" not in case])
def test_an_intermediate_is_what_its_channel_makes_alone(case):
    rank, arguments = KERAS[case]
    layer = getattr(keras.layers, case.split(" ", maxsplit=1)[0])(**arguments | {"activation": None}, dtype="float64")
    layer.build((None, *SHAPES[rank]))
    layer.set_weights(weights_like(layer, 1))
    image = np.random.default_rng(0).normal(size=SHAPES[rank])
    shown = explain(layer, image, channel=1)
    for place, number in enumerate(shown.channels):
        alone = np.where(np.arange(image.shape[-1]) == number, image, 0)
        expected = keras.ops.convert_to_numpy(layer(alone[None]))[0, ..., 1] - shown.bias
        assert_close(shown.intermediates[..., place], expected, 1e-10)


def test_shapes_of_the_worked_example():
    layer = ReferenceConv2D(2, 3, strides=2, padding=1)
    layer.build((None, 5, 5, 3))
    shown = explain(layer, np.ones((5, 5, 3)))
    assert shown.inputs.shape == (5, 5, 3)
    assert shown.kernels.shape == (3, 3, 3)
    assert shown.intermediates.shape == (3, 3, 3)
    assert shown.sum.shape == shown.output.shape == (3, 3)
    assert (shown.channels, shown.activation, shown.apart) == ((0, 1, 2), "linear", None)


def test_a_filter_of_a_group_sees_its_group():
    layer = keras.layers.Conv2D(6, 1, groups=3)
    layer.build((None, 2, 2, 6))
    assert [explain(layer, np.ones((2, 2, 6)), channel=channel).channels for channel in (1, 2)] == [(0, 1), (2, 3)]


def test_a_transposed_convolution_puts_zeros_between_the_inputs():
    layer = keras.layers.Conv2DTranspose(1, 3, strides=2, padding="same")
    layer.build((None, 2, 2, 1))
    layer.set_weights([np.arange(9.0).reshape(3, 3, 1, 1), np.zeros(1)])
    shown = explain(layer, np.array([[1, 2], [3, 4]]))
    assert shown.apart[..., 0].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 2, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 3, 0, 4, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert shown.kernels[..., 0].tolist() == [[8, 7, 6], [5, 4, 3], [2, 1, 0]]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_coarse_dtype_is_near(policy):
    layer = keras.layers.Conv2D(3, 3, activation="relu", dtype=policy)
    layer.build((None, 12, 12, 32))
    shown = explain(layer, np.random.default_rng(0).normal(size=(12, 12, 32)), channel=2)
    assert_close(np.maximum(shown.sum, 0), shown.output, 1e-2)


def test_a_layer_that_computes_something_else_has_no_steps():
    class Doubled(keras.layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return 2 * super().convolution_op(inputs, kernel)

    layer = Doubled(1, 3)
    layer.build((None, 5, 5, 1))
    shown = explain(layer, np.random.default_rng(0).normal(size=(5, 5)), position=(0, 0))
    assert not isinstance(shown, ConvolutionExplanation)
    assert shown.field == (0, 0, 2, 2)
