"""Bad input: the error that Keras gives for its own layers, or a clearer one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import layers, ops

from keras_cnnstats import layers as reference
from tests.layers.running import numbers

CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "channels and groups": (
        lambda: reference.ReferenceConv2D(4, 3, groups=2).build((1, 5, 5, 3)),
        "input channels must be evenly divisible by the number of groups. Received groups=2, but the input has 3",
    ),
    "filters and groups": (
        lambda: reference.ReferenceConv2D(3, 3, groups=2),
        "number of filters must be evenly divisible by the number of groups. Received: groups=2, filters=3",
    ),
    "channels and blocks": (
        lambda: reference.PixelShuffle(2)(np.ones((1, 3, 3, 6))),
        "channels must be divisible by the square of `upscale_factor`. Received: upscale_factor=2, input shape (1, 3",
    ),
    "rows and blocks": (
        lambda: reference.PixelUnshuffle(2)(np.ones((1, 3, 4, 1))),
        "rows and columns must be divisible by `downscale_factor`. Received: downscale_factor=2, input shape (1, 3",
    ),
    "factor 0": (lambda: reference.PixelShuffle(0), "`upscale_factor` must be an integer of at least 1. Received: up"),
    "factor of a sub-pixel convolution": (
        lambda: reference.SubPixelConv2D(1, 3, upscale_factor=1.5),
        "`upscale_factor` must be an integer of at least 1. Received: upscale_factor=1.5",
    ),
    "window too large": (
        lambda: reference.ReferenceConv2D(1, 5)(np.ones((1, 4, 9, 1))),
        "the window is larger than the padded input: 5 taps with dilation 1 extend over 5 positions. Received: an",
    ),
    "window too large with dilation": (
        lambda: reference.ReferenceConv1D(1, 3, padding=1, dilation_rate=4)(np.ones((1, 6, 1))),
        "3 taps with dilation 4 extend over 9 positions. Received: an input of 6 positions, padding=1",
    ),
    "pooling window too large": (
        lambda: reference.ReferenceMaxPooling2D(3)(np.ones((1, 2, 2, 1))),
        "the window is larger than the padded input: 3 taps",
    ),
    "stride 0": (
        lambda: reference.ReferenceConv2D(1, 3, strides=0),
        "The `strides` argument must be a tuple of 2 integers. Received strides=0, including values {0}",
    ),
    "stride 0 of a pooling": (
        lambda: reference.ReferenceMaxPooling2D(2, strides=0),
        "`strides` must be at least 1. Received: strides=(0, 0)",
    ),
    "stride 0 of a transposed convolution": (
        lambda: reference.ReferenceConv2DTranspose(1, 3, strides=(1, 0)),
        "including values {0}",
    ),
    "negative padding": (
        lambda: reference.ReferenceConv2D(1, 3, padding=-1),
        "`padding` must be 'valid', 'same' (in 1-D also 'causal'), an integer of at least 0 for both sides",
    ),
    "fractional padding": (lambda: reference.ReferenceConv2D(1, 3, padding=0.5), "Received: padding=0.5"),
    "padding of another rank": (lambda: reference.ReferenceConv2D(1, 3, padding=(1, 1, 1)), "or a tuple of 2 of them"),
    "unknown padding": (lambda: reference.ReferenceConv2D(1, 3, padding="full"), "Received: full"),
    "causal padding in 2-D": (lambda: reference.ReferenceConv2D(1, 3, padding="causal"), "Received: causal"),
    "unknown padding of a pooling": (
        lambda: reference.ReferenceMaxPooling1D(2, padding="causal"),
        "`padding` must be 'valid', 'same' or integers. Received: padding='causal'",
    ),
    "padding of more than half a pooling window": (
        lambda: reference.ReferenceMaxPooling2D(2, padding=2),
        "`padding` must be at most half of `pool_size`",
    ),
    "strides with dilation": (
        lambda: reference.ReferenceConv2D(1, 3, strides=2, dilation_rate=2),
        "`strides > 1` not supported in conjunction with `dilation_rate > 1`",
    ),
    "output padding": (
        lambda: reference.ReferenceConv2DTranspose(1, 3, strides=2, output_padding=2),
        "`output_padding` must be strictly less than `strides`",
    ),
    "nothing left": (
        lambda: reference.ReferenceConv2DTranspose(1, 1, padding=1)(np.ones((1, 2, 2, 1))),
        "nothing is left of the output: 2 inputs with 1 taps make 0 positions",
    ),
    "factor of an upsampling": (
        lambda: reference.BicubicUpSampling2D((2, 0)),
        "`size` must be an integer of at least 1, or two of them. Received: size=(2, 0)",
    ),
    "padding of a block": (
        lambda: reference.DilatedBlock2D(1, padding="valid"),
        "`padding` must be 'same': the map keeps its size. Received: padding='valid'",
    ),
    "depth of a block": (lambda: reference.DilatedBlock1D(1, depth=0), "`depth` must be an integer of at least 1"),
    "mask of another shape": (
        lambda: reference.StableSoftmax()(np.ones((2, 3)), mask=np.ones((2, 4), bool)),
        "The `mask` must be broadcastable to the inputs",
    ),
    "rank": (lambda: reference.PixelShuffle(2)(np.ones((1, 3, 4))), "expected ndim=4, found ndim=3"),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is held against below)
        call()
    assert " ".join(message.split()) in " ".join(str(caught.value).split())


def test_even_kernel_with_same_padding_has_the_odd_position_behind_as_in_keras() -> None:
    x = np.arange(1.0, 5.0, dtype="float32").reshape(1, 4, 1)
    layer = reference.ReferenceConv1D(1, 2, padding="same", kernel_initializer="ones")
    assert numbers(layer(x))[0, :, 0].tolist() == [3, 5, 7, 4]


def test_integer_inputs_become_floats() -> None:
    x = np.arange(9).reshape(1, 3, 3, 1)
    layer = reference.ReferenceConv2D(1, 2, kernel_initializer="ones")
    assert numbers(layer(x))[0, ..., 0].tolist() == [[8, 12], [20, 24]]


def test_integer_inputs_of_a_pooling_stay_as_keras_has_them() -> None:
    x = ops.reshape(ops.arange(16, dtype="int32"), (1, 4, 4, 1))
    y = reference.ReferenceMaxPooling2D(2)(x)
    assert numbers(y)[0, ..., 0].tolist() == [[5, 7], [13, 15]]
    padded = reference.ReferenceMaxPooling2D(3, padding="same")(x)
    assert np.array_equal(numbers(padded), numbers(layers.MaxPooling2D(3, padding="same")(x)))


def test_stride_and_dilation_of_a_depthwise_convolution_go_together_as_in_keras() -> None:
    ours = reference.ReferenceDepthwiseConv2D(2, strides=2, dilation_rate=2)
    theirs = layers.DepthwiseConv2D(2, strides=2, dilation_rate=2)
    assert ours.compute_output_shape((1, 9, 7, 3)) == theirs.compute_output_shape((1, 9, 7, 3))
    assert tuple(ours(np.ones((1, 9, 7, 3), "float32")).shape) == (1, 4, 3, 3)
