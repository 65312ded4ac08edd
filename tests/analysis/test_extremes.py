"""Models of extreme size: no positions, more work than 64 bits hold, deep nesting, long chains."""

import sys

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats


def test_axis_without_positions_costs_nothing():
    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(3, 3, padding="same", name="conv")(image[:, :0])
    report = cnnstats.analyze(keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x))))
    assert [row.macs for row in report] == [0, 0, 0, 6]
    assert report["conv"].output_shape == (None, 0, 8, 3)


def test_more_work_than_a_machine_integer_holds():
    width = 10**9 + 7
    with cnnstats.abstract():
        model = keras.Sequential([keras.Input((width,)), layers.Dense(width, name="first"), layers.Dense(width)])
    report = cnnstats.analyze(model, batch_size=1000)
    assert report.totals.macs == 2000 * width**2 > 2**63


def test_two_hundred_nested_models():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inner")])
    for depth in range(200):
        vector = keras.Input((4,))
        model = keras.Model(vector, model(vector), name=f"model_{depth}")
    (row,) = cnnstats.analyze(model)
    assert (row.macs, row.layer.count("/")) == (16, 200)


def test_layers_nested_in_layers():
    class Nest(layers.Layer):
        def __init__(self, inner, **arguments):
            super().__init__(**arguments)
            self.inner = inner

        def call(self, x):
            return self.inner(x) + 1

    layer = layers.Dense(4)
    for depth in range(12):
        layer = Nest(layer, name=f"nest_{depth}")
    vector = keras.Input((4,))
    report = cnnstats.analyze(keras.Model(vector, layer(vector)))
    assert report.totals.macs == 16
    assert [row.flops for row in report.rows[1:]] == [4] * 12


@pytest.mark.parametrize("length", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_long_chain(length, request):
    # Keras builds chains by recursion, and we read them without.
    limit = sys.getrecursionlimit()
    request.addfinalizer(lambda: sys.setrecursionlimit(limit))
    sys.setrecursionlimit(50 * length)
    x = vector = keras.Input((4,))
    for _ in range(length):
        x = layers.ReLU()(x)
    model = keras.Model(vector, x)
    sys.setrecursionlimit(limit)
    report = cnnstats.analyze(model)
    assert (len(report.rows), report.totals.flops) == (length, 4 * length)
