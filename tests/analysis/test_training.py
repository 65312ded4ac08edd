"""Work in training: which gradients are needed, what meets where, and what is unknown."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import Sequential, layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import units
from keras_cnnstats.primitives import FUNCTIONS, SLOPES, Cost, Elementwise
from keras_cnnstats.reports import Report
from tests.rules.test_applications import NETWORKS, analyzed

MAP = (9, 7, 3)


def stack(*rest: Any, shape: tuple[int, ...] = MAP) -> keras.Model:
    return Sequential([keras.Input(shape), *rest])


def convolutions() -> keras.Model:
    return stack(layers.Conv2D(4, 3, name="a"), layers.Conv2D(5, 3, name="b"), layers.Conv2D(6, 3, name="c"))


def parts(report: Report, layer: str) -> tuple[int, int, int]:
    """MACs of a row: forward, towards the inputs, towards the weights."""
    training = report[layer].training
    assert training is not None
    return training.forward.macs, training.inputs.macs, training.weights.macs


# Which gradients


def test_plain_network_takes_three_times_the_forward_pass_less_the_gradient_towards_what_it_is_fed() -> None:
    report = cnnstats.analyze(convolutions())
    assert report.totals.train_macs == 3 * report.totals.macs - (report["a"].macs or 0)


def test_frozen_network_runs_forward_alone() -> None:
    model = convolutions()
    model.trainable = False
    totals = cnnstats.analyze(model).totals
    assert (totals.train_macs, totals.train_flops) == (totals.macs, totals.flops)


@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        ((), {"a": (1, 0, 1), "b": (1, 1, 1), "c": (1, 1, 1)}),
        (("a",), {"a": (1, 0, 0), "b": (1, 0, 1), "c": (1, 1, 1)}),
        (("b",), {"a": (1, 0, 1), "b": (1, 1, 0), "c": (1, 1, 1)}),
        (("a", "b"), {"a": (1, 0, 0), "b": (1, 0, 0), "c": (1, 0, 1)}),
        (("c",), {"a": (1, 0, 1), "b": (1, 1, 1), "c": (1, 1, 0)}),
        (("a", "b", "c"), {"a": (1, 0, 0), "b": (1, 0, 0), "c": (1, 0, 0)}),
    ],
    ids=["none frozen", "first", "middle", "all but the last", "last", "all"],
)
def test_gradients_go_down_to_the_lowest_weight_that_is_trained(
    frozen: tuple[str, ...], expected: dict[str, tuple[int, int, int]]
) -> None:
    model = convolutions()
    for name in frozen:
        model.get_layer(name).trainable = False
    report = cnnstats.analyze(model)
    for name, times in expected.items():
        assert parts(report, name) == tuple((report[name].macs or 0) * count for count in times)


def test_switching_a_layer_changes_the_next_analysis() -> None:
    model = convolutions()
    before = cnnstats.analyze(model).totals.train_macs
    model.get_layer("a").trainable = False
    frozen = cnnstats.analyze(model).totals.train_macs
    model.get_layer("a").trainable = True
    assert cnnstats.analyze(model).totals.train_macs == before > frozen


def test_no_gradient_passes_a_stop() -> None:
    x = keras.Input((6,))
    stopped = ops.stop_gradient(layers.Dense(5, name="below")(x))
    report = cnnstats.analyze(keras.Model(x, layers.Dense(4, name="above")(stopped)))
    assert parts(report, "below") == (30, 0, 0)
    assert parts(report, "above") == (20, 0, 20)


@pytest.mark.parametrize(
    "flat",
    [lambda x: ops.cast(ops.argmax(x, -1, keepdims=True), "float32"), lambda x: ops.cast(x > 0, "float32"), ops.sign],
    ids=["argmax", "comparison", "sign"],
)
def test_no_gradient_passes_what_is_flat(flat: Callable[[Any], Any]) -> None:
    x = keras.Input((6,))
    y = flat(layers.Dense(5, name="below")(x))
    report = cnnstats.analyze(keras.Model(x, layers.Dense(4)(y)))
    assert parts(report, "below") == (30, 0, 0)


def test_cross_attention_over_a_frozen_encoder_sends_it_nothing() -> None:
    asking, asked = keras.Input((5, 8)), keras.Input((7, 6))
    frozen = layers.Dense(6, name="encoder", trainable=False)
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    report = cnnstats.analyze(keras.Model([asking, asked], attention(layers.Dense(8)(asking), frozen(asked))))
    query, key, value, inner, out = 5 * 8 * 6, 7 * 6 * 6, 7 * 6 * 6, 2 * (2 * 5 * 7 * 3), 5 * 6 * 8
    assert parts(report, "attention") == (
        query + key + value + inner + out,
        query + 2 * inner + out,
        query + key + value + out,
    )
    assert parts(report, "encoder") == (7 * 6 * 6, 0, 0)


# A part of a layer's weights


@pytest.mark.parametrize(("name", "macs", "sums"), [("kernel", 120, 0), ("bias", 0, 3 * 4 - 4)])
def test_part_of_the_weights_is_told_by_name(name: str, macs: int, sums: int) -> None:
    model = stack(layers.Dense(4, name="dense"), shape=(3, 10))
    for weight in model.weights:
        weight.trainable = weight.name == name
    weights = cnnstats.analyze(model)["dense"].training.weights  # type: ignore[union-attr]
    assert (weights.macs, weights.arithmetic) == (macs, sums)


def test_low_rank_adaptation_learns_two_thin_matrices_through_the_kernel() -> None:
    model = stack(layers.Dense(6), layers.Dense(5, name="adapted", use_bias=False), shape=(10,))
    model.get_layer("adapted").enable_lora(2)
    training = cnnstats.analyze(model, batch_size=4)["adapted"].training
    merged, product = 2 * 6 * 5, 4 * 6 * 5
    assert training is not None
    assert (training.forward.macs, training.inputs.macs) == (merged + product, product)
    assert training.weights.macs == product + 2 * merged
    # The gradient of the kernel, times alpha over rank.
    assert training.weights.arithmetic == 6 * 5


def test_low_rank_adaptation_of_some_projections_of_attention() -> None:
    tokens = keras.Input((5, 8))
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    model = keras.Model(tokens, attention(tokens, tokens))
    attention.query_dense.enable_lora(2)
    attention.value_dense.enable_lora(2)
    projection, merged = 5 * 8 * 6, 2 * 8 * 6
    inner = 2 * 5 * 5 * 3 * 2
    # The kernels of keys and of outputs are trained as they are.
    assert parts(cnnstats.analyze(model), "attention") == (
        4 * projection + 2 * merged + inner,
        projection + 2 * inner,
        4 * projection + 4 * merged,
    )


def test_gradient_goes_around_a_quantised_kernel() -> None:
    model = stack(layers.Dense(6), layers.Dense(5, name="quantised"), shape=(10,))
    model.get_layer("quantised").quantize("int8")
    training = cnnstats.analyze(model, batch_size=4)["quantised"].training
    assert training is not None
    assert (training.inputs.macs, training.weights.macs) == (4 * 6 * 5, 0)
    # The kernel divided by its scales, and the sum over the batch for each bias.
    assert (training.inputs.arithmetic, training.weights.arithmetic) == (6 * 5, 3 * 5)


def test_activation_that_a_user_wrote_passes_its_slopes_one_after_the_other() -> None:
    def written(x: Any) -> Any:
        return 2 * ops.tanh(ops.relu(x))

    training = cnnstats.analyze(stack(layers.Dense(5, activation=written, name="dense"), shape=(4,)))["dense"].training
    assert training is not None
    assert training.inputs.arithmetic == 5 * (1 + 3 + 1)


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_table_that_is_used_both_ways(tied: bool) -> None:
    tokens = keras.Input((5,), dtype="int32")
    table = layers.ReversibleEmbedding(11, 6, tie_weights=tied, name="table")
    report = cnnstats.analyze(keras.Model(tokens, table(table(tokens), reverse=True)))
    there, back = report["table", 0].training, report["table", 1].training
    assert there is not None
    assert back is not None
    assert (there.weights.macs, there.weights.arithmetic) == (0, 5 * 6 + 11 * 6 * tied)
    assert (back.forward.macs, back.inputs.macs, back.weights.macs) == (330, 330, 330)


@pytest.mark.parametrize(
    ("reduce", "values", "results"),
    [(ops.var, 1, 1), (ops.std, 1, 2), (ops.logsumexp, 1, 1), (ops.prod, 1, 1), (ops.nanmean, 0, 1), (ops.norm, 1, 1)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_gradients_of_reductions(reduce: Callable[..., Any], values: int, results: int) -> None:
    x = keras.Input((4, 5))
    row = cnnstats.analyze(keras.Model(x, reduce(layers.Dense(6)(x), axis=(-1,)))).rows[-1]
    assert row.training is not None
    assert row.training.inputs.arithmetic == 4 * 6 * values + 4 * results


# What meets


def test_gradients_that_meet_are_added() -> None:
    x = keras.Input((6,))
    shared = layers.Dense(5, name="shared")(x)
    ends = [layers.Dense(3, name=f"end{place}")(shared) for place in range(3)]
    report = cnnstats.analyze(keras.Model(x, ends))
    added = [report[f"end{place}"].training.inputs.arithmetic for place in range(3)]  # type: ignore[union-attr]
    assert sorted(added) == [0, 5, 5]


def test_gradients_of_weights_that_are_used_twice_are_added() -> None:
    x = keras.Input((6,))
    layer = layers.Dense(6, use_bias=False, name="twice")
    report = cnnstats.analyze(keras.Model(x, layer(layer(x))))
    added = [report["twice", call].training.weights.arithmetic for call in (0, 1)]  # type: ignore[union-attr]
    assert sorted(added) == [0, 36]


def test_what_was_repeated_to_fit_is_added_up() -> None:
    image, gate = keras.Input(MAP), keras.Input((1, 1, 3))
    gated = layers.Multiply(name="gated")([layers.Conv2D(3, 1)(image), layers.Dense(3)(gate)])
    training = cnnstats.analyze(keras.Model([image, gate], gated))["gated"].training
    n = 9 * 7 * 3
    assert training is not None
    assert training.inputs.arithmetic == n + n + (n - 3)


# The batch


def test_weights_have_one_gradient_whatever_the_batch() -> None:
    model = stack(layers.Dense(4, name="dense"), shape=(10,))
    report = cnnstats.analyze(model, batch_size=32)
    training = report["dense"].training
    assert training is not None
    assert training.weights == units.Work(macs=32 * 40, inside=32 * 40, outputs=40, arithmetic=31 * 4, hlo=31 * 4)
    assert report["dense"].train_flops == 32 * 4 * (10 + 9 + 1) + 40 * (32 + 31) + 31 * 4


def test_macs_of_a_step_grow_with_the_batch() -> None:
    one, many = (cnnstats.analyze(convolutions(), batch_size=size).totals.train_macs for size in (1, 8))
    assert many == 8 * one


# Models of all kinds


def test_nested_models_are_counted_as_what_is_inside() -> None:
    flat, inner = convolutions(), convolutions()
    assert cnnstats.analyze(stack(inner)).totals.train_flops == cnnstats.analyze(flat).totals.train_flops


def test_frozen_model_inside_another_gets_no_gradient() -> None:
    inner = convolutions()
    inner.trainable = False
    totals = cnnstats.analyze(stack(inner, layers.Conv2D(2, 1, name="head"))).totals
    assert totals.train_macs == totals.macs + 3 * 6 * 2


class Written(keras.Model):
    """A model that writes its own call, and multiplies by a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(6)
        self.kernel = self.add_weight(shape=(6, 4), name="kernel")

    def call(self, x: Any) -> Any:
        return ops.matmul(self.dense(x), self.kernel)


