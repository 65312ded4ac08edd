"""Convolutions of one tap with a stride: where TensorFlow's own gradient may end the process, in double precision."""

from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture
from keras_cnnstats.verify.doubled import is_doubled

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


class Picking(layers.Layer):
    """The same as an operation, with a kernel of its own."""

    def __init__(self, strides: int = 2, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.strides = strides

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(1, 1, shape[-1], 2), name="kernel")

    def call(self, x: Any) -> Any:
        return ops.conv(x, self.kernel, strides=self.strides)


def behind_a_window(layer: layers.Layer, size: int = 24) -> keras.Model:
    return keras.Sequential([keras.Input((size, size, 2)), layers.Conv2D(2, 3, padding="same"), layer])


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 1, strides=2),
        layers.Conv2D(2, 1, strides=3, padding="same"),
        layers.Conv2D(2, 1, strides=(1, 2), dtype="bfloat16"),
        Picking(),
    ],
    ids=["layer", "same", "half", "operation"],
)
@pytest.mark.parametrize("size", [24, 25])
def test_its_field_is_measured(layer: layers.Layer, size: int) -> None:
    model = behind_a_window(type(layer).from_config(layer.get_config()), size)
    verification = cnnstats.analyze(model).verify(only=["fields"]).verification
    assert verification is not None
    assert {check.verdict for check in verification.checks} == {"confirmed"}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(2, 1, strides=2), True),
        (layers.Conv2D(2, 1, strides=(1, 2)), True),
        (layers.Conv2D(2, 1), False),
        (layers.Conv2D(2, 3, strides=2), False),
        (Picking(), True),
        (Picking(strides=1), False),
    ],
)
def test_only_those_are_doubled(layer: layers.Layer, expected: bool) -> None:
    with capture(behind_a_window(layer), is_known=lambda target: target is not Picking) as graph:
        assert is_doubled(graph.calls[-1]) is (expected and ON_TENSORFLOW)
