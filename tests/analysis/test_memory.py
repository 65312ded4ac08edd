"""Bytes of weights and activations, against what can be worked out by hand."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import open_sizes
from tests.analysis.quantised import BLOCKS, ONE_SCALE, quantised

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


def compiled(optimizer) -> keras.Model:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()])
    model.compile(optimizer, "mse")
    return model


STATES = {
    # Beside the moments of each of 112 + 8 trainable weights: iterations and learning rate.
    "SGD": (lambda: keras.optimizers.SGD(), 2),
    "momentum": (lambda: keras.optimizers.SGD(momentum=0.9), 2 + 120),
    "Adam": (lambda: keras.optimizers.Adam(), 2 + 2 * 120),
    "amsgrad": (lambda: keras.optimizers.Adam(amsgrad=True), 2 + 3 * 120),
    "Lion": (lambda: keras.optimizers.Lion(), 2 + 120),
    "averaged": (lambda: keras.optimizers.SGD(use_ema=True), 2 + 120),
    "a schedule": (lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10)), 1),
}


@pytest.mark.parametrize("name", STATES)
def test_the_optimizer_keeps_its_state(name):
    make, values = STATES[name]
    model = compiled(make())
    before = cnnstats.analyze(model).memory
    assert not model.optimizer.built
    model.optimizer.build(model.trainable_variables)
    assert cnnstats.analyze(model).memory == before
    assert sum(variable.numpy().size for variable in model.optimizer.variables) == values
    assert before.optimizer_bytes == sum(variable.numpy().nbytes for variable in model.optimizer.variables)
    assert before.gradient_bytes == 4 * 120
    assert before.param_bytes == 4 * 128
    assert before.training_bytes == before.optimizer_bytes + 4 * 248 + before.activation_bytes


def test_the_state_of_some_optimizers_is_known_once_it_is_built():
    model = compiled("nadam")
    report = cnnstats.analyze(model)
    assert (report.memory.optimizer_bytes, report.memory.training_bytes) == (None, None)
    assert "state of Nadam unknown" in str(report)
    model.optimizer.build(model.trainable_variables)
    assert cnnstats.analyze(model).memory.optimizer_bytes > 8 * 120


def test_frozen_weights_have_no_gradient_and_no_state():
    model = compiled("adam")
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    memory = cnnstats.analyze(model).memory
    assert (memory.gradient_bytes, memory.param_bytes) == (4 * 8, 4 * 128)
    assert memory.optimizer_bytes < cnnstats.analyze(compiled("adam")).memory.optimizer_bytes


def test_a_model_that_is_not_compiled_has_no_optimizer():
    memory = cnnstats.analyze(residual()).memory
    assert (memory.optimizer, memory.optimizer_bytes, memory.training_bytes) == ("", None, None)
    assert memory.inference_bytes == memory.param_bytes + memory.peak_activation_bytes


def test_each_call_moves_what_it_reads_and_makes_and_its_weights():
    report = cnnstats.analyze(residual())
    first, relu, added = report.rows
    assert first.moved_bytes == 2 * A_MAP + first.param_bytes
    assert relu.moved_bytes == 2 * A_MAP
    assert added.moved_bytes == 3 * A_MAP
    assert relu.intensity == relu.flops / (2 * A_MAP)


def test_a_map_that_is_read_twice_moves_once():
    image = keras.Input((16, 16, 8))
    assert cnnstats.analyze(keras.Model(image, layers.Add()([image, image]))).rows[0].moved_bytes == 2 * A_MAP


def test_a_shared_layer_reads_its_weights_in_each_call():
    dense = layers.Dense(4)
    x = keras.Input((4,))
    first, second = cnnstats.analyze(keras.Model(x, dense(dense(x)))).rows
    assert first.moved_bytes == second.moved_bytes == 4 * (4 + 4 + 20)


def test_a_look_up_reads_its_rows_and_not_the_table():
    model = keras.Sequential([keras.Input((10,), dtype="int32"), layers.Embedding(1_000_000, 8)])
    row = cnnstats.analyze(model).rows[0]
    assert row.moved_bytes == 4 * (10 + 80 + 80)
    assert row.param_bytes == 32_000_000


def looked_up(layer, mode=None, config=None, rank=0, shape=(10,), batch_size=1):
    """Bytes of the weights that a look-up of ten indices moves, beside the indices and its outputs."""
    model = keras.Sequential([keras.Input(shape, dtype="int32"), layer])
    row = cnnstats.analyze(quantised(model, mode, config, rank), batch_size=batch_size).rows[-1]
    return row.moved_bytes - batch_size * 4 * 10 - row.activation_bytes


LOOK_UPS = {
    "rows": (lambda: looked_up(layers.Embedding(1000, 64)), 10 * 64 * 4),
    "a batch": (lambda: looked_up(layers.Embedding(1000, 64), batch_size=3), 30 * 64 * 4),
    "more indices than rows": (lambda: looked_up(layers.Embedding(7, 64)), 7 * 64 * 4),
    "half precision": (lambda: looked_up(layers.Embedding(1000, 64, dtype="mixed_float16")), 10 * 64 * 4),
    "rows and scales": (lambda: looked_up(layers.Embedding(1000, 64), "int8"), 10 * (64 + 4)),
    # The thin matrix behind the rows is read as a whole.
    "beside a product": (lambda: looked_up(layers.Embedding(1000, 64), "int8", rank=2), 10 * (64 + 4 + 8) + 4 * 2 * 64),
    # The table that rows are picked from is made of all weights.
    "a sum of tables": (lambda: looked_up(layers.Embedding(1000, 64), rank=2), 4 * (64_000 + 2_000 + 2 * 64)),
    "unpacked": (lambda: looked_up(layers.Embedding(1000, 64), config=ONE_SCALE), 32_000 + 10 * 4),
    "in blocks": (
        lambda: looked_up(layers.Embedding(1000, 8), config=BLOCKS),
        4_000 + 10 * 2 * (4 + 1) + 8 * 4,
    ),
    "there and back": (lambda: looked_up(layers.ReversibleEmbedding(1000, 64, tie_weights=False)), 10 * 64 * 4),
    "over time": (lambda: looked_up(layers.TimeDistributed(layers.Embedding(1000, 64)), shape=(2, 5)), 10 * 64 * 4),
}


@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_look_up_reads_of_its_weights_the_rows_that_are_picked(name):
    found, expected = LOOK_UPS[name]
    assert found() == expected


def test_unknown_sizes_leave_the_bytes_moved_unknown():
    row = cnnstats.analyze(open_sizes()).rows[0]
    assert (row.moved_bytes, row.intensity) == (None, None)


def test_memory_survives_json():
    report = cnnstats.analyze(residual())
    assert cnnstats.Report.from_json(report.to_json()) == report
