"""Lesson C, standard convolution: the worked example, depth columns, the arguments, and a small network."""

import math

import keras
import numpy as np
from lesson import (
    Formula,
    agree,
    analyzed,
    built,
    convolution_flops,
    convolution_parameters,
    dense_parameters,
    difference,
    equal,
    grid,
    numbers,
    output_size,
    show,
    teach,
)

import keras_cnnstats as cnnstats
from keras_cnnstats import layers


def c1() -> None:
    """The worked example: 2 filters of 3x3 over 5x5x3, stride 2, one position of padding, give 3x3x2."""
    n, k, s, p, filters = 5, 3, 2, 1, 2
    random = np.random.default_rng(0)
    image = random.integers(0, 3, (n, n, 3)).astype(float)
    kernels, bias = random.integers(-1, 2, (k, k, 3, filters)).astype(float), [1, 0]
    layer = built(layers.ReferenceConv2D(filters, k, strides=s, padding=p), image.shape, kernels, bias)
    row = analyzed(image.shape, layer).rows[0]
    counted = cnnstats.count_operations(layer, image.shape)
    made = numbers(layer, image)
    agree("rows and columns", 3, output_size(n, k, s, p), reference=made.shape[0], analyze=row.output_shape[1])
    agree("output", (3, 3, 2), reference=made.shape, analyze=row.output_shape[1:])
    work = convolution_flops(k, 3, filters, 3, 3)
    agree("FLOPs", work.value, work, counted=counted.flops, analyze=row.flops)

    around = np.pad(image, ((p, p), (p, p), (0, 0)))
    window = around[s : s + k, s : s + k]
    by_hand = int((window * kernels[..., 0]).sum() + bias[0])
    agree("the middle of the first map, by hand", by_hand, reference=made[1, 1, 0])
    of_keras = keras.Sequential([keras.layers.ZeroPadding2D(p), keras.layers.Conv2D(filters, k, strides=s)])
    equal("the reference layer, and Keras", made, numbers(built(of_keras, image.shape, kernels, bias), image))
    grid("first map", made[..., 0])
    grid("second map", made[..., 1])


def c2() -> None:
    """A depth column: neurons that look at the same place, with weights of their own.

    Over an image of 32x32x3, five filters of 5x5 have five neurons at each position.
    """
    image = np.random.default_rng(0).uniform(size=(32, 32, 3))
    layer = built(layers.ReferenceConv2D(5, 5), image.shape)
    column = [cnnstats.explain(layer, image, channel=channel, position=(10, 20)) for channel in range(5)]
    agree("neurons of a column", 5, reference=numbers(layer, image)[10, 20].size)
    agree("weights of each, and its bias", 76, convolution_parameters(5, 3, 1), reference=layer.count_params() // 5)
    for neuron in column:
        seen, weights = neuron.field, neuron.kernels.ravel()[:3].round(2)
        place = f"rows {seen.top} to {seen.bottom}, columns {seen.left} to {seen.right}"
        show(f"neuron {neuron.channel} sees", f"{place}, with the weights {weights.tolist()} ...")
    assert {neuron.field for neuron in column} == {column[0].field}
    assert all(difference(column[0].kernels, other.kernels) > 0.01 for other in column[1:])


def c3() -> None:
    """The arguments of a convolution, and what each of them changes.

    Channels in and out, kernel size, stride, padding (so many positions on both sides), dilation, groups, bias.
    """
    plain = {"filters": 8, "kernel_size": 3}
    show("", "output        parameters  sees")
    for change, expected in {
        "3x3, 4 channels in, 8 out": ({}, (14, 14, 8), 296, 3),
        "16 channels out": ({"filters": 16}, (14, 14, 16), 592, 3),
        "kernel_size=5": ({"kernel_size": 5}, (12, 12, 8), 808, 5),
        "stride=2": ({"strides": 2}, (7, 7, 8), 296, 3),
        "padding=1": ({"padding": 1}, (16, 16, 8), 296, 3),
        "dilation=2": ({"dilation_rate": 2}, (12, 12, 8), 296, 5),
        "groups=2": ({"groups": 2}, (14, 14, 8), 152, 3),
        "bias=False": ({"use_bias": False}, (14, 14, 8), 288, 3),
    }.items():
        changed, shape, parameters, sees = expected
        arguments = {**plain, **changed}
        layer = layers.ReferenceConv2D(**arguments)
        beside = [keras.layers.ZeroPadding2D(arguments.pop("padding", 0)), keras.layers.Conv2D(**arguments)]
        row, of_keras = (analyzed((16, 16, 4), *stack).rows[-1] for stack in ([layer], beside))
        assert row.output_shape[1:] == of_keras.output_shape[1:] == numbers(layer, np.ones((16, 16, 4))).shape == shape
        assert row.params == beside[1].count_params() == layer.count_params() == parameters
        assert row.receptive_field == (sees, sees)
        show(change, f"{' x '.join(map(str, shape)):12}  {parameters:10}  {sees:4}")
    show("", "by the reference layer, Keras, cnnstats.analyze")


def c4() -> None:
    """The example network: two convolutions, each normalised, rectified and pooled, and three dense layers.

    Keras counts twice as many parameters of a batch normalization as training changes: the moving mean and variance
    are weights too.
    """
    model = keras.Sequential([keras.Input((28, 28, 1)), *convolutional(25), *convolutional(50), keras.layers.Flatten()])
    for units in (1024, 128):
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(10))
    rows = [row for row in cnnstats.analyze(model).rows if row.params]
    holders = [layer for layer in model.layers if layer.weights]
    figures = (250, (50, 50), 11300, (100, 100), 1281024, 131200, 1290)
    formulas = (
        convolution_parameters(3, 1, 25),
        Formula("2 * 25", 2 * 25),
        convolution_parameters(3, 25, 50),
        Formula("2 * 50", 2 * 50),
        dense_parameters(50 * 5 * 5, 1024),
        dense_parameters(1024, 128),
        dense_parameters(128, 10),
    )
    for row, layer, figure, formula in zip(rows, holders, figures, formulas, strict=True):
        trained, moving = figure if isinstance(figure, tuple) else (figure, 0)
        agree(row.type, trained, formula, keras=size(layer.trainable_weights), analyze=row.trainable_params)
        if moving:
            others = row.params - row.trainable_params
            agree("  moving statistics", moving, formula, keras=size(layer.non_trainable_weights), analyze=others)
    image = np.random.default_rng(0).uniform(size=(28, 28, 1))
    agree("its output", (10,), keras=numbers(model, image).shape)


def size(weights: list[keras.Variable]) -> int:
    """How many values they hold."""
    return sum(math.prod(weight.shape) for weight in weights)


def convolutional(filters: int) -> list[keras.layers.Layer]:
    """Convolution, batch normalization, ReLU, and the largest of each 2x2."""
    normalised = [layers.ReferenceConv2D(filters, 3), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    return [*normalised, layers.ReferenceMaxPooling2D(2)]


if __name__ == "__main__":
    teach("C  Standard convolution", c1, c2, c3, c4)
