"""Recurrence against loops over steps, units and gates: to the last integer."""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.rules.oracle import FUNCTIONS, Number, Tally
from tests.rules.sequences import analyzed, assert_counts, summed

# One step of each cell


def gate(tally: Tally, inputs: int, units: int, biases: int, function: str) -> Number:
    """A function of the input's and the state's sums of products."""
    value = summed(tally, inputs, biases > 0) + summed(tally, units, biases > 1)
    FUNCTIONS[function](value)
    return value


def plain_step(tally: Tally, inputs: int, units: int, bias: bool, function: str = "tanh", _gate: str = "") -> None:
    for _unit in range(units):
        gate(tally, inputs, units, bias, function)


def lstm_step(
    tally: Tally, inputs: int, units: int, bias: bool, function: str = "tanh", of_gate: str = "sigmoid"
) -> None:
    for _unit in range(units):
        entering, forgetting, leaving = (gate(tally, inputs, units, bias, of_gate) for _ in range(3))
        candidate = gate(tally, inputs, units, bias, function)
        carry = forgetting * 1.0 + entering * candidate
        FUNCTIONS[function](carry)
        leaving * carry


def gru_step(
    tally: Tally,
    inputs: int,
    units: int,
    bias: bool,
    function: str = "tanh",
    of_gate: str = "sigmoid",
    reset_after: bool = True,
) -> None:
    biases = (2 if reset_after else 1) if bias else 0
    for _unit in range(units):
        update, reset = (gate(tally, inputs, units, biases, of_gate) for _ in range(2))
        entering = summed(tally, inputs, biases > 0)
        if reset_after:
            candidate = entering + reset * summed(tally, units, biases > 1)
        else:
            reset * 1.0  # the state of this unit, before all units are summed
            candidate = entering + summed(tally, units)
        FUNCTIONS[function](candidate)
        update * 1.0 + (1 - update) * candidate


def reset_before_step(tally: Tally, inputs: int, units: int, bias: bool, *functions: str) -> None:
    gru_step(tally, inputs, units, bias, *functions, reset_after=False)


CELLS: dict[str, tuple[Callable[..., None], Any, dict[str, Any]]] = {
    "plain": (plain_step, layers.SimpleRNN, {}),
    "lstm": (lstm_step, layers.LSTM, {}),
    "gru": (gru_step, layers.GRU, {}),
    "gru_reset_before": (reset_before_step, layers.GRU, {"reset_after": False}),
}
cells = pytest.mark.parametrize("kind", CELLS)


def recurred(kind: str, steps: int, inputs: int, units: int, bias: bool = True, *functions: str) -> Tally:
    tally = Tally()
    for _step in range(steps):
        CELLS[kind][0](tally, inputs, units, bias, *functions)
    return tally


def recurrent(kind: str, units: int, **arguments: Any) -> Any:
    _, layer, own = CELLS[kind]
    return layer(units, **own, **arguments)


# One direction


@cells
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize(("steps", "inputs", "units"), [(1, 3, 4), (5, 3, 4), (4, 7, 2)], ids=str)
@pytest.mark.parametrize("sequences", [True, False], ids=["sequences", "last"])
def test_recurrence(kind: str, steps: int, inputs: int, units: int, bias: bool, sequences: bool) -> None:
    layer = recurrent(kind, units, use_bias=bias, return_sequences=sequences)
    assert_counts(analyzed(layer, (steps, inputs)), recurred(kind, steps, inputs, units, bias))


@cells
@pytest.mark.parametrize("function", ["relu", "softsign"])
def test_activation_of_a_recurrence(kind: str, function: str) -> None:
    arguments = {"activation": function} | ({} if kind == "plain" else {"recurrent_activation": "hard_sigmoid"})
    tally = recurred(kind, 5, 3, 4, True, function, "hard_sigmoid")
    assert_counts(analyzed(recurrent(kind, 4, **arguments), (5, 3)), tally)


@cells
def test_cell_is_one_step(kind: str) -> None:
    layer = recurrent(kind, 4)
    states = [(4,)] * (2 if kind == "lstm" else 1)
    inputs = [keras.Input((3,)), *(keras.Input(shape) for shape in states)]
    model = keras.Model(inputs, layer.cell(inputs[0], inputs[1:]))
    assert_counts(cnnstats.analyze(model), recurred(kind, 1, 3, 4))


@pytest.mark.parametrize("stacked", [False, True], ids=["list", "stacked"])
def test_stacked_cells_run_one_after_another(stacked: bool) -> None:
    parts = [layers.LSTMCell(4), layers.GRUCell(5), layers.SimpleRNNCell(2)]
    tally = Tally()
    for _step in range(6):
        lstm_step(tally, 3, 4, bias=True)
        gru_step(tally, 4, 5, bias=True)
        plain_step(tally, 5, 2, bias=True)
    assert_counts(analyzed(layers.RNN(layers.StackedRNNCells(parts) if stacked else parts), (6, 3)), tally)


@cells
def test_recurrence_is_linear_in_its_length(kind: str) -> None:
    once, thrice = (analyzed(recurrent(kind, 4), (steps, 3)).totals for steps in (7, 21))
    assert (thrice.macs, thrice.flops, thrice.transcendentals) == (
        3 * once.macs,
        3 * once.flops,
        3 * once.transcendentals,
    )
    assert thrice.params == once.params


def test_lstm_of_the_battery() -> None:
    assert analyzed(layers.LSTM(32), (20, 16)).totals.macs == 122_880


# Two directions


MERGES: dict[Any, Callable[[Number], object]] = {
    "concat": lambda x: x,
    None: lambda x: x,
    "sum": lambda x: x + x,
    "mul": lambda x: x * x,
    "ave": lambda x: (x + x) / 2,
}


@cells
@pytest.mark.parametrize("mode", MERGES, ids=str)
@pytest.mark.parametrize("sequences", [True, False], ids=["sequences", "last"])
def test_bidirectional_is_twice_one_direction_and_the_merge(kind: str, mode: Any, sequences: bool) -> None:
    tally = Tally()
    for _direction, _step in itertools.product(range(2), range(5)):
        CELLS[kind][0](tally, 3, 4, True)
    for _value in range(4 * (5 if sequences else 1)):
        MERGES[mode](Number(tally))
    layer = layers.Bidirectional(recurrent(kind, 4, return_sequences=sequences), merge_mode=mode)
    assert_counts(analyzed(layer, (5, 3)), tally)


def test_directions_of_different_layers() -> None:
    tally = Tally()
    for _step in range(5):
        lstm_step(tally, 3, 4, bias=True)
        gru_step(tally, 3, 2, bias=True)
    both = layers.Bidirectional(layers.LSTM(4), backward_layer=layers.GRU(2, go_backwards=True))
    assert_counts(analyzed(both, (5, 3)), tally)