def test_model_that_writes_its_own_call_learns_its_own_weights() -> None:
    model = Written()
    model(keras.KerasTensor((None, 10)))
    totals = cnnstats.analyze(model).totals
    assert totals.unknown_train_rows == 0
    assert totals.train_macs == 60 + 24 + 60 + 2 * 24


def test_totals_are_the_sums_of_the_rows() -> None:
    report = cnnstats.analyze(
        stack(layers.Conv2D(4, 3, activation="gelu"), layers.BatchNormalization(), layers.Dense(3))
    )
    assert report.totals.train_macs == sum(row.train_macs or 0 for row in report.rows)
    assert report.totals.train_flops == sum(row.train_flops or 0 for row in report.rows)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if place % 4 == 0 else pytest.mark.slow) for place, name in enumerate(NETWORKS)],
)
def test_every_network_is_known(name: str) -> None:
    totals = analyzed(name).totals
    assert totals.unknown_train_rows == 0
    assert 2 * totals.macs < totals.train_macs < 3 * totals.macs


# What is unknown


@pytest.mark.parametrize("how", ["dropout", "recurrent_dropout"])
def test_masks_of_gates_by_themselves_are_unknown(how: str) -> None:
    row = cnnstats.analyze(stack(layers.ConvLSTM1D(2, 3, **{how: 0.5}), shape=(3, 7, 2))).rows[0]
    plain = cnnstats.analyze(stack(layers.ConvLSTM1D(2, 3), shape=(3, 7, 2))).rows[0]
    assert (row.flops, row.receptive_field) == (plain.flops, plain.receptive_field)
    assert row.training is None
    assert plain.training is not None


