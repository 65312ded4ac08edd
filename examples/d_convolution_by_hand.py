"""Lesson D, convolution by hand: the formulas, upsampling in three ways, softmax, and a training loop."""

from typing import Any

import keras
import numpy as np
from keras import ops
from lesson import (
    Formula,
    agree,
    analyzed,
    built,
    convolution_flops,
    convolution_parameters,
    dense_flops,
    dense_parameters,
    equal,
    grid,
    numbers,
    output_size,
    receptive_field,
    show,
    teach,
    with_gradients,
)
from numpy.typing import NDArray
from train_espcn import network

import keras_cnnstats as cnnstats
from keras_cnnstats import layers

Image = NDArray[np.float64]
STEPS = 40


def d1() -> None:
    """The formulas: output size, parameters, FLOPs and receptive field, each held against what layers really do."""
    print("  a convolution of 5 x 5, stride 2, padding 1, over 11 x 11 x 3, with 4 filters")
    for bias in (True, False):
        convolution = layers.ReferenceConv2D(4, 5, strides=2, padding=1, use_bias=bias)
        parameters, flops = convolution_parameters(5, 3, 4, bias), convolution_flops(5, 3, 4, 5, 5, bias)
        against_formulas(convolution, (11, 11, 3), parameters, flops)
    row = analyzed((11, 11, 3), convolution).rows[0]
    agree("rows and columns", 5, output_size(11, 5, 2, 1), analyze=row.output_shape[1])
    same = analyzed((11, 11, 3), layers.ReferenceConv2D(4, 5, padding="same")).rows[0]
    agree("with 'same', where the stride is 1", 11, output_size(11, 5, 1, 2), analyze=same.output_shape[1])

    print("\n  a dense layer from 100 to 10")
    for bias in (True, False):
        dense = keras.layers.Dense(10, use_bias=bias)
        against_formulas(dense, (100,), dense_parameters(100, 10, bias), dense_flops(100, 10, bias))

    print("\n  what an output sees: RF before + (k - 1) * strides of all layers before")
    stack = {
        "3x3": (layers.ReferenceConv2D(4, 3), 3, 1),
        "3x3, stride 2": (layers.ReferenceConv2D(4, 3, strides=2), 3, 2),
        "max pooling 2x2": (layers.ReferenceMaxPooling2D(2), 2, 2),
        "5x5": (layers.ReferenceConv2D(4, 5), 5, 1),
    }
    rows = analyzed((64, 64, 3), *(layer for layer, _, _ in stack.values())).rows
    before, strides = 1, 1
    for (name, (_, k, stride)), row, figure in zip(stack.items(), rows, (3, 5, 7, 23), strict=True):
        agree(name, figure, receptive_field(before, k, strides), analyze=row.receptive_field[0])
        before, strides = figure, strides * stride


def against_formulas(layer: Any, shape: tuple[int, ...], parameters: Formula, flops: Formula) -> None:
    """Counts a layer's parameters, and its operations one by one."""
    with_bias = "with bias" if layer.use_bias else "without bias"
    totals = analyzed(shape, layer).totals
    counted = cnnstats.count_operations(layer, shape).flops
    agree(f"parameters {with_bias}", parameters.value, parameters, keras=layer.count_params(), analyze=totals.params)
    agree(f"FLOPs {with_bias}", flops.value, flops, counted=counted, analyze=totals.flops)


def d2() -> None:
    """Upsampling in three ways: bicubic, by transposed convolution, and sub-pixel.

    Bicubic takes the 4x4 = 16 nearest known values. A transposed convolution puts zeros between the inputs; it restores
    a size and not its values. Sub-pixel convolution makes r*r*C channels, which become r*H rows and r*W columns.
    """
    x = np.arange(1.0, 10.0).reshape(3, 3, 1)
    grid("the map", x[..., 0])
    bicubic(x)
    transposed(x)
    sub_pixel(x)


def bicubic(x: Image) -> None:
    """Each value a weighted sum of the 16 nearest known ones."""
    print("\n  bicubic, corners aligned")
    layer = layers.BicubicUpSampling2D(2, align_corners=True)
    made = numbers(layer, x)
    grid("twice as large", made[..., 0])
    counted, analyze = cnnstats.count_operations(layer, x.shape).flops, analyzed(x.shape, layer).totals.flops
    work = Formula("4*4 + (4*4 - 1)", 4 * 4 + (4 * 4 - 1))
    agree("operations for each value", 31, work, counted=counted / made.size, analyze=analyze / made.size)
    equal("the corners, before and after", made[::5, ::5], x[::2, ::2])


def transposed(x: Image) -> None:
    """Zeros are put between the inputs, and a plain convolution follows."""
    print("\n  transposed convolution: k = 3, s = 2, p = 1, all weights 1")
    up = layers.ReferenceConv2DTranspose(1, 3, strides=2, padding=1, use_bias=False, kernel_initializer="ones")
    shown = cnnstats.explain(built(up, x.shape), x)
    grid("with zeros between", shown.apart[..., 0])
    made = numbers(up, x)
    row = analyzed(x.shape, up).rows[0]
    size = Formula("(3 - 1) * 2 + 3 - 2*1", (3 - 1) * 2 + 3 - 2 * 1)
    agree("rows and columns", 5, size, reference=made.shape[0], analyze=row.output_shape[1])
    grid("its convolution", made[..., 0])
    down = layers.ReferenceConv2D(1, 3, strides=2, padding=1, use_bias=False, kernel_initializer="ones")
    grid("and back: size, not values", numbers(down, made)[..., 0])


