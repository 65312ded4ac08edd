"""Lesson E, layers and how to count their parameters: sizes, pooling, a network and its twin, and training curves."""

from typing import NamedTuple

import keras
import numpy as np
from lesson import (
    Formula,
    agree,
    analyzed,
    built,
    convolution_flops,
    convolution_parameters,
    dense_flops,
    dense_parameters,
    drawn,
    equal,
    grid,
    numbers,
    output_size,
    show,
    teach,
)
from numpy.typing import NDArray

import keras_cnnstats as cnnstats
from keras_cnnstats import layers
from keras_cnnstats.equivalence import dense_to_conv


def e1() -> None:
    """Strides: 3x3 over 7x7 gives 5x5 with stride 1, and 3x3 with stride 2. With 'same' and stride 1 the size stays."""
    for stride, figure in ((1, 5), (2, 3)):
        layer = layers.ReferenceConv2D(1, 3, strides=stride)
        made = numbers(layer, np.ones((7, 7, 1))).shape[0]
        row = analyzed((7, 7, 1), layer).rows[0]
        of_keras = keras.layers.Conv2D(1, 3, strides=stride).compute_output_shape((None, 7, 7, 1))[1]
        formula = output_size(7, 3, stride)
        agree(f"stride {stride}", figure, formula, reference=made, keras=of_keras, analyze=row.output_shape[1])
    same = layers.ReferenceConv2D(1, 3, padding="same")
    row = analyzed((28, 28, 1), same).rows[0]
    made = numbers(same, np.ones((28, 28, 1)))
    agree("28 x 28 x 1 with 'same'", (28, 28, 1), reference=made.shape, analyze=row.output_shape[1:])


def e2() -> None:
    """Pooling: k = 2, s = 2 halves height and width, and keeps the channels.

    Of each window the mean or the largest is kept. A shift by one pixel leaves the max-pooled result as it was, as long
    as the largest value stays in its window.
    """
    for name, layer in (("average", layers.ReferenceAveragePooling2D(2)), ("max", layers.ReferenceMaxPooling2D(2))):
        row = analyzed((28, 28, 16), layer).rows[0]
        made = numbers(layer, np.ones((28, 28, 16))).shape
        agree(f"{name} pooling of 28 x 28 x 16", (14, 14, 16), reference=made, analyze=row.output_shape[1:])
    corner = np.zeros((4, 4, 1))
    corner[[0, 2], [0, 2]] = [[7], [5]]
    shifted = np.roll(corner, 1, axis=1)
    grid("a map", corner[..., 0])
    grid("shifted by a pixel", shifted[..., 0])
    pooling = built(layers.ReferenceMaxPooling2D(2), corner.shape)
    grid("largest", numbers(pooling, corner)[..., 0])
    grid("mean", numbers(layers.ReferenceAveragePooling2D(2), corner)[..., 0])
    equal("largest, before and after the shift", numbers(pooling, shifted), numbers(pooling, corner))
    drawn(cnnstats.explain(pooling, corner), "e2_max_pooling")


def e3() -> None:
    """28x28 grey -> 20 maps of 24x24 -> pooled to 12x12x20 -> 100 units, which is a convolution with 100 kernels."""
    maps = [layers.ReferenceConv2D(20, 5, name="maps"), layers.ReferenceMaxPooling2D(2, name="pooled")]
    dense = keras.layers.Dense(100)
    model = keras.Sequential([keras.Input((28, 28, 1)), *maps, keras.layers.Flatten(), dense])
    report = cnnstats.analyze(model)
    agree("maps", (24, 24, 20), analyze=report["maps"].output_shape[1:])
    agree("pooled", (12, 12, 20), analyze=report["pooled"].output_shape[1:])
    kernels = dense_to_conv(dense, (12, 12, 20))
    agree("the units as kernels", (12, 12, 20, 100), dense_to_conv=tuple(kernels.kernel.shape))
    parameters = dense_parameters(12 * 12 * 20, 100)
    agree("parameters", parameters.value, parameters, dense=dense.count_params(), convolution=kernels.count_params())
    twin = keras.Sequential([*maps, kernels])
    image = np.random.default_rng(0).uniform(size=(28, 28, 1))
    equal("outputs of the two networks", numbers(twin, image)[0, 0], numbers(model, image), 1e-4)
    counted = [each.rows[-1].flops for each in (report, analyzed((28, 28, 1), *maps, kernels))]
    work = dense_flops(12 * 12 * 20, 100)
    agree("FLOPs", work.value, work, dense=counted[0], convolution=counted[1])