def test_gradient_that_nobody_has_written_out_is_unknown() -> None:
    x = keras.Input((6,))
    y = layers.Dense(5, name="below")(x)
    row = Elementwise(cost=Cost(3), elements=5)
    report = cnnstats.analyze(keras.Model(x, ops.tanh(y)), rules={ops.tanh: lambda _: [row]})
    assert report.rows[-1].training is None
    assert report.totals.unknown_train_rows == 1
    assert parts(report, "below") == (30, 0, 30)


def test_what_tensorflow_registers_for_gradients_is_unknown() -> None:
    report = cnnstats.analyze(convolutions(), convention="tf")
    assert report.totals.train_flops is None
    assert {row.train_flops for row in report.rows} == {None}
    assert report.totals.train_macs > report.totals.macs


def test_every_function_has_a_gradient_but_four() -> None:
    assert set(FUNCTIONS) - set(SLOPES) == {"angle", "heaviside", "nextafter", "saturate_cast"}


def test_a_layer_thawed_in_a_frozen_model_is_trained():
    base = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="low"), layers.Conv2D(6, 3, name="high")])
    base.trainable = False
    base.layers[1].trainable = True
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(base(image))))
    report = cnnstats.analyze(model)
    assert report.totals.trainable_params == sum(variable.numpy().size for variable in model.trainable_variables)
    low, high = report[f"{base.name}/low"], report[f"{base.name}/high"]
    assert (low.train_macs, high.train_macs) == (low.macs, 2 * high.macs)