def sub_pixel(x: Image) -> None:
    """Channels become rows and columns."""
    print("\n  sub-pixel: 3 x 3 x 1 to 4 channels, which become 2 x 2 positions")
    convolution = built(layers.ReferenceConv2D(4, 3, padding=1), x.shape)
    channels = numbers(convolution, x)
    made = numbers(layers.PixelShuffle(2), channels)
    rows = analyzed(x.shape, convolution, layers.PixelShuffle(2)).rows
    agree("channels", (3, 3, 4), reference=channels.shape, analyze=rows[0].output_shape[1:])
    agree("positions", (6, 6, 1), reference=made.shape, analyze=rows[1].output_shape[1:])
    equal("channels at (0, 0), and the first block", channels[0, 0].reshape(2, 2), made[:2, :2, 0])
    of_keras = ops.depth_to_space(channels[None].astype("float32"), 2)
    equal("the same by keras.ops.depth_to_space", ops.convert_to_numpy(of_keras)[0], made)


def d3() -> None:
    """The super-resolution network: three convolutions, a pixel shuffle by 3, and a sigmoid.

    H, W, 32 -> H, W, 9 -> 3H, 3W, 1. `train_espcn.py` trains it.
    """
    rows, columns = 24, 32
    report = cnnstats.analyze(network(), input_shape=(rows, columns, 1))
    shapes = [row.output_shape[1:] for row in report.rows]
    agree("behind the second convolution", (rows, columns, 32), analyze=shapes[1])
    agree("behind the third", (rows, columns, 9), analyze=shapes[2])
    agree("behind the pixel shuffle", (3 * rows, 3 * columns, 1), analyze=shapes[3])
    parameters = [convolution_parameters(5, 1, 64), convolution_parameters(3, 64, 32), convolution_parameters(3, 32, 9)]
    for row, formula in zip(report.rows, parameters, strict=False):
        agree(f"parameters of {row.layer}", formula.value, formula, analyze=row.params)
    image = np.random.default_rng(0).uniform(size=(rows, columns, 1))
    made = numbers(network(), image)
    agree("made of an image", (72, 96, 1), reference=made.shape)
    assert 0 < made.min() < made.max() < 1


def d4() -> None:
    """Softmax: the largest input is subtracted before the exponential, so that large inputs give no NaN."""
    small, large = np.array([1.0, 2.0, 3.0]), np.array([1000.0, 1001.0, 1002.0])
    with np.errstate(all="ignore"):
        naive = np.exp(np.float32(large)) / np.exp(np.float32(large)).sum()
    grid("exp(x) / sum(exp(x)) of 1000, 1001, 1002", [naive])
    assert np.isnan(naive).all()
    softmax = layers.StableSoftmax()
    shares = numbers(softmax, large)
    grid("of x less its largest", [shares])
    equal("the shares of 1, 2, 3", shares, numbers(softmax, small))
    equal("the shares of Keras", shares, numbers(keras.layers.Softmax(), large))
    counted, row = cnnstats.count_operations(softmax, (3,)), analyzed((3,), softmax).totals
    agree("operations", 10, Formula("2 + 3 + 2 + 3", 2 + 3 + 2 + 3), counted=counted.flops, analyze=row.flops)
    agree("exponentials", 3, counted=counted.transcendentals, analyze=row.transcendentals)


def d5() -> None:
    """The network and the loop that trains it, written by hand: head 1 -> 20 -> 64, tail 64 -> 20 -> 3, Adam.

    The lesson's listing does not run. What is mended: names that are misspelled; an image of 3 channels that goes
    into a convolution of 1 (here the image is grey, and the colours are what is learnt); `step` that is called on the
    loss, where it is the optimizer's.
    """
    head = [layers.ReferenceConv2D(filters, 5, padding=2, activation="relu") for filters in (20, 64)]
    tail = [layers.ReferenceConv2D(filters, 5, padding=2, activation="relu") for filters in (20, 3)]
    model = keras.Sequential([keras.Input((12, 12, 1)), *head, *tail])
    sizes, figures = ((1, 20), (20, 64), (64, 20), (20, 3)), (520, 32064, 32020, 1503)
    for row, (channels, filters), figure in zip(cnnstats.analyze(model).rows, sizes, figures, strict=True):
        formula = convolution_parameters(5, channels, filters)
        agree(f"parameters {channels} -> {filters}", figure, formula, analyze=row.params)

    grey = np.random.default_rng(0).uniform(size=(4, 12, 12, 1)).astype("float32")
    losses = trained(model, grey, grey * np.array([1.0, 0.6, 0.3], "float32"), steps=STEPS)
    show("mean squared error", " ".join(f"{loss:.4f}" for loss in losses[:: STEPS // 8]))
    assert losses[-1] < losses[0] / 5


def trained(model: keras.Model, x: Any, target: Any, steps: int) -> list[float]:
    """The loop: forwards, the mean squared error, its gradients towards all weights, and a step of the optimizer."""

    def loss(weights: list[Any]) -> Any:
        made, _ = model.stateless_call(weights, [], x)
        return ops.mean(ops.square(ops.subtract(made, target)))

    weights, losses = model.trainable_variables, []
    optimizer, loss_and_gradients = keras.optimizers.Adam(1e-3), with_gradients(loss)
    optimizer.build(weights)
    for _ in range(steps):
        value, towards_weights = loss_and_gradients([weight.value for weight in weights])
        optimizer.apply(towards_weights, weights)
        losses.append(float(value))
    return losses


if __name__ == "__main__":
    teach("D  Convolution by hand", d1, d2, d3, d4, d5)
