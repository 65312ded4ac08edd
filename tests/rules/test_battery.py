"""The cases that other counters get wrong, and the networks and examples of the source documents, figure by figure."""

from collections.abc import Callable
from math import inf
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.records import Disagreement
from keras_cnnstats.reports import Report


def analyzed(shape: tuple[int, ...], *stack: Any) -> Report:
    return cnnstats.analyze(keras.Sequential([keras.Input(shape), *stack]))


def shapes(report: Report) -> list[Any]:
    return [row.output_shape for row in report.rows]


def parameters(report: Report) -> list[int]:
    return [row.params for row in report.rows]


def only(report: Report, code: str) -> Disagreement:
    (found,) = [found for found in report.disagreements if found.code == code]
    return found


# The battery: multiply-accumulate pairs of small cases


BATTERY: dict[str, tuple[tuple[int, ...], Callable[[], list[Any]], int]] = {
    "convolution with a stride": (
        (32, 32, 8),
        lambda: [layers.ZeroPadding2D(1), layers.Conv2D(16, 3, strides=2, use_bias=False)],
        294_912,
    ),
    "convolution with 'same' and a stride": (
        (32, 32, 8),
        lambda: [layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)],
        294_912,
    ),
    "convolution with a bias": ((32, 32, 8), lambda: [layers.Conv2D(16, 3, padding="same")], 1_179_648),
    "depthwise convolution": ((32, 32, 16), lambda: [layers.DepthwiseConv2D(3, padding="same")], 147_456),
    "transposed convolution 2x2": ((16, 16, 8), lambda: [layers.Conv2DTranspose(16, 2, strides=2)], 131_072),
    "transposed convolution 4x4": (
        (16, 16, 8),
        lambda: [layers.Conv2DTranspose(8, 4, strides=2, padding="same")],
        262_144,
    ),
    "transposed convolution 4x4, nothing cut off": (
        (16, 16, 8),
        lambda: [layers.Conv2DTranspose(8, 4, strides=2)],
        262_144,
    ),
    "dense layer on a sequence": ((50, 64), lambda: [layers.Dense(128)], 409_600),
    "dense layer on a vector": ((64,), lambda: [layers.Dense(128)], 8_192),
}


@pytest.mark.parametrize(("shape", "build", "macs"), BATTERY.values(), ids=list(BATTERY))
def test_macs_of_small_cases(shape: tuple[int, ...], build: Callable[[], list[Any]], macs: int) -> None:
    report = analyzed(shape, *build())
    assert report.totals.macs == macs
    assert report.with_convention("2macs").totals.flops == 2 * macs


def test_bias_adds_no_mac_and_one_flop_per_output() -> None:
    bare, biased = (
        analyzed((32, 32, 8), layers.Conv2D(16, 3, padding="same", use_bias=bias)) for bias in (False, True)
    )
    assert bare.totals.macs == biased.totals.macs == 1_179_648
    assert biased.totals.flops - bare.totals.flops == 32 * 32 * 16


def test_convolution_called_three_times_has_three_rows_and_its_parameters_once() -> None:
    x = keras.Input((32, 32, 8))
    shared = layers.Conv2D(8, 3, padding="same", name="shared")
    report = cnnstats.analyze(keras.Model(x, shared(shared(shared(x)))))
    assert [(row.layer, row.call) for row in report.rows] == [("shared", 0), ("shared", 1), ("shared", 2)]
    assert [row.macs for row in report.rows] == [589_824] * 3
    assert report.totals.macs == 1_769_472
    assert parameters(report) == [584, 0, 0]
    assert [(found.call, found.code) for found in report.disagreements if found.quantity == "parameters"] == [
        (1, "P4"),
        (2, "P4"),
    ]


def test_frozen_dense_layer_keeps_its_parameters_and_trains_none() -> None:
    totals = analyzed((9,), layers.Dense(30, trainable=False)).totals
    assert (totals.params, totals.trainable_params, totals.frozen_params) == (300, 0, 300)


