"""Bytes under mixed precision: activations in the dtype of the computation, weights in that of the variables."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.quantised import chain

NO_FLOAT64 = pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has float64 only where it is switched on")
POLICIES = [
    ("mixed_float16", 4, 2),
    ("mixed_bfloat16", 4, 2),
    ("bfloat16", 2, 2),
    ("float32", 4, 4),
    pytest.param("float64", 8, 8, marks=NO_FLOAT64),
]


@pytest.mark.parametrize(("policy", "weight", "activation"), POLICIES)
def test_bytes_go_by_what_is_stored_and_what_is_computed(policy: str, weight: int, activation: int) -> None:
    model = chain((8, 8, 3), layers.Conv2D(4, 3, dtype=policy), layers.BatchNormalization(dtype=policy))
    report = cnnstats.analyze(model)
    assert report.totals.param_bytes == weight * report.totals.params == weight * (112 + 16)
    assert [row.activation_bytes for row in report] == [activation * 6 * 6 * 4] * 2


def test_without_autocast_the_inputs_stay_what_they_are() -> None:
    row = cnnstats.analyze(chain((5,), layers.Dense(7, autocast=False))).rows[0]
    assert (row.macs_by_type, row.activation_bytes, row.param_bytes) == ({"float32": 35}, 28, 168)
