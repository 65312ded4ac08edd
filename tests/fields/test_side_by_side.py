"""Windows side by side in one layer: its rule says so, and its field is held against the gradient."""

from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import FUNCTIONS, Beside, Elementwise, Pooling
from keras_cnnstats.rules import sliding


class Both(layers.Layer):
    """The sum of the means over two windows."""

    def __init__(self, first: Any, second: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.windows = first, second

    def call(self, x: Any) -> Any:
        first, second = [ops.average_pool(x, window, 1, "same") for window in self.windows]
        return first + second


def both(call: Any) -> list[Any]:
    x, y = call.input, call.output
    windows = [sliding(x, y, window, 1, "same") for window in call.layer.windows]
    first, second = [Pooling(windows=each, channels=x.channels, average=True) for each in windows]
    return [first, Beside(primitive=second), Elementwise(cost=FUNCTIONS["add"], elements=y.elements)]


def network(first: Any, second: Any) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((13, 13, 2)),
            layers.Conv2D(3, 3, strides=2, padding="same", name="before"),
            Both(first, second, name="both"),
            layers.Conv2D(2, 3, name="behind"),
        ]
    )


@pytest.mark.parametrize(
    ("first", "second", "own", "behind"),
    [
        ((5, 3), (3, 5), (11, 11), (15, 15)),
        (3, 5, (11, 11), (15, 15)),
        (5, 3, (11, 11), (15, 15)),
        (3, 3, (7, 7), (11, 11)),
    ],
)
def test_windows_side_by_side_see_what_either_sees(first: Any, second: Any, own: Any, behind: Any) -> None:
    report = cnnstats.analyze(network(first, second), rules={Both: both})
    assert (report["both"].receptive_field, report["both"].aligned) == (own, True)
    assert report["behind"].receptive_field == behind
    assert report["both"].disagreements == ()
    verification = report.verify(only=["fields"]).verification
    assert verification is not None
    assert [check.verdict for check in verification.checks] == ["confirmed"] * 3


def test_windows_side_by_side_may_lie_elsewhere() -> None:
    report = cnnstats.analyze(network(2, 3), rules={Both: both})
    row = report["both"]
    assert (row.receptive_field, row.aligned, row.disagreements) == ((7, 7), False, ("R4",))
    verification = report.verify(only=["fields"]).verification
    assert verification is not None
    assert verification.differing == ()


def test_what_stands_side_by_side_is_trained_as_when_it_is_followed() -> None:
    model = network(3, 5)
    ruled, followed = cnnstats.analyze(model, rules={Both: both}), cnnstats.analyze(model)
    assert ruled.totals.train_macs == followed.totals.train_macs
    assert ruled.totals.flops == followed.totals.flops
