"""Poolings: who won, what share each has, and what comes back; held against Keras and against gradients."""

import keras
import numpy as np
import pytest

from keras_cnnstats.explaining import PoolingExplanation, explain
from tests.explaining.tables import some
from tests.layers.configurations import WITH_TORCH, WITH_TWIN, arranged
from tests.layers.running import assert_close, run

ROWS = some([*WITH_TWIN, *WITH_TORCH], "Pooling")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_forwards_and_backwards(row):
    layer, images = row.built("float64"), arranged(row.numbers(), row.data_format)
    shown = explain(layer, images[0], channel=2)
    assert isinstance(shown, PoolingExplanation)
    made = run(layer, images[:1], np.ones(layer.compute_output_shape(images[:1].shape)))
    axis = 0 if row.data_format == "channels_first" else -1
    assert_close(shown.output, np.take(made.output[0], 2, axis=axis), 1e-10)
    assert_close(shown.gradient, np.take(made.gradients[0][0], 2, axis=axis), 1e-10)
    assert shown.gradient.sum() == pytest.approx(shown.output.size)


@pytest.mark.parametrize("row", [row for row in ROWS if "Max" in row.layer], ids=str)
def test_the_winners_are_the_outputs(row):
    shown = explain(row.built("float64"), arranged(row.numbers(), row.data_format)[0], channel=1)
    assert np.array_equal(shown.input[tuple(np.moveaxis(shown.winners, -1, 0))], shown.output)


def test_maximum_gives_all_to_the_largest():
    x = np.array([[1, 3, 2, 1], [4, 6, 5, 0], [7, 2, 9, 8], [1, 0, 3, 4]])
    shown = explain(keras.layers.MaxPooling2D(2), x)
    assert shown.output.tolist() == [[6, 5], [7, 9]]
    assert shown.winners.tolist() == [[[1, 1], [1, 2]], [[2, 0], [2, 2]]]
    assert shown.gradient.tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert shown.shares is None


def test_mean_gives_a_share_to_each():
    shown = explain(keras.layers.AveragePooling2D(2), np.arange(16).reshape(4, 4))
    assert shown.output.tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert np.array_equal(shown.gradient, np.full((4, 4), 1 / 4))
    assert np.array_equal(shown.shares, np.full((2, 2), 1 / 4))
    assert shown.winners is None


def test_padding_has_no_share():
    shown = explain(keras.layers.AveragePooling1D(3, strides=2, padding="same"), np.array([[1.0], [2], [3]]))
    assert shown.shares.tolist() == [1 / 2, 1 / 2]
    assert shown.gradient.tolist() == [1 / 2, 1, 1 / 2]


def test_overlapping_windows_add_up():
    shown = explain(keras.layers.MaxPooling1D(2, strides=1), np.array([[1.0], [5], [2]]))
    assert shown.gradient.tolist() == [0, 2, 0]


def test_of_equals_the_first_in_reading_order_wins():
    shown = explain(keras.layers.MaxPooling2D(2), np.zeros((4, 2)))
    assert shown.winners.tolist() == [[[0, 0]], [[2, 0]]]


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_is_one_window(kind, keepdims):
    layer = getattr(keras.layers, f"Global{kind}Pooling2D")(keepdims=keepdims)
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    shown = explain(layer, x, channel=1)
    assert shown.output.shape == (1, 1)
    assert shown.output[0, 0] == pytest.approx(x[..., 1].max() if kind == "Max" else x[..., 1].mean(), rel=1e-6)
    assert shown.gradient.sum() == pytest.approx(1)
