"""Models with shapes and no memory."""

import tracemalloc

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.backend.common import global_state

import keras_cnnstats as cnnstats
from tests.analysis.models import small_cnn


def waiting() -> list[object]:
    return list(global_state.get_global_attribute("uninitialized_variables", []))


def test_weights_have_shapes_and_no_values():
    with cnnstats.abstract():
        model = keras.Sequential([keras.Input((1_000_000,)), layers.Dense(1_000_000)])
    assert model.count_params() == 1_000_001_000_000
    assert all(weight._value is None for weight in model.weights)


def test_the_report_is_that_of_the_real_model():
    real = small_cnn()
    with cnnstats.abstract():
        model = small_cnn()
    assert cnnstats.analyze(model) == cnnstats.analyze(real)


def test_nothing_is_left_behind():
    before = waiting()
    layers.Dense(1)
    with cnnstats.abstract():
        small_cnn()
    assert waiting() == before
    assert not keras.src.backend.common.stateless_scope.in_stateless_scope()


def test_nothing_is_left_behind_when_building_fails():
    before, number = waiting(), int(layers.Dense(1).name.rpartition("_")[2] or 0)
    with pytest.raises(ValueError, match="strides"), cnnstats.abstract():
        keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Conv2D(2, 3, strides=0)])
    assert waiting() == before
    assert layers.Dense(1).name == f"dense_{number + 1}"


def test_a_real_model_afterwards_has_weights():
    with cnnstats.abstract():
        small_cnn()
    assert small_cnn().weights[0].numpy().shape == (3, 3, 3, 8)


def test_variables_of_an_outer_scope_still_get_their_values():
    with keras.StatelessScope():
        dense = layers.Dense(2)
        dense.build((None, 3))
        with cnnstats.abstract():
            small_cnn()
    assert dense.kernel.numpy().shape == (3, 2)


def test_scopes_nest():
    with cnnstats.abstract():
        with cnnstats.abstract():
            inner = small_cnn()
        outer = small_cnn()
    assert inner.weights[0]._value is None
    assert outer.weights[0]._value is None


@pytest.fixture
def no_values(monkeypatch):
    """Raises where an initializer makes an array. Within a trace, where some layers are called, it makes a symbol."""

    def refusing(make):
        def called(self, *arguments, **more):
            made = make(self, *arguments, **more)
            try:
                np.asarray(made)
            except Exception:
                return made
            raise AssertionError(f"{type(self).__name__} was asked for values")

        return called

    waiting = [keras.initializers.Initializer]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "__call__" in vars(kind):
            monkeypatch.setattr(kind, "__call__", refusing(vars(kind)["__call__"]))


@pytest.mark.usefixtures("no_values")
def test_no_weight_gets_values():
    tracemalloc.start()
    try:
        with cnnstats.abstract():
            model = keras.applications.ConvNeXtTiny(weights=None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    weights = 4 * model.count_params()
    assert weights > 100e6
    # 3 MB measured: layers and their configurations.
    assert peak < weights / 20


@pytest.mark.usefixtures("no_values")
def test_that_this_would_notice_values():
    with pytest.raises(AssertionError, match="GlorotUniform was asked for values"):
        layers.Dense(3).build((None, 2))
