"""The work of an analysis grows with the number of calls and with nothing else: counted in calls of functions."""

import sys
from collections.abc import Callable

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from benchmarks.speed.giants import built, chain
from keras_cnnstats.field import through
from tests.analysis.counted import calls


def wide(count: int) -> keras.Model:
    image = keras.Input((8, 8, 4))
    branches = [layers.Conv2D(4, 1 + 2 * (number % 2), padding="same")(image) for number in range(count)]
    return keras.Model(image, layers.Add()(branches))


def nested(count: int) -> keras.Model:
    model = None
    for _ in range(count):
        x = image = keras.Input((8,))
        x = layers.Dense(8)(x if model is None else model(x))
        model = keras.Model(image, x)
    return model


def calls_per_row(model: keras.Model) -> float:
    """Calls of functions, those of C included, for each row: for a second time, as what is met once is kept."""
    rows = len(cnnstats.analyze(model))
    return calls(lambda: cnnstats.analyze(model)) / rows


@pytest.mark.parametrize(("make", "few", "many"), [(chain, 200, 1000), (wide, 200, 2000), (nested, 50, 300)])
def test_each_call_takes_as_long_in_a_larger_model(make: Callable[[int], keras.Model], few: int, many: int) -> None:
    assert calls_per_row(built(make, many)) < 1.05 * calls_per_row(built(make, few))


@pytest.mark.slow
@pytest.mark.parametrize(("make", "many"), [(chain, 20_000), (wide, 20_000), (nested, 1000)])
def test_each_call_takes_as_long_in_a_giant(make: Callable[[int], keras.Model], many: int) -> None:
    # A giant has more fields than are kept: none is, in either of them.
    found = []
    for count in (200, many):
        model = built(make, count)
        rows = len(cnnstats.analyze(model))
        through.cache_clear()
        found.append(calls(lambda model=model: cnnstats.analyze(model)) / rows)
    assert found[1] < 1.05 * found[0]


def test_what_is_nested_deeper_than_python_calls() -> None:
    """Each level takes no frame of Python's."""
    model = built(nested, 600)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        report = cnnstats.analyze(model)
    finally:
        sys.setrecursionlimit(limit)
    assert (len(report), report.totals.params) == (600, 600 * 72)
    assert report.rows[0].layer.count("/") == 599
    nested_sizes = [item.actual for item in report.disagreements if item.code == "K3"]
    assert nested_sizes == [72 * size for size in range(599, 0, -1)]


def test_weights_of_nested_models_that_share_layers() -> None:
    """Where something is held twice, sizes are no sums."""
    shared = layers.Dense(8)
    inner = keras.Sequential([keras.Input((8,)), shared, layers.Dense(8)])
    x = image = keras.Input((8,))
    model = keras.Model(image, shared(inner(x)))
    outer = keras.Sequential([keras.Input((8,)), model])
    report = cnnstats.analyze(outer)
    assert report.totals.params == outer.count_params() == 144
    assert [item.actual for item in report.disagreements if item.code == "K3"] == [144, 144]
