"""A check that cannot fail is no check: rules that are wrong by a little are found, in the row that they are of."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.rules import find

IMAGE, SEQUENCE = (12, 12, 4), (6, 5)


class Planted(NamedTuple):
    """An error.

    Attributes:
        layer: of which it is the rule.
        arguments: of the layer.
        wrong: makes wrong primitives of the right ones.
        quantity: what then differs.
        shape: of the input.
    """

    layer: Any
    arguments: dict[str, Any]
    wrong: Callable[[list[Any]], list[Any]]
    quantity: str = "macs"
    shape: tuple[int, ...] = IMAGE


def first(**changes: Any) -> Callable[[list[Any]], list[Any]]:
    """The first primitive with something changed."""
    return lambda right: [replace(right[0], **changes), *right[1:]]


def windows(**changes: Any) -> Callable[[list[Any]], list[Any]]:
    """The first primitive with something changed in its windows."""
    return lambda right: first(windows=tuple(window._replace(**changes) for window in right[0].windows))(right)


def without(place: int) -> Callable[[list[Any]], list[Any]]:
    return lambda right: [each for number, each in enumerate(right) if number != place]


PLANTED = {
    "a tap": Planted(layers.Conv2D, {"filters": 6, "kernel_size": 3}, windows(kernel=4)),
    "a bias": Planted(layers.Conv2D, {"filters": 6, "kernel_size": 3}, first(bias=False), "flops"),
    "groups": Planted(layers.Conv2D, {"filters": 6, "kernel_size": 3, "groups": 2}, first(groups=1)),
    "a stride": Planted(layers.Conv2D, {"filters": 6, "kernel_size": 3, "strides": 2}, windows(positions=10)),
    "filters": Planted(layers.Conv2D, {"filters": 6, "kernel_size": 3}, first(c_out=7)),
    "a multiplier": Planted(layers.DepthwiseConv2D, {"kernel_size": 3, "depth_multiplier": 2}, first(c_out=4)),
    "the second of two": Planted(layers.SeparableConv2D, {"filters": 6, "kernel_size": 3}, without(1)),
    "an activation": Planted(
        layers.Conv2D, {"filters": 6, "kernel_size": 3, "activation": "softmax"}, without(1), "flops"
    ),
    "a weight of a dense layer": Planted(layers.Dense, {"units": 6}, first(inputs=5)),
    "positions": Planted(layers.Dense, {"units": 6}, first(positions=1)),
    "a bias of a dense layer": Planted(layers.Dense, {"units": 6}, first(bias=0), "flops"),
    "a value of a pooling window": Planted(layers.AveragePooling2D, {"pool_size": 2}, windows(kernel=3), "flops"),
    "channels of a normalization": Planted(layers.LayerNormalization, {}, first(size=3), "flops"),
    "a step of a recurrence": Planted(layers.LSTM, {"units": 3}, first(steps=5), shape=SEQUENCE),
    "a term of a sum": Planted(layers.Softmax, {}, first(size=3), "flops"),
    "elements": Planted(layers.Rescaling, {"scale": 2.0}, first(elements=1), "flops"),
}


def planted(name: str) -> cnnstats.Report:
    error = PLANTED[name]
    right = find(error.layer).rule
    assert right is not None
    fed = keras.Input(error.shape)
    x = layers.Activation("relu", name="before")(fed)
    model = keras.Model(fed, layers.Flatten(name="behind")(error.layer(**error.arguments, name="wrong")(x)))
    return cnnstats.analyze(model, rules={error.layer: lambda call: error.wrong(list(right(call)))})


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found_in_its_row(name: str) -> None:
    error = PLANTED[name]
    if keras.backend.backend() == "torch" and error.quantity == "flops":
        pytest.skip("PyTorch counts contractions alone")
    verification = planted(name).verify(only=["work"]).verification
    found = {(check.layer, check.quantity) for check in verification.differing}
    assert ("wrong", error.quantity) in found
    assert {layer for layer, _ in found} == {"wrong", ""}  # its row, and the sum of all
    assert verification.verdict_of("wrong") == "differs"


def test_strict_makes_an_error_of_it() -> None:
    with pytest.raises(cnnstats.VerificationError, match="wrong"):
        planted("a tap").verify(only=["work"], strict=True)


def test_wrong_parameters_are_found() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="dense")])
    report = cnnstats.analyze(model)
    wrong = replace(report, rows=(report.rows[0]._replace(params=12), *report.rows[1:]))
    checks = wrong.verify(model, only=["params"]).verification.differing
    assert [(check.layer, check.counted, check.measured) for check in checks] == [("dense", 12, 15), ("", 12, 15)]


def test_a_wrong_shape_is_found() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="dense")])
    report = cnnstats.analyze(model)
    wrong = replace(report, rows=(report.rows[0]._replace(output_shapes=((None, 4),)), *report.rows[1:]))
    (check,) = wrong.verify(model, only=["work"]).verification.differing
    assert (check.layer, check.quantity) == ("dense", "output_shape")


def test_wrong_work_of_training_is_found() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Conv2D(4, 3)])
    report = cnnstats.analyze(model)
    row = report.rows[1]
    lost = row._replace(training=row.training._replace(inputs=row.training.weights._replace(macs=0, inside=0)))
    wrong = replace(report, rows=(report.rows[0], lost))
    (check,) = wrong.verify(model, only=["training"]).verification.differing
    assert check.quantity == "train_macs"
    assert report.verify(only=["training"]).verification.differing == ()
