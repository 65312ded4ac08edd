"""Layers that do something else in training than at inference: normalization by the batch, dropout."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats import units
from tests.analysis.test_training import stack


def test_batch_normalization_takes_its_statistics_from_the_batch_unless_it_is_frozen() -> None:
    model = stack(layers.BatchNormalization(name="norm"), shape=(5,))
    learning = cnnstats.analyze(model, batch_size=4)["norm"].training
    model.trainable = False
    frozen = cnnstats.analyze(model, batch_size=4)["norm"].training
    assert learning is not None
    assert frozen is not None
    # Mean 4, distances, squares and their mean 12, the small number 1, moving statistics 6; then 3 for each value.
    assert learning.forward.arithmetic == 5 * (4 + 12 + 1 + 6) + 3 * 20
    assert frozen == units.Training(forward=frozen.forward)
    assert frozen.forward.arithmetic == 2 * 20


def test_dropout_compares_and_multiplies_in_training_alone() -> None:
    model = stack(layers.Dense(8), layers.Dropout(0.5, name="dropout"), shape=(10,))
    row = cnnstats.analyze(model)["dropout"]
    assert row.training is not None
    assert (row.flops, row.training.forward.arithmetic, row.training.inputs.arithmetic) == (0, 16, 8)


DROPPED: dict[str, tuple[Any, int, int]] = {
    # The layer, and its steps over two samples of 4 x 3 values: forward, and towards the input.
    "each value": (layers.Dropout(0.5), 2 * (12 + 12), 2 * 12),
    "whole channels": (layers.SpatialDropout1D(0.5), 2 * (3 + 12), 2 * 12),
    "whole channels by a shape": (layers.Dropout(0.5, noise_shape=(None, 1, None)), 2 * (3 + 12), 2 * 12),
    "the same of all samples": (layers.Dropout(0.5, noise_shape=(1, 4, 1)), 4 + 2 * 12, 2 * 12),
    "whole steps, kept alike": (layers.AlphaDropout(0.5, noise_shape=(None, None, 1)), 2 * (4 + 2 * 12), 2 * 2 * 12),
    "nothing": (layers.SpatialDropout1D(0.0), 0, 0),
}


@pytest.mark.parametrize("name", DROPPED)
def test_dropout_compares_what_it_draws_and_multiplies_each_value(name: str) -> None:
    layer, forward, towards = DROPPED[name]
    layer.name = "dropped"
    model = stack(layers.Dense(3), layer, shape=(4, 3))
    training = cnnstats.analyze(model, batch_size=2)["dropped"].training
    assert training is not None
    assert (training.forward.arithmetic, training.inputs.arithmetic) == (forward, towards)


def test_batch_renormalization_keeps_more_statistics_and_is_unknown_unless_it_is_frozen() -> None:
    model = stack(layers.BatchNormalization(renorm=True, name="norm"), shape=(5,))
    learning = cnnstats.analyze(model, batch_size=4)["norm"]
    model.trainable = False
    frozen = cnnstats.analyze(model, batch_size=4)["norm"]
    assert (learning.params, learning.training) == (7 * 5, None)
    assert frozen.training is not None
    assert frozen.training.forward.arithmetic == 2 * 20


def test_what_a_layer_of_a_functional_model_is_told_fit_and_predict_overrule() -> None:
    x = keras.Input((10,))
    model = keras.Model(x, layers.Dropout(0.5)(x, training=True))
    assert not (model.predict(np.ones((1, 10)), verbose=0) == 0).any()  # when it drops some, count them
    assert cnnstats.analyze(model).totals.flops == 0
    norm = layers.BatchNormalization()
    model = keras.Model(x, norm(x, training=False))
    model.compile(loss="mse")
    model.fit(np.ones((2, 10)), np.ones((2, 10)), verbose=0)
    assert norm.moving_mean.numpy().all()  # when they stay 0, count the moving ones
    row = cnnstats.analyze(model, batch_size=2).rows[0]
    assert row.training is not None
    assert row.training.forward.arithmetic > 2 * 20
