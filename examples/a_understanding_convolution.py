"""Lesson A, understanding convolution: filters, feature maps, sizes, parameters, FLOPs and receptive fields."""

import time

import keras
import numpy as np
from keras import ops
from lesson import (
    agree,
    analyzed,
    built,
    convolution_flops,
    convolution_parameters,
    difference,
    drawn,
    equal,
    grid,
    numbers,
    output_size,
    receptive_field,
    show,
    teach,
)
from numpy.typing import NDArray

import keras_cnnstats as cnnstats
from keras_cnnstats import layers


def photograph(size: int) -> NDArray[np.float32]:
    """An image with red, green and blue in [0, 1]: an orange sun over a blue hill."""
    y, x = np.mgrid[:size, :size] / (size - 1)
    sun = np.clip(8 * (0.3 - np.hypot(y - 0.35, x - 0.6)), 0, 1)
    hill = np.clip(8 * (y - 0.75 + 0.2 * np.sin(5 * x)), 0, 1)
    return np.stack([sun, 0.6 * sun + 0.1 * y, 0.8 * hill + 0.2 * y], axis=-1).clip(0, 1).astype("float32")


def a1() -> None:
    """A filter is a stack of kernels, one for each input channel, and makes one feature map.

    Each channel is convolved with its own kernel; the intermediate maps are summed, and one bias is added.
    """
    image, layer = photograph(16), layers.ReferenceConv2D(2, 3, activation="relu", bias_initializer="normal")
    built(layer, image.shape)
    maps = numbers(layer, image)
    agree("filters, and feature maps", 2, analyze=analyzed(image.shape, layer).rows[0].output_shape[-1], reference=2)
    for channel in range(2):
        shown = cnnstats.explain(layer, image, channel=channel)
        print(f"\n  filter {channel}")
        show("image", shown.inputs.shape)
        show("its kernels", shown.kernels.shape)
        show("intermediate maps", shown.intermediates.shape)
        agree("as many as input channels", 3, explain=shown.intermediates.shape[-1])
        equal("sum of the intermediates + one bias", shown.intermediates.sum(axis=-1) + shown.bias, shown.sum)
        equal("ReLU of it, and the feature map", np.maximum(shown.sum, 0), maps[..., channel])
    drawn(shown, "a1_convolution")


def a2() -> None:
    """The size of the output, and what is wrong with the lesson's formula.

    It prints (Input - k - 2*padding) / stride + 1. Padding makes the input larger, so that its sign is +, and a window
    that does not fit any more is left out, so that the quotient is rounded down.
    """
    n, k, s, p = 5, 3, 2, 1
    show("by the lesson", f"({n} - {k} - 2*{p}) / {s} + 1 = {(n - k - 2 * p) / s + 1:g}, which is wrong")
    layer = layers.ReferenceConv2D(1, k, strides=s, padding=p)
    of_keras = analyzed((n, n, 1), keras.layers.ZeroPadding2D(p), keras.layers.Conv2D(1, k, strides=s))
    agree(
        "right",
        3,
        output_size(n, k, s, p),
        reference=numbers(layer, np.ones((n, n, 1))).shape[0],
        keras=of_keras.rows[-1].output_shape[1],
        analyze=analyzed((n, n, 1), layer).rows[0].output_shape[1],
    )
    assert (n - k - 2 * p) / s + 1 == 1


def a3() -> None:
    """The parameters of 10 filters of 3x3 over RGB are 280, whatever the image's size."""
    for shape in ((64, 64, 3), (13, 7, 3)):
        print(f"  images of {shape[0]} x {shape[1]}")
        layer = layers.ReferenceConv2D(10, 3)
        agree(
            "parameters",
            280,
            convolution_parameters(3, 3, 10),
            analyze=analyzed(shape, layer).totals.params,
            reference=layer.count_params(),
            keras=built(keras.layers.Conv2D(10, 3), shape).count_params(),
        )


def a4() -> None:
    """FLOPs are an amount of work, FLOPS (all capitals) are a speed: operations in a second."""
    shape = (12, 12, 3)
    for bias in (True, False):
        layer = layers.ReferenceConv2D(10, 3, use_bias=bias)
        formula = convolution_flops(3, 3, 10, 10, 10, bias)
        agree(
            "FLOPs with bias" if bias else "FLOPs without bias",
            formula.value,
            formula,
            counted=cnnstats.count_operations(layer, shape).flops,
            analyze=analyzed(shape, layer).totals.flops,
        )
    images = ops.ones((64, *shape))
    layer(images)
    start = time.perf_counter()
    ops.convert_to_numpy(layer(images))
    seconds = time.perf_counter() - start
    work = 64 * formula.value
    show("64 images, an amount", f"{work:,} FLOPs, the same on each machine")
    show("on this one, a speed", f"{work / seconds / 1e9:.2g} GFLOPS, another one at each run")


def a5() -> None:
    """What one filter sees, and why a non-linearity follows it.

    Behind one convolution 3x3 an output sees 3 positions on each axis, behind two it sees 5. Without anything between
    them, two convolutions are no more than a single larger one. ReLU between them makes the difference.
    """
    image = photograph(16)
    stack = [layers.ReferenceConv2D(4, 3, name="first"), layers.ReferenceConv2D(1, 3, use_bias=False, name="second")]
    model = keras.Sequential([keras.Input(image.shape), *stack])
    report = cnnstats.analyze(model)
    agree("seen behind the first", 3, receptive_field(1, 3, 1), analyze=report["first"].receptive_field[0])
    agree("seen behind the second", 5, receptive_field(3, 3, 1), analyze=report["second"].receptive_field[0])
    shown = cnnstats.explain(model, image, layer="second", position=(7, 4))
    agree("rows that output (7, 4) sees", 5, explain=shown.field.height)
    drawn(shown, "a5_receptive_field")

    first, second = stack
    single = keras.layers.Conv2D(1, 5, use_bias=False)
    built(single, image.shape, merged(first.kernel, second.kernel))
    equal("two in a row, and one of 5x5", numbers(model, image), numbers(single, image))
    first.activation = keras.activations.relu
    bent = difference(numbers(keras.Sequential([first, second]), image), numbers(single, image))
    assert bent > 0.01
    show("with ReLU between them", f"not equal any more: they part by {bent:.2g}")
    grid("the kernel of the single one, red", np.asarray(ops.convert_to_numpy(single.kernel))[:, :, 0, 0])


def merged(first: object, second: object) -> NDArray[np.float64]:
    """The kernel of the one convolution that two in a row are: each pair of taps lands on the sum of their places."""
    one, other = (np.asarray(ops.convert_to_numpy(kernel), float) for kernel in (first, second))
    size = one.shape[0] + other.shape[0] - 1
    kernel = np.zeros((size, size, one.shape[2], other.shape[3]))
    for i, j in np.ndindex(*other.shape[:2]):
        kernel[i : i + one.shape[0], j : j + one.shape[1]] += one @ other[i, j]
    return kernel


if __name__ == "__main__":
    teach("A  Understanding convolution", a1, a2, a3, a4, a5)