@pytest.mark.parametrize(
    ("stack", "receptive_field"),
    [
        (lambda: [layers.Conv2D(4, 3, dilation_rate=2)], (5, 5)),
        (lambda: [layers.Conv2D(4, 5), layers.Conv2D(4, 3)], (7, 7)),
        (lambda: [layers.Conv2DTranspose(4, 4, strides=2, padding="same"), layers.Conv2D(4, 3)], (3, 3)),
        (lambda: [layers.Conv2D(4, (1, 7))], (1, 7)),
    ],
    ids=["dilated", "two convolutions", "behind a transposed convolution", "oblong"],
)
def test_receptive_fields_of_small_cases(stack: Callable[[], list[Any]], receptive_field: tuple[int, int]) -> None:
    assert analyzed((32, 32, 3), *stack()).rows[-1].receptive_field == receptive_field


# Document A: parameters and output size


def padded(size: int, kernel: int, stride: int, padding: int) -> Report:
    return analyzed(
        (size, size, 1), layers.ZeroPadding2D(padding), layers.Conv2D(1, kernel, strides=stride, name="conv")
    )


def test_output_size_is_not_what_document_a_prints() -> None:
    n, k, s, p = 5, 3, 2, 1
    printed = (n - k - 2 * p) / s + 1
    assert printed == 1
    assert padded(n, k, s, p)["conv"].output_shape == (None, 3, 3, 1)
    assert (n + 2 * p - k) // s + 1 == 3


@pytest.mark.parametrize("size", [5, 32, 224])
def test_ten_filters_over_colours_have_280_parameters_at_any_size(size: int) -> None:
    assert analyzed((size, size, 3), layers.Conv2D(10, 3)).totals.params == 280


# Document C: the worked example, and the network on handwritten digits


def test_worked_example() -> None:
    conv = analyzed((5, 5, 3), layers.ZeroPadding2D(1), layers.Conv2D(2, 3, strides=2, name="conv"))["conv"]
    assert conv.output_shape == (None, 3, 3, 2)
    assert conv.params == 2 * (3 * 3 * 3 + 1)


def digits() -> keras.Model:
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(25, 3, name="conv1"),
        layers.BatchNormalization(name="norm1"),
        layers.ReLU(),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(50, 3, name="conv2"),
        layers.BatchNormalization(name="norm2"),
        layers.ReLU(),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(),
        layers.Dense(1024, activation="relu", name="dense1"),
        layers.Dense(128, activation="relu", name="dense2"),
        layers.Dense(10, name="dense3"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "shape", "trained", "params"),
    [
        ("conv1", (26, 26, 25), 250, 250),
        ("norm1", (26, 26, 25), 50, 100),
        ("pool1", (13, 13, 25), 0, 0),
        ("conv2", (11, 11, 50), 11_300, 11_300),
        ("norm2", (11, 11, 50), 100, 200),
        ("pool2", (5, 5, 50), 0, 0),
        ("dense1", (1024,), 1_281_024, 1_281_024),
        ("dense2", (128,), 131_200, 131_200),
        ("dense3", (10,), 1_290, 1_290),
    ],
)
def test_network_on_digits(layer: str, shape: tuple[int, ...], trained: int, params: int) -> None:
    row = cnnstats.analyze(digits())[layer]
    assert row.output_shape == (None, *shape)
    assert (row.trainable_params, row.params) == (trained, params)


def test_moving_statistics_are_named_as_the_difference() -> None:
    found = [(found.layer, found.code, found.expected, found.actual)
             for found in cnnstats.analyze(digits()).disagreements if found.quantity == "parameters"]  # fmt: skip
    assert found == [("norm1", "P3", 50, 100), ("norm2", "P3", 100, 200)]


def test_rows_that_the_first_pooling_does_not_reach_are_named() -> None:
    found = [(found.layer, found.code) for found in cnnstats.analyze(digits()).disagreements if found.code == "S3"]
    assert found == [("pool2", "S3")]


# Document D: super-resolution, and the network written by hand


