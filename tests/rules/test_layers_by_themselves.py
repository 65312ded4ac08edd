"""Layers with a peculiarity that no entry of the zoo shows."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.rules.zoo_more import IMAGE, INFERENCE


@pytest.mark.parametrize("layer", INFERENCE, ids=lambda layer: layer.__name__)
def test_augmentation_passes_an_image_through_at_inference(layer: Any) -> None:
    images = np.random.default_rng(0).uniform(0, 255, size=(2, *IMAGE)).astype("float32")
    out = layer(**INFERENCE[layer])(images, training=False)
    np.testing.assert_array_equal(ops.convert_to_numpy(out), images)


def test_reversible_embedding_counts_its_table_once_and_its_products_in_reverse() -> None:
    tokens = keras.Input((8,), dtype="int32")
    layer = layers.ReversibleEmbedding(50, 6, logit_soft_cap=30.0)
    report = cnnstats.analyze(keras.Model(tokens, layer(layer(tokens), reverse=True)))
    forward, reverse = report.rows
    assert (forward.params, forward.macs, reverse.params, reverse.macs) == (300, 0, 0, 8 * 6 * 50)
    assert reverse.flops == 8 * 50 * (2 * 6 - 1) + 2 * 8 * 50
    assert reverse.transcendentals == 8 * 50
    assert report.unexplained == ()


@pytest.mark.parametrize("tied", [True, False])
def test_reversible_embedding_in_reverse_alone(tied: bool) -> None:
    x = keras.Input((8, 6))
    report = cnnstats.analyze(keras.Model(x, layers.ReversibleEmbedding(50, 6, tie_weights=tied)(x, reverse=True)))
    assert report.totals.params == (300 if tied else 600)
    assert report.unexplained == ()


def test_random_crop_says_what_keras_infers_wrongly() -> None:
    x = keras.Input(IMAGE)
    model = keras.Model(x, layers.RandomCrop(4, 5)(x))
    (row,) = cnnstats.analyze(model).rows
    assert row.work is None
    assert row.note.startswith("at inference Keras returns the image uncut")
    images = np.ones((1, *IMAGE), "float32")
    # When Keras cuts or infers the whole image, drop the gap.
    assert model.output_shape[1:] == (4, 5, 3)
    assert layers.RandomCrop(4, 5)(images, training=False).shape == images.shape
