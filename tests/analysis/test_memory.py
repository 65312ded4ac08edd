"""Bytes of weights and activations, against what can be worked out by hand."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import open_sizes

A_MAP = 16 * 16 * 8 * 4
"""Bytes of a map of 16 x 16 positions and 8 channels in float32."""


def chain(*stack: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((16, 16, 8)), *stack])


def residual() -> keras.Model:
    image = keras.Input((16, 16, 8))
    x = layers.Conv2D(8, 3, padding="same", name="first")(image)
    x = layers.ReLU(name="relu")(x)
    return keras.Model(image, layers.Add(name="sum")([image, x]))


def test_a_chain_keeps_what_a_call_reads_and_makes():
    memory = cnnstats.analyze(chain(layers.ReLU(name="a"), layers.ReLU(name="b"), layers.ReLU(name="c"))).memory
    assert memory.peak_activation_bytes == 2 * A_MAP
    assert memory.activation_bytes == 4 * A_MAP


def test_a_residual_keeps_its_input_until_it_is_added():
    memory = cnnstats.analyze(residual()).memory
    assert memory.peak_activation_bytes == 3 * A_MAP
    assert memory.peak_layer == "relu"


def test_the_peak_is_where_the_maps_are_large():
    model = chain(layers.Conv2D(64, 1, name="wide"), layers.Conv2D(8, 1, name="narrow"), layers.ReLU())
    memory = cnnstats.analyze(model).memory
    assert (memory.peak_activation_bytes, memory.peak_layer) == (A_MAP + 8 * A_MAP, "wide")


def test_an_output_in_the_middle_is_kept_to_the_end():
    image = keras.Input((16, 16, 8))
    first = layers.ReLU()(image)
    x = layers.ReLU()(layers.ReLU()(layers.ReLU()(first)))
    assert cnnstats.analyze(keras.Model(image, [first, x])).memory.peak_activation_bytes == 3 * A_MAP


def test_activations_grow_with_the_batch_and_weights_do_not():
    one, four = cnnstats.analyze(residual()), cnnstats.analyze(residual(), batch_size=4)
    assert four.memory.peak_activation_bytes == 4 * one.memory.peak_activation_bytes
    assert four.totals.param_bytes == one.totals.param_bytes == 4 * one.totals.params


@pytest.mark.parametrize(("policy", "weights", "activations"), [("mixed_float16", 4, 2), ("bfloat16", 2, 2)])
def test_bytes_go_by_dtype(policy, weights, activations):
    model = keras.Sequential([keras.Input((16, 16, 8)), layers.Conv2D(8, 1, dtype=policy)])
    row = cnnstats.analyze(model).rows[0]
    assert row.param_bytes == row.params * weights
    assert row.activation_bytes == A_MAP // 4 * activations


def test_columns_sum_to_the_totals():
    report = cnnstats.analyze(residual())
    assert sum(row.param_bytes for row in report) == report.totals.param_bytes
    assert sum(row.activation_bytes for row in report) + A_MAP == report.memory.activation_bytes


def test_unknown_sizes_leave_the_memory_unknown():
    report = cnnstats.analyze(open_sizes())
    assert report.memory.peak_activation_bytes is None
    assert report.memory.activation_bytes is None
    assert "Activation bytes" in str(report)
    assert report.totals.param_bytes == 4 * report.totals.params


def test_memory_survives_json():
    report = cnnstats.analyze(residual())
    assert cnnstats.Report.from_json(report.to_json()) == report