def e4() -> None:
    """The lesson's example in Keras: Conv2D(16, 2x2) on 224x224x3, MaxPooling2D(2), and Dense(133) on the map.

    The dense layer runs at each of 111 * 111 positions, for which the textbook's formula counts one: its FLOPs are
    short by a factor of 12321, and the report says so.
    """
    stack = [keras.layers.Conv2D(16, 2), keras.layers.MaxPooling2D(2), keras.layers.Dense(133)]
    model = keras.Sequential([keras.Input((224, 224, 3)), *stack])
    report = cnnstats.analyze(model)
    shapes = ((223, 223, 16), (111, 111, 16), (111, 111, 133))
    formulas = (convolution_parameters(2, 3, 16), Formula("nothing to learn", 0), dense_parameters(16, 133))
    for row, layer, shape, figure, formula in zip(report.rows, stack, shapes, (208, 0, 2261), formulas, strict=True):
        agree(row.type, shape, keras=tuple(layer.output.shape[1:]), analyze=row.output_shape[1:])
        agree("  parameters", figure, formula, keras=layer.count_params(), analyze=row.params)
    agree("parameters together", 2469, keras=model.count_params(), analyze=report.totals.params)

    convolution, dense = report.rows[0], report.rows[2]
    work = convolution_flops(2, 3, 16, 223, 223)
    agree("FLOPs of the convolution", work.value, work, analyze=convolution.flops)
    (short,) = [each for each in report.disagreements if each.code == "F3"]
    textbook = dense_flops(16, 133)
    agree("FLOPs of the dense layer by formula", textbook.value, textbook, analyze=short.expected)
    show("  counted", f"{short.actual:,}")
    agree("  short by a factor of", 12321, Formula("111 * 111", 111 * 111), analyze=short.ratio)
    show("  the report on it", f"{short.code}: {short.reason}")
    assert short.actual == dense.flops


class Curve(NamedTuple):
    """Accuracy after each epoch: on the images that were trained on, and on others."""

    training: list[float]
    validation: list[float]


def e5() -> None:
    """Training curve against validation curve: how to tell too many parameters from too few.

    High training accuracy and low validation accuracy is overfitting: fewer layers or parameters help, or more data.
    Low training accuracy is too little capacity. Do the stripes of an image run across or down? Dense layers can learn
    few images by heart; the mean brightness tells nothing; filters that slide over the image see it everywhere.
    """
    few, many, unseen = stripes(40, seed=1), stripes(400, seed=2), stripes(400, seed=3)
    units = [keras.layers.Flatten(), *(keras.layers.Dense(count, activation="relu") for count in (256, 64))]
    brightness = [keras.layers.GlobalAveragePooling2D()]
    filters = [layers.ReferenceConv2D(8, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    over = curve("too many parameters, few images", units, few, unseen)
    under = curve("too little capacity", brightness, many, unseen)
    right = curve("8 filters of 3x3", filters, many, unseen)
    assert over.training[-1] > 0.99
    assert over.validation[-1] < 0.8
    assert under.training[-1] < 0.65
    assert min(right.training[-1], right.validation[-1]) > 0.9
    show("overfitting", f"{over.training[-1]:.0%} in training, {over.validation[-1]:.0%} in validation")
    show("underfitting", f"{under.training[-1]:.0%} in training already")
    show("fitting", f"{right.training[-1]:.0%} in training, {right.validation[-1]:.0%} in validation")


def stripes(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Noisy images of 12x12 whose stripes run across (0) or down (1), and which of it."""
    random = np.random.default_rng(seed)
    answers = np.arange(count) % 2
    lengths, starts = random.uniform(3, 6, size=(count, 1)), random.uniform(size=(count, 1))
    waves = np.sin(2 * np.pi * (np.arange(12) / lengths + starts))
    images = np.where(answers[:, None, None] == 1, waves[:, None, :], waves[:, :, None])
    noisy = images + random.normal(scale=1.2, size=(count, 12, 12))
    return noisy[..., None].astype("float32"), answers


def curve(name: str, stack: list[keras.layers.Layer], images: object, unseen: object) -> Curve:
    """Trains the layers, with a last one that answers, and prints both curves."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((12, 12, 1)), *stack, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    x, y = images
    fitted = model.fit(x, y, batch_size=40, epochs=16, validation_data=unseen, verbose=0)
    found = Curve(fitted.history["accuracy"], fitted.history["val_accuracy"])
    show(f"{name}: {len(x)} images, {cnnstats.analyze(model).totals.params:,} parameters")
    for label, values in found._asdict().items():
        show(f"  {label}", " ".join(f"{100 * value:3.0f}" for value in values[1::2]) + " %")
    return found


if __name__ == "__main__":
    teach("E  Layers and how to count their parameters", e1, e2, e3, e4, e5)
