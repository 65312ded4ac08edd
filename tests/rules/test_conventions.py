"""What each convention counts, on nets small enough to be worked out by hand, and what none of them may do."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import units
from keras_cnnstats.reports import Report

CONVENTIONS = ("textbook", "macs", "2macs", "tf", "xla")


def stack(shape: tuple[int, ...], *rest: Any) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *rest])


def convolutional() -> keras.Model:
    """On 4x4x2: a padded 3x3 convolution to 3 channels with a ReLU, a pooling, a dense layer with a softmax."""
    return stack(
        (4, 4, 2),
        layers.Conv2D(3, 3, padding="same", activation="relu", name="conv"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(5, activation="softmax", name="dense"),
    )


def gated() -> keras.Model:
    """On 2x2x3: batch normalization, a sigmoid, a product of the two, the mean of each channel."""
    image = keras.Input((2, 2, 3))
    x = layers.BatchNormalization(name="norm")(image)
    gate = layers.Activation("sigmoid", name="gate")(x)
    x = layers.Multiply(name="product")([x, gate])
    return keras.Model(image, layers.GlobalAveragePooling2D(name="mean")(x))


def upsampled() -> keras.Model:
    """On 2x2x3: a 2x2 transposed convolution to 1 channel without a bias, a bilinear enlargement, a sum with itself."""
    image = keras.Input((2, 2, 3))
    x = layers.Conv2DTranspose(1, 2, strides=2, use_bias=False, name="up")(image)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="resize")(x)
    return keras.Model(image, layers.Add(name="sum")([x, x]))


# One row by hand, as (textbook, macs, 2macs, tf, xla).
# conv: 48 outputs of 18 products and a bias. (4 + 3 + 3) ** 2 = 100 taps lie inside the input, each of 2 x 3 channels.
#   The ReLU is 48 comparisons, which TensorFlow does not register.
# pool: 12 outputs of 4 values: 3 comparisons each; TensorFlow registers 4.
# dense: 5 outputs of 12 products, a bias each; the softmax 4 + 5 + 4 + 5 and 5 exponentials; XLA counts 4 * 5 - 1.
# norm: 12 values, 2 each; TensorFlow folds 3 channels in 6 steps each, XLA in 5.
# gate: an addition and a division of 12 values, and 12 exponentials; XLA counts 3.
# product: 12. mean: 9 additions and 3 divisions.
# up: 4 inputs of 4 taps of 3 channels; 16 outputs, each of 3 products.
# resize: 64 outputs of 4 products and 3 additions.
BY_HAND = {
    "conv": (convolutional, (48 * (18 + 17 + 1) + 48, 864, 1728, 1728 + 48, 2 * 600 + 48 + 48)),
    "pool": (convolutional, (36, 0, 0, 48, 36)),
    "flat": (convolutional, (0, 0, 0, 0, 0)),
    "dense": (convolutional, (5 * (12 + 11 + 1) + 18, 60, 120, 120 + 5 + 25, 120 + 5 + 19)),
    "norm": (gated, (24, 0, 0, 24 + 18, 24 + 15)),
    "gate": (gated, (24, 0, 0, 0, 36)),
    "product": (gated, (12, 0, 0, 12, 12)),
    "mean": (gated, (12, 0, 0, 12, 12)),
    "up": (upsampled, (16 * (3 + 2), 48, 96, 96, 96)),
    "resize": (upsampled, (64 * 7, 0, 0, 0, 64 * 7)),
    "sum": (upsampled, (64, 0, 0, 64, 64)),
}


@pytest.mark.parametrize(
    ("layer", "build", "convention", "flops"),
    [
        pytest.param(layer, build, convention, flops, id=f"{layer}-{convention}")
        for layer, (build, row) in BY_HAND.items()
        for convention, flops in zip(CONVENTIONS, row, strict=True)
    ],
)
def test_flops_of_a_row(layer: str, build: Callable[[], keras.Model], convention: str, flops: int) -> None:
    assert cnnstats.analyze(build(), convention=convention)[layer].flops == flops


@pytest.mark.parametrize(
    ("layer", "build", "transcendentals"),
    [("dense", convolutional, 5), ("gate", gated, 12), ("norm", gated, 0), ("conv", convolutional, 0)],
    ids=["softmax", "sigmoid", "batch normalization", "convolution"],
)
def test_transcendentals_of_a_row(layer: str, build: Callable[[], keras.Model], transcendentals: int) -> None:
    assert cnnstats.analyze(build())[layer].transcendentals == transcendentals


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_transcendentals_are_in_no_convention(convention: str) -> None:
    x = keras.Input((7,))
    report = cnnstats.analyze(keras.Model(x, ops.exp(x)), convention=convention)
    assert (report.totals.flops, report.totals.transcendentals) == (0, 7)


@pytest.mark.parametrize("build", [convolutional, gated, upsampled], ids=lambda build: build.__name__)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_with_convention_is_a_fresh_analysis(build: Callable[[], keras.Model], convention: str) -> None:
    model = build()
    converted = cnnstats.analyze(model).with_convention(convention)
    assert converted == cnnstats.analyze(model, convention=convention)
    assert converted.header.convention == convention
    assert {row.convention for row in converted.rows} == {convention}


def test_with_convention_there_and_back_changes_nothing() -> None:
    report = cnnstats.analyze(convolutional())
    assert report.with_convention("tf").with_convention("textbook") == report


def test_macs_do_not_depend_on_the_convention() -> None:
    report = cnnstats.analyze(convolutional())
    assert {report.with_convention(name).totals.macs for name in CONVENTIONS} == {924}


def test_batch_multiplies_the_work_and_nothing_else() -> None:
    one, many = cnnstats.analyze(convolutional()), cnnstats.analyze(convolutional(), batch_size=32)
    assert [row.flops for row in many.rows] == [32 * (row.flops or 0) for row in one.rows]
    assert [row.macs for row in many.rows] == [32 * (row.macs or 0) for row in one.rows]
    assert many.totals.transcendentals == 32 * one.totals.transcendentals
    assert [row.params for row in many.rows] == [row.params for row in one.rows]


# Names that are none


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(cnnstats.ConventionError) as caught:
        call()
    return str(caught.value)


KNOWN = "convention: expected one of `textbook`, `macs`, `2macs`, `tf`, `xla`."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("flops", f"{KNOWN} Received: 'flops'."),
        ("macz", f"{KNOWN} Received: 'macz'. Did you mean `macs` or `2macs`?"),
        ("TextBook", f"{KNOWN} Received: 'TextBook'. Did you mean `textbook`?"),
        ("", f"{KNOWN} Received: ''."),
    ],
    ids=["unlike any", "like two", "other case", "empty"],
)
def test_unknown_convention_names_those_there_are(name: str, message: str) -> None:
    assert error_of(lambda: cnnstats.analyze(convolutional(), convention=name)) == message


@pytest.mark.parametrize("name", [None, 2], ids=["none", "number"])
def test_convention_that_is_no_name(name: Any) -> None:
    assert error_of(lambda: cnnstats.analyze(convolutional(), convention=name)) == f"{KNOWN} Received: {name!r}."


def test_with_convention_refuses_what_analyze_refuses() -> None:
    report = cnnstats.analyze(convolutional())
    assert error_of(lambda: report.with_convention("mac")).startswith(KNOWN)


def test_convention_error_is_a_value_error() -> None:
    assert issubclass(cnnstats.ConventionError, cnnstats.CNNStatsError)
    assert issubclass(cnnstats.ConventionError, ValueError)


# The conventions as formulas


TERMS = units.Work(macs=100, inside=90, outputs=10, biases=7, arithmetic=5, transcendentals=3, registered=11, hlo=13)


@pytest.mark.parametrize(
    ("convention", "flops"),
    [("textbook", 202), ("macs", 100), ("2macs", 200), ("tf", 218), ("xla", 200)],
)
def test_each_convention_is_a_sum_of_terms(convention: str, flops: int) -> None:
    assert units.flops(TERMS, convention) == flops


def test_every_convention_has_a_formula() -> None:
    assert tuple(units.CONVENTIONS) == CONVENTIONS


# Exact at any size


def huge() -> Report:
    """3e7 inputs to 4e7 units to 5e7: 3.2e15 weights, which no memory holds."""
    with cnnstats.abstract():
        model = stack((30_000_001,), layers.Dense(40_000_003, name="wide"), layers.Dense(50_000_017, name="wider"))
    return cnnstats.analyze(model)


def test_huge_dense_layers_are_counted_to_the_last_integer() -> None:
    report = huge()
    first, second = 30_000_001 * 40_000_003, 40_000_003 * 50_000_017
    assert [row.macs for row in report.rows] == [first, second]
    assert report.totals.macs == first + second > 10**15
    assert report.totals.params == first + second + 40_000_003 + 50_000_017
    assert report.totals.flops == 2 * (first + second)


@pytest.mark.parametrize("side", [10**4, 10**6, 10**9], ids=["1e4", "1e6", "1e9"])
def test_huge_images_are_counted_to_the_last_integer(side: int) -> None:
    report = cnnstats.analyze(stack((side, side, 3), layers.Conv2D(7, 3, name="conv")))
    outputs = 7 * (side - 2) ** 2
    assert report["conv"].macs == 27 * outputs
    assert report["conv"].flops == 54 * outputs
    assert type(report.totals.flops) is int


def test_taps_inside_a_huge_padded_image_are_counted_to_the_last_integer() -> None:
    side = 10**9
    report = cnnstats.analyze(stack((side, side, 1), layers.Conv2D(1, 3, padding="same", use_bias=False)))
    assert report.with_convention("2macs").totals.flops == 18 * side**2
    assert report.with_convention("xla").totals.flops == 2 * (3 * side - 2) ** 2


def test_huge_batch() -> None:
    report = cnnstats.analyze(stack((10,), layers.Dense(7)), batch_size=10**15)
    assert report.totals.macs == 70 * 10**15


def test_huge_numbers_survive_the_data_frame() -> None:
    side = 10**9
    report = cnnstats.analyze(stack((side, side, 1024), layers.Conv2D(1024, 3)))
    assert report.totals.macs > 2**63
    assert report.to_dataframe()["macs"].iloc[0] == report.totals.macs
