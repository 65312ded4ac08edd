"""Subclasses of layers: a plain one costs what its base does, by itself and inside another layer."""

from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Cost, Elementwise
from keras_cnnstats.rules.merging import STEPS
from keras_cnnstats.rules.regularization import DISTURBED

MERGED = [*STEPS, layers.Average, layers.Concatenate]


def subclass(base: type, **methods: Any) -> Any:
    return type(f"My{base.__name__}", (base,), methods)


def numbers(row: cnnstats.Row) -> tuple[Any, ...]:
    return row.macs, row.flops, row.train_flops, row.receptive_field, row.params


def merged(kind: Any) -> cnnstats.Row:
    inputs = [keras.Input((4, 4, 3)) for _ in range(2)]
    return cnnstats.analyze(keras.Model(inputs, kind()(inputs))).rows[-1]


def alone(layer: Any) -> cnnstats.Row:
    return cnnstats.analyze(keras.Sequential([keras.Input((4, 3)), layer])).rows[0]


@pytest.mark.parametrize("base", MERGED, ids=lambda base: base.__name__)
def test_a_plain_subclass_of_a_merging_layer_is_counted_as_its_base(base: type) -> None:
    mine = merged(subclass(base))
    assert (mine.source, numbers(mine)) == ("inherited", numbers(merged(base)))


@pytest.mark.parametrize("base", DISTURBED, ids=lambda base: base.__name__)
def test_a_plain_subclass_of_a_disturbing_layer_is_counted_as_its_base(base: Any) -> None:
    mine = alone(subclass(base)(0.5))
    assert (mine.source, numbers(mine)) == ("inherited", numbers(alone(base(0.5))))


# Inside another layer


def squared(self: Any, *args: Any, **kwargs: Any) -> Any:
    return keras.ops.square(super(type(self), self).call(*args, **kwargs))


def squared_cell(self: Any, inputs: Any, states: Any, training: Any = False) -> Any:
    y, kept = super(type(self), self).call(inputs, states, training)
    return keras.ops.square(y), kept


def test_a_layer_inside_time_distributed_that_calls_otherwise_is_followed() -> None:
    plain = alone(layers.TimeDistributed(layers.Dense(5)))
    mine = alone(layers.TimeDistributed(subclass(layers.Dense, call=squared)(5)))
    assert (mine.macs, mine.flops - plain.flops) == (plain.macs, 4 * 5)


@pytest.mark.parametrize(
    "holder", [layers.Bidirectional, layers.SpectralNormalization], ids=["bidirectional", "spectral"]
)
def test_a_layer_inside_another_that_calls_otherwise_is_unknown(holder: Any) -> None:
    kind, arguments = (layers.LSTM, (5,)) if holder is layers.Bidirectional else (layers.Conv1D, (5, 2))
    mine = subclass(kind, call=squared)
    with keras.saving.custom_object_scope({mine.__name__: mine}):
        row = alone(holder(mine(*arguments)))
    assert row.macs is None
    assert (
        f"the layer inside: counted as the `{kind.__name__}` it is a subclass of; it writes its own `call`" in row.note
    )


CELLS = (layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)
cells = pytest.mark.parametrize("base", CELLS, ids=lambda base: base.__name__)


@cells
def test_a_plain_subclass_of_a_cell_is_counted_as_its_base(base: Any) -> None:
    assert numbers(alone(layers.RNN(subclass(base)(5)))) == numbers(alone(layers.RNN(base(5))))


@cells
def test_a_cell_that_calls_otherwise_is_followed(base: Any) -> None:
    plain, mine = alone(layers.RNN(base(5))), alone(layers.RNN(subclass(base, call=squared_cell)(5)))
    assert (mine.macs, mine.flops - plain.flops) == (plain.macs, 4 * 5)


@cells
def test_a_cell_among_several_that_calls_otherwise_is_unknown(base: Any) -> None:
    row = alone(layers.RNN([base(5), subclass(base, call=squared_cell)(5)]))
    assert row.macs is None
    assert "writes its own `call`" in row.note


def test_a_cell_in_the_place_of_a_layers_own_that_calls_otherwise_is_followed() -> None:
    plain, mine = alone(layers.LSTM(5)), layers.LSTM(5)
    mine.cell = subclass(layers.LSTMCell, call=squared_cell)(5)
    row = alone(mine)
    assert (row.macs, row.flops - plain.flops) == (plain.macs, 4 * 5)


def test_an_activation_layer_that_calls_otherwise_is_followed() -> None:
    plain = alone(layers.Dense(5, activation=layers.ELU()))
    mine = alone(layers.Dense(5, activation=subclass(layers.ELU, call=squared)()))
    assert (mine.macs, mine.flops - plain.flops) == (plain.macs, 4 * 5)


# Rules for one analysis


def three_per_element(call: Any) -> list[Elementwise]:
    return [Elementwise(cost=Cost(3), elements=call.output.elements)]


def ruled(layer: Any, *kinds: Any) -> tuple[int | None, int | None]:
    model = keras.Sequential([keras.Input((4, 3)), layer])
    before = cnnstats.analyze(model)
    row = cnnstats.analyze(model, rules=dict.fromkeys(kinds, three_per_element)).rows[0]
    assert cnnstats.analyze(model).rows == before.rows, "a rule for one analysis has stayed"
    return row.macs, row.flops


def test_rules_for_one_analysis_reach_what_stands_inside_others() -> None:
    assert ruled(layers.TimeDistributed(layers.Dense(5)), layers.Dense) == (0, 3 * 4 * 5)
    assert ruled(layers.Bidirectional(layers.LSTM(5)), layers.LSTM) == (0, 2 * 3 * 10)
    assert ruled(layers.SpectralNormalization(layers.Conv1D(5, 2)), layers.Conv1D) == (0, 3 * 3 * 5)
    assert ruled(layers.RNN(layers.GRUCell(5)), layers.GRUCell) == (0, 4 * 3 * 5)
    plain = alone(layers.Dense(5))
    ended = layers.Dense(5, activation=layers.ReLU())
    assert ruled(ended, layers.ReLU) == (plain.macs, plain.flops + 3 * 4 * 5)
    written = layers.Dense(5, activation=lambda x: keras.ops.square(x))
    assert ruled(written, keras.ops.square) == (plain.macs, plain.flops + 3 * 4 * 5)
