"""A model that fixes its batch is measured as it is counted: for the batch of the report."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_a_fixed_batch_is_measured_for_that_of_the_report(batch_size: int) -> None:
    model = keras.Sequential(
        [keras.Input(batch_shape=(16, 8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)]
    )
    verified = cnnstats.analyze(model, batch_size=batch_size).verify(only=["work", "training"])
    assert verified.totals.macs == batch_size * (6 * 6 * 27 * 4 + 144 * 3)
    assert verified.verification.counts["differs"] == verified.verification.counts["not comparable"] == 0
