"""The documents' worked examples, and the gradients of poolings, by hand."""

from typing import Any

import numpy as np
import pytest
from keras import layers, ops

from keras_cnnstats.layers import (
    BicubicUpSampling2D,
    PixelShuffle,
    PixelUnshuffle,
    ReferenceAveragePooling2D,
    ReferenceConv2D,
    ReferenceConv2DTranspose,
    ReferenceMaxPooling2D,
    StableSoftmax,
    SubPixelConv2D,
)
from tests.layers.running import numbers, run


def by_loops(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """The convolution of one image, product by product."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    size, filters = kernel.shape[0], kernel.shape[-1]
    outputs = (x.shape[0] - size) // stride + 1
    y = np.zeros((outputs, outputs, filters))
    for i, j, f in np.ndindex(*y.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size]
        y[i, j, f] = sum(a * b for a, b in zip(window.ravel(), kernel[..., f].ravel(), strict=True)) + bias[f]
    return y


def test_two_filters_over_five_rows_and_columns_with_stride_two_and_padding_one() -> None:
    x = np.random.default_rng(0).integers(0, 3, size=(5, 5, 3)).astype("float64")
    kernel = np.random.default_rng(1).integers(-1, 2, size=(3, 3, 3, 2)).astype("float64")
    layer = ReferenceConv2D(2, 3, strides=2, padding=1, dtype="float64")
    layer.build((1, 5, 5, 3))
    layer.set_weights([kernel, np.array([1.0, 0.0])])
    y = numbers(layer(ops.convert_to_tensor(x[None], "float64")))[0]
    assert y.shape == (3, 3, 2)  # (5 - 3 + 2) / 2 + 1 = 3
    assert np.array_equal(y, by_loops(x, kernel, np.array([1.0, 0.0]), stride=2, padding=1))


def test_transposed_convolution_restores_the_size_and_not_the_values() -> None:
    layer = ReferenceConv2DTranspose(1, 3, strides=2, padding=1, use_bias=False)
    layer.build((1, 3, 3, 1))
    layer.set_weights([np.ones((3, 3, 1, 1))])
    x = np.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    y = numbers(layer(ops.convert_to_tensor(x, "float32")))[0, ..., 0]
    # Between two inputs stands their sum, between four the sum of the four.
    expected = [
        [1, 3, 2, 5, 3],
        [5, 12, 7, 16, 9],
        [4, 9, 5, 11, 6],
        [11, 24, 13, 28, 15],
        [7, 15, 8, 17, 9],
    ]
    assert np.array_equal(y, expected)


def test_bicubic_with_aligned_corners_keeps_the_corners_and_a_constant() -> None:
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    y = numbers(BicubicUpSampling2D(2, align_corners=True, dtype="float64")(ops.convert_to_tensor(x, "float64")))
    assert np.allclose(y[0, [0, 0, -1, -1], [0, -1, 0, -1], 0], [0, 2, 6, 8])
    ones = numbers(BicubicUpSampling2D(3, dtype="float64")(ops.ones((1, 3, 4, 2), "float64")))
    assert np.allclose(ones, 1.0, atol=1e-12)


def test_pixel_shuffle_takes_the_channels_in_the_order_of_torch() -> None:
    x = np.arange(8.0).reshape(1, 1, 1, 8)
    y = numbers(PixelShuffle(2)(ops.convert_to_tensor(x, "float32")))[0]
    assert y[..., 0].tolist() == [[0, 1], [2, 3]]
    assert y[..., 1].tolist() == [[4, 5], [6, 7]]
    keras_order = numbers(ops.depth_to_space(ops.convert_to_tensor(x, "float32"), 2))[0]
    assert keras_order[..., 0].tolist() == [[0, 2], [4, 6]]


def test_pixel_unshuffle_is_the_way_back() -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 18))
    there = PixelShuffle(3)(ops.convert_to_tensor(x, "float32"))
    assert np.array_equal(numbers(PixelUnshuffle(3)(there)), np.float32(x))


def test_super_resolution_network_has_the_shapes_of_the_document() -> None:
    layer = SubPixelConv2D(1, 3, upscale_factor=3, padding=1)
    assert layer.compute_output_shape((None, 17, 17, 32)) == (None, 51, 51, 1)
    layer.build((None, None, None, 32))
    assert tuple(layer.kernel.shape) == (3, 3, 32, 9)


def back(layer: Any, x: Any, gradient: Any) -> np.ndarray:
    """What comes back to the input of a pooling."""
    return run(layer, np.array(x, float)[None, ..., None], np.array(gradient, float)[None, ..., None]).gradients[0][
        0, ..., 0
    ]


FOUR = np.arange(16.0).reshape(4, 4)


def test_mean_gives_each_input_of_a_window_its_share() -> None:
    gradient = back(ReferenceAveragePooling2D(2), FOUR, [[1, 2], [3, 4]])
    assert np.array_equal(gradient, np.kron([[1, 2], [3, 4]], np.full((2, 2), 1 / 4)))


def test_maximum_gives_all_to_the_largest() -> None:
    gradient = back(ReferenceMaxPooling2D(2), FOUR, [[1, 2], [3, 4]])
    assert np.array_equal(gradient, np.kron([[1, 2], [3, 4]], [[0, 0], [0, 1]]))


def test_overlapping_windows_add_up() -> None:
    shares = back(ReferenceAveragePooling2D(3, strides=1), FOUR, np.full((2, 2), 9.0))
    assert np.array_equal(shares, [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]])
    peak = np.zeros((3, 3))
    peak[1, 1] = 1
    assert back(ReferenceMaxPooling2D(2, strides=1), peak, np.ones((2, 2)))[1, 1] == 4


def test_the_first_of_several_largest_gets_all() -> None:
    assert back(ReferenceMaxPooling2D(2), np.zeros((2, 2)), [[1]]).tolist() == [[1, 0], [0, 0]]
    assert back(ReferenceMaxPooling2D(2), [[0, 5], [5, 5]], [[1]]).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("padding", ["valid", "same", 1])
@pytest.mark.parametrize("pooling", [ReferenceMaxPooling2D, ReferenceAveragePooling2D])
def test_the_sum_of_the_gradient_is_kept(pooling: Any, padding: Any) -> None:
    layer = pooling(3, strides=2, padding=padding)
    x = np.random.default_rng(0).permutation(63).reshape(9, 7)
    gradient = np.ones(layer.compute_output_shape((1, 9, 7, 1))[1:3])
    assert back(layer, x, gradient).sum() == pytest.approx(gradient.sum())


def test_mean_leaves_padding_out() -> None:
    y = numbers(ReferenceAveragePooling2D(2, padding=1)(ops.ones((1, 2, 2, 1))))
    assert np.array_equal(y[0, ..., 0], np.ones((2, 2)))


def test_maximum_never_takes_padding() -> None:
    y = numbers(ReferenceMaxPooling2D(2, padding=1)(-ops.ones((1, 2, 2, 1))))
    assert np.array_equal(y[0, ..., 0], -np.ones((2, 2)))


def test_maximum_does_not_change_when_the_largest_moves_inside_its_window() -> None:
    one = np.zeros((1, 4, 4, 1), "float32")
    one[0, 0, 0] = 1
    moved = np.roll(one, 1, axis=2)
    layer = ReferenceMaxPooling2D(2)
    assert np.array_equal(numbers(layer(one)), numbers(layer(moved)))


def test_softmax_of_large_numbers_is_finite() -> None:
    shares = numbers(StableSoftmax()(ops.array([[1e4, 1e4, -1e4]])))
    assert np.array_equal(shares, [[0.5, 0.5, 0.0]])


@pytest.mark.parametrize(
    "mask", [[[True, False, True], [False, False, False]], [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]], ids=["bool", "float"]
)
def test_masked_softmax_is_that_of_keras(mask: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    kept = ops.array(mask)
    assert np.allclose(numbers(StableSoftmax()(x, mask=kept)), numbers(layers.Softmax()(x, mask=kept)), atol=1e-7)
