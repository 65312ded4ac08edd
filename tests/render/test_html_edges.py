"""Which row reads which, as an analysis finds out."""

from typing import Any

import keras

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report

layers = keras.layers


def sources(report: Report) -> dict[tuple[str, int], list[tuple[str, int]]]:
    """For each row those whose outputs it reads."""
    names = [(row.layer, row.call) for row in report]
    return {(row.layer, row.call): [names[number] for number in row.inputs] for row in report}


def test_branches_and_a_layer_called_twice() -> None:
    image = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    first = shared(image)
    out = layers.Add(name="add")([shared(first), first])
    found = sources(cnnstats.analyze(keras.Model(image, out)))
    assert found["shared", 1] == [("shared", 0)]
    assert found["add", 0] == [("shared", 1), ("shared", 0)]


def test_a_tensor_read_twice_is_named_once() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.ReLU(name="relu")(image)
    found = sources(cnnstats.analyze(keras.Model(image, layers.Multiply(name="square")([x, x]))))
    assert found["square", 0] == [("relu", 0)]


def test_a_model_in_a_model() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")], name="inner")
    image = keras.Input((8, 8, 3))
    x = layers.ReLU(name="before")(image)
    x = layers.ReLU(name="behind")(inner(x))
    found = sources(cnnstats.analyze(keras.Model(image, x)))
    assert found["inner/conv", 0] == [("before", 0)]
    assert found["behind", 0] == [("inner/conv", 0)]


def test_a_model_that_writes_its_own_call() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Conv2D(4, 3, name="first"), layers.Conv2D(4, 3, name="second")

        def call(self, image: Any) -> Any:
            x = self.first(image)
            return self.second(x) + x[:, 1:-1, 1:-1]

    report = cnnstats.analyze(Own(), input_shape=(8, 8, 3))
    found = sources(report)
    assert found["first", 0] == []
    assert found["second", 0] == [("first", 0)]
    assert ("second", 0) in list(found.values())[-1]


def test_rows_read_rows_before_them() -> None:
    report = cnnstats.analyze(keras.applications.MobileNetV3Small(weights=None))
    assert all(number < place for place, row in enumerate(report) for number in row.inputs)
    assert sum(not row.inputs for row in report) == 1
