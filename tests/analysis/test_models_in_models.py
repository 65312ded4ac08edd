"""A model that writes its own `call` and holds others, however these are built, is followed into all of them."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats

MAP = (16, 16, 3)


def functional() -> keras.Model:
    x = keras.Input(MAP)
    return keras.Model(x, layers.Conv2D(4, 3, name="conv")(x), name="inner")


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input(MAP), layers.Conv2D(4, 3, name="conv")], name="inner")


def unbuilt() -> keras.Model:
    return keras.Sequential([layers.Conv2D(4, 3, name="conv")], name="inner")


class Written(keras.Model):
    """Calls one model inside, `call` by `call` of its own as deep as wanted."""

    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner
        self.kept, self.by_name = [inner], {"inner": inner}

    def call(self, x: Any) -> Any:
        return self.inner(x)


@pytest.mark.parametrize("make", [functional, sequential, unbuilt])
@pytest.mark.parametrize("depth", [1, 2])
def test_models_inside_are_followed_and_stay_as_they_were(make: Callable[[], keras.Model], depth: int) -> None:
    inner = make()
    model: Any = inner
    for _ in range(depth):
        model = Written(model)
    before = dict(vars(model)), list(vars(model)["kept"]), dict(vars(model)["by_name"])
    reports = [cnnstats.analyze(model, input_shape=MAP) for _ in range(2)]
    (row,) = reports[0].rows
    assert row.layer.endswith("inner/conv")
    assert row.macs == 14 * 14 * 27 * 4
    assert (row.receptive_field, row.params) == ((3, 3), 112)
    assert reports[0].rows == reports[1].rows
    after = dict(vars(model)), list(vars(model)["kept"]), dict(vars(model)["by_name"])
    assert [each is other for each, other in zip(after[0].values(), before[0].values(), strict=True)].count(False) == 0
    assert after[1:] == before[1:]


@pytest.mark.parametrize("make", [functional, sequential])
def test_a_written_model_in_a_functional_one(make: Callable[[], keras.Model]) -> None:
    x = keras.Input(MAP)
    report = cnnstats.analyze(keras.Model(x, layers.Dense(2, name="dense")(Written(make(), name="outer")(x))))
    assert [row.layer for row in report.rows] == ["outer/inner/conv", "dense"]
    assert report.totals.unknown_rows == 0