@pytest.mark.parametrize("size", [8, 17, 64])
def test_super_resolution_network(size: int) -> None:
    x = image = keras.Input((size, size, 1))
    x = layers.Conv2D(64, 5, padding="same", activation="tanh", name="conv1")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="tanh", name="conv2")(x)
    x = layers.Conv2D(9, 3, padding="same", name="conv3")(x)
    x = ops.sigmoid(ops.depth_to_space(x, 3))
    report = cnnstats.analyze(keras.Model(image, x))
    assert shapes(report) == [
        (None, size, size, 64),
        (None, size, size, 32),
        (None, size, size, 9),
        (None, 3 * size, 3 * size, 1),
        (None, 3 * size, 3 * size, 1),
    ]
    assert parameters(report) == [1_664, 18_464, 2_601, 0, 0]
    shuffle, sigmoid = report.rows[-2:]
    assert (shuffle.flops, shuffle.transcendentals) == (0, 0)
    assert (sigmoid.flops, sigmoid.transcendentals) == (2 * 9 * size * size, 9 * size * size)
    assert report.totals.macs == (25 * 64 + 9 * 64 * 32 + 9 * 32 * 9) * size * size
    assert report["conv3"].receptive_field == (9, 9)


def test_network_written_by_hand() -> None:
    report = analyzed(
        (32, 32, 1),
        layers.Conv2D(20, 5, activation="relu", name="head1"),
        layers.Conv2D(64, 5, activation="relu", name="head2"),
        layers.Conv2D(20, 5, activation="relu", name="tail1"),
        layers.Conv2D(3, 5, activation="relu", name="tail2"),
    )
    assert parameters(report) == [520, 32_064, 32_020, 1_503]
    assert shapes(report) == [(None, 28, 28, 20), (None, 24, 24, 64), (None, 20, 20, 20), (None, 16, 16, 3)]
    assert report.rows[-1].receptive_field == (17, 17)


# Document E: sizes, a convolution in place of a dense layer, and the Keras example


@pytest.mark.parametrize(
    ("size", "stride", "padding", "positions"),
    [(7, 1, "valid", 5), (7, 2, "valid", 3), (28, 1, "same", 28)],
    ids=["stride 1", "stride 2", "same"],
)
def test_output_sizes(size: int, stride: int, padding: str, positions: int) -> None:
    report = analyzed((size, size, 1), layers.Conv2D(1, 3, strides=stride, padding=padding))
    assert report.rows[0].output_shape == (None, positions, positions, 1)


def test_hundred_units_on_maps_are_a_convolution_with_hundred_kernels() -> None:
    trunk = [layers.Conv2D(20, 5), layers.MaxPooling2D(2)]
    dense = analyzed((28, 28, 1), *trunk, layers.Flatten(), layers.Dense(100))
    conv = analyzed((28, 28, 1), *trunk, layers.Conv2D(100, 12))
    assert shapes(dense)[:2] == [(None, 24, 24, 20), (None, 12, 12, 20)]
    assert conv.rows[-1].output_shape == (None, 1, 1, 100)
    assert dense.rows[-1].params == conv.rows[-1].params == (12 * 12 * 20 + 1) * 100
    assert dense.rows[-1].macs == conv.rows[-1].macs == 12 * 12 * 20 * 100
    assert dense.rows[-1].flops == conv.rows[-1].flops


def keras_example() -> Report:
    return analyzed(
        (224, 224, 3),
        layers.Conv2D(16, 2, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dense(133, activation="relu", name="dense"),
    )


def test_keras_example() -> None:
    report = keras_example()
    assert shapes(report) == [(None, 223, 223, 16), (None, 111, 111, 16), (None, 111, 111, 133)]
    assert parameters(report) == [208, 0, 2_261]
    assert report.totals.params == report.totals.trainable_params == 2_469


def test_dense_layer_of_the_keras_example_runs_at_each_position() -> None:
    found = only(keras_example(), "F3")
    assert (found.layer, found.quantity, found.explained) == ("dense", "flops", True)
    assert found.expected == (16 + 15 + 1) * 133
    assert found.actual == 111 * 111 * (16 + 15 + 1) * 133
    assert found.ratio == 12_321
    assert found.formula == "[16 + 15 + 1] * 133 = 4,256"


def test_global_pooling_sees_the_whole_input() -> None:
    assert analyzed((32, 32, 3), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()).rows[-1].receptive_field == (
        inf,
        inf,
    )
