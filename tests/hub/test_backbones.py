"""Backbones of keras-hub: no row is unknown, and MACs are those that the backend is about to run."""

import importlib
from contextlib import nullcontext
from functools import cache
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats import Report

pytest.importorskip("keras_hub", reason="`make test-hub` installs keras-hub")
if keras.backend.backend() not in ("tensorflow", "jax"):
    pytest.skip("no count of the backend's own", allow_module_level=True)

from tests.hub.backbones import BACKBONES

oracle: Any = importlib.import_module(f"tests.hub.{keras.backend.backend()}_oracle")
RUNNABLE = [name for name, backbone in BACKBONES.items() if keras.backend.backend() in backbone.runs_on]
each = pytest.mark.parametrize("name", RUNNABLE)
pytestmark = pytest.mark.filterwarnings("ignore")  # of keras-hub's, which are not ours to mend


@cache
def built(name: str) -> Any:
    keras.utils.clear_session()
    # JAX compiles an initializer for each shape of a weight, and its programs need no values.
    with cnnstats.abstract() if keras.backend.backend() == "jax" else nullcontext():
        return BACKBONES[name].build()


@cache
def report(name: str) -> Report:
    return cnnstats.analyze(built(name), input_shape=BACKBONES[name].shapes)


@each
def test_no_row_is_unknown(name: str) -> None:
    assert {row.type: row.note for row in report(name) if row.work is None}.keys() == BACKBONES[name].unknown


@each
def test_macs_are_those_of_the_backend(name: str) -> None:
    backbone = BACKBONES[name]
    assert report(name).totals.macs == oracle.macs(built(name), backbone.fed(built(name)))


@each
def test_parameters_are_those_of_keras(name: str) -> None:
    assert report(name).totals.params == built(name).count_params()
    assert sum(row.params for row in report(name)) == report(name).totals.params


# The oracle itself


def test_oracle_counts_a_convolution_and_a_product() -> None:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", groups=1)(image)
    x = keras.layers.DepthwiseConv2D(3)(x)
    x = keras.layers.Conv2DTranspose(5, 2, strides=2)(x)
    model = keras.Model(image, keras.layers.Dense(7)(x))
    by_hand = 64 * 9 * 3 * 4 + 36 * 9 * 4 + 36 * 4 * 4 * 5 + 144 * 5 * 7
    assert oracle.macs(model, keras.KerasTensor((1, 8, 8, 3))) == by_hand


class TimesConstant(keras.layers.Layer):
    """A product with a matrix that is itself a product, of numbers that stand in the code."""

    def call(self, x):
        return keras.ops.matmul(x, keras.ops.matmul(keras.ops.ones((3, 5)), keras.ops.ones((5, 2))))


def test_oracle_leaves_out_constants() -> None:
    x = keras.Input((4, 3))
    assert oracle.macs(keras.Model(x, TimesConstant()(x)), keras.KerasTensor((1, 4, 3))) == 4 * 3 * 2
