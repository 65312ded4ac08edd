"""Attention and recurrence against loops over steps, gates, units, heads, queries and keys: to the last integer.

The loops import nothing of keras_cnnstats. Each product and each addition is counted as it is done.
"""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.report import Report
from tests.rules import oracle
from tests.rules.oracle import FUNCTIONS, Axis, Number, Tally

Shape = tuple[int, ...]


def analyzed(layer: Any, *shapes: Shape, **called: Any) -> Report:
    inputs = [keras.Input(shape) for shape in shapes]
    return cnnstats.analyze(keras.Model(inputs, layer(*inputs, **called)))


def listed(layer: Any, *shapes: Shape, **called: Any) -> Report:
    inputs = [keras.Input(shape) for shape in shapes]
    return cnnstats.analyze(keras.Model(inputs, layer(inputs, **called)))


def assert_counts(report: Report, tally: Tally) -> None:
    (row,) = report.rows
    assert row.source == "rule"
    assert (row.macs, row.flops, row.transcendentals) == (tally.products, tally.textbook, tally.transcendentals)
    assert report.with_convention("2macs").totals.flops == 2 * tally.products


def summed(tally: Tally, terms: int, bias: bool = False) -> Number:
    """One value: a sum of products, and a bias."""
    for nth in range(terms):
        tally.products += 1
        tally.sums += nth > 0
    tally.biases += bias
    return Number(tally)


def projected(tally: Tally, positions: int, inputs: int, outputs: int, bias: bool) -> None:
    for _position, _output in itertools.product(range(positions), range(outputs)):
        summed(tally, inputs, bias)


def attended(
    tally: Tally, queries: int, keys: int, heads: int, size: int, value_size: int, masked: bool = False
) -> None:
    """Scores of each query with each key, scaled; shares of 1; the values summed with these."""
    for _head, _query in itertools.product(range(heads), range(queries)):
        scores = []
        for _key in range(keys):
            score = summed(tally, size) * 0.5
            scores.append(score + -1e9 if masked else score)
        oracle.softmax(scores)
        for _value in range(value_size):
            summed(tally, keys)


# Attention

LENGTHS = [(5, 5, 6, 6, 6), (5, 7, 6, 4, 8)]  # queries, keys; values of a query, of a value, of a key
lengths = pytest.mark.parametrize("sizes", LENGTHS, ids=["self", "cross"])


@lengths
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize(("value_dim", "width"), [(None, None), (2, None), (5, 9)], ids=["plain", "value", "output"])
def test_multi_head_attention(sizes: Shape, bias: bool, heads: int, value_dim: int | None, width: int | None) -> None:
    queries, keys, of_query, of_value, of_key = sizes
    size, of_head = 4, value_dim or 4
    layer = layers.MultiHeadAttention(heads, size, value_dim, use_bias=bias, output_shape=width)
    tally = Tally()
    projected(tally, queries, of_query, heads * size, bias)
    projected(tally, keys, of_key, heads * size, bias)
    projected(tally, keys, of_value, heads * of_head, bias)
    attended(tally, queries, keys, heads, size, of_head)
    projected(tally, queries, heads * of_head, width or of_query, bias)
    assert_counts(analyzed(layer, (queries, of_query), (keys, of_value), (keys, of_key)), tally)


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)], ids=str)
def test_attention_along_axes_of_a_map(axes: Shape) -> None:
    """Along the axes that are not attended over, each position is a sequence of its own."""
    sizes, channels, heads, size = (4, 3), 6, 2, 5
    tally = Tally()
    for _ in range(3):
        projected(tally, 4 * 3, channels, heads * size, bias=True)
    length = beside = 1
    for axis, positions in enumerate(sizes, 1):
        length, beside = (length * positions, beside) if axis in axes else (length, beside * positions)
    for _ in range(beside):
        attended(tally, length, length, heads, size, size)
    projected(tally, 4 * 3, heads * size, channels, bias=True)
    layer = layers.MultiHeadAttention(heads, size, attention_axes=axes)
    assert_counts(analyzed(layer, (*sizes, channels), (*sizes, channels)), tally)


@pytest.mark.parametrize("by_name", [True, False], ids=["names", "places"])
def test_mask_adds_one_step_for_each_score(by_name: bool) -> None:
    query, mask = keras.Input((5, 6)), keras.Input((5, 5), dtype="bool")
    layer = layers.MultiHeadAttention(2, 3)
    y = layer(query=query, value=query, attention_mask=mask) if by_name else layer(query, query, attention_mask=mask)
    tally = Tally()
    for _ in range(3):
        projected(tally, 5, 6, 2 * 3, bias=True)
    attended(tally, 5, 5, 2, 3, 3, masked=True)
    projected(tally, 5, 2 * 3, 6, bias=True)
    assert_counts(cnnstats.analyze(keras.Model([query, mask], y)), tally)


@lengths
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("shared", [1, 2, 4])
def test_grouped_query_attention(sizes: Shape, bias: bool, shared: int) -> None:
    """Four heads of queries, and fewer of keys and values, which several of them read."""
    queries, keys, width = *sizes[:2], sizes[2]
    tally = Tally()
    projected(tally, queries, width, 4 * 3, bias)
    for _ in range(2):
        projected(tally, keys, width, shared * 3, bias)
    attended(tally, queries, keys, 4, 3, 3)
    projected(tally, queries, 4 * 3, width, bias)
    layer = layers.GroupQueryAttention(3, 4, shared, use_bias=bias)
    assert_counts(analyzed(layer, (queries, width), (keys, width)), tally)


def scored(tally: Tally, queries: int, keys: int, values: int, score: Callable[[], Number], masked: bool) -> None:
    for _query in range(queries):
        scores = [score() for _key in range(keys)]
        oracle.softmax([each + -1e9 for each in scores] if masked else scores)
        for _value in range(values):
            summed(tally, keys)


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
@pytest.mark.parametrize("scale", [False, True], ids=["unscaled", "scaled"])
def test_dot_attention(scale: bool, masked: bool) -> None:
    tally = Tally()
    scored(tally, 5, 7, 4, lambda: summed(tally, 6) * 1.0 if scale else summed(tally, 6), masked)
    report = listed(layers.Attention(use_scale=scale), (5, 6), (7, 4), (7, 6), use_causal_mask=masked)
    assert_counts(report, tally)
    assert report.totals.params == scale


def added(tally: Tally, size: int, scale: bool, weighted: bool) -> Number:
    """The sum of tanh(query + key), each value scaled; the score weighted."""
    pairs = [(Number(tally) + 0.0).tanh() for _ in range(size)]
    score = oracle.total([pair * 1.0 for pair in pairs] if scale else pairs)
    return score * 1.0 if weighted else score


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
@pytest.mark.parametrize("scale", [False, True], ids=["unscaled", "scaled"])
@pytest.mark.parametrize("concat", [False, True], ids=["additive", "concat"])
def test_additive_attention(concat: bool, scale: bool, masked: bool) -> None:
    tally = Tally()
    scored(tally, 5, 7, 4, lambda: added(tally, 6, scale, weighted=concat), masked)
    layer = (
        layers.Attention(score_mode="concat", use_scale=scale) if concat else layers.AdditiveAttention(use_scale=scale)
    )
    assert_counts(listed(layer, (5, 6), (7, 4), (7, 6), use_causal_mask=masked), tally)


def test_masks_of_an_attention_are_no_keys() -> None:
    query, value = keras.Input((5, 6)), keras.Input((7, 6))
    masks = [keras.Input((5,), dtype="bool"), keras.Input((7,), dtype="bool")]
    y = layers.Attention()([query, value], mask=masks)
    tally = Tally()
    scored(tally, 5, 7, 6, lambda: summed(tally, 6), masked=True)
    assert_counts(cnnstats.analyze(keras.Model([query, value, *masks], y)), tally)


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
def test_attention_as_an_operation(masked: bool) -> None:
    tally = Tally()
    attended(tally, 5, 7, 2, 8, 3, masked)
    shapes = (5, 2, 8), (7, 2, 8), (7, 2, 3)
    assert_counts(analyzed(ops.dot_product_attention, *shapes, is_causal=masked), tally)


def test_arguments_of_an_attention_by_name() -> None:
    query, key, value = keras.Input((5, 2, 8)), keras.Input((7, 2, 8)), keras.Input((7, 2, 3))
    tally = Tally()
    attended(tally, 5, 7, 2, 8, 3)
    y = ops.dot_product_attention(value=value, key=key, query=query)
    assert_counts(cnnstats.analyze(keras.Model([query, key, value], y)), tally)


# Recurrence


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


def convolutions(steps: int, *parts: Callable[[], Tally]) -> Tally:
    """What several convolutions count together, at each of several steps."""
    tally = Tally()
    for _step, part in itertools.product(range(steps), parts):
        for name, count in vars(part()).items():
            setattr(tally, name, getattr(tally, name) + count)
    return tally


WINDOWS = {
    "valid": (3, 1, "valid"),
    "same": (3, 1, "same"),
    "strided": (2, 2, "valid"),
    "strided_same": (3, 2, "same"),
    "pointwise": (1, 1, "valid"),
}


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("sequences", [True, False], ids=["sequences", "last"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("sizes", [(7,), (5, 6), (4, 3, 5)], ids=["1d", "2d", "3d"])
def test_convolutional_lstm(sizes: Shape, window: str, sequences: bool, bias: bool) -> None:
    """Convolutions of each frame, and at stride 1 of the state, to four values for each filter."""
    (kernel, stride, padding), steps, channels, filters = WINDOWS[window], 3, 2, 2
    entering = [Axis(size, kernel, stride, 1, padding) for size in sizes]
    state = [Axis(len(axis.starts), kernel, 1, 1, "same") for axis in entering]
    tally = convolutions(
        steps,
        lambda: oracle.convolution(entering, channels, 4 * filters, bias=bias),
        lambda: oracle.convolution(state, filters, 4 * filters, bias=False),
    )
    for _ in itertools.product(range(steps), *(range(len(axis.starts)) for axis in entering), range(filters)):
        values = [Number(tally) + 0.0 for _gate in range(4)]
        for each in values[:3]:
            FUNCTIONS["sigmoid"](each)
        FUNCTIONS["tanh"](values[3])
        carry = values[0] * 1.0 + values[1] * values[3]
        FUNCTIONS["tanh"](carry)
        values[2] * carry
    layer = getattr(layers, f"ConvLSTM{len(sizes)}D")(
        filters, kernel, strides=stride, padding=padding, use_bias=bias, return_sequences=sequences
    )
    assert_counts(analyzed(layer, (steps, *sizes, channels)), tally)


FRAMES: dict[str, tuple[Callable[[], Any], Callable[[], Tally]]] = {
    "convolution": (
        lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
        lambda: oracle.convolution([Axis(6, 3, 2, 1, "same"), Axis(5, 3, 2, 1, "same")], 2, 4),
    ),
    "dense": (lambda: layers.Dense(4), lambda: oracle.dense(2, 4, places=30)),
    "pooling": (
        lambda: layers.MaxPooling2D(2),
        lambda: oracle.pooling([Axis(6, 2, 2), Axis(5, 2, 2)], 2, average=False),
    ),
    "global pooling": (
        lambda: layers.GlobalAveragePooling2D(),
        lambda: oracle.pooling([Axis(6, 6), Axis(5, 5)], 2, average=True),
    ),
    "flatten": (lambda: layers.Flatten(), Tally),
}


@pytest.mark.parametrize("name", FRAMES)
def test_time_distributed_runs_the_layer_at_each_step(name: str) -> None:
    layer, counted = FRAMES[name]
    assert_counts(analyzed(layers.TimeDistributed(layer()), (3, 6, 5, 2)), convolutions(3, counted))


def test_time_distributed_convolution_sees_its_frame_and_one_step() -> None:
    layer = layers.TimeDistributed(layers.Conv2D(4, 3, strides=2))
    assert analyzed(layer, (4, 9, 9, 2)).rows[0].receptive_field == (1, 3, 3)


# The battery, and how the counts grow


def macs(*stack: Any, shape: Shape) -> int:
    total: int = cnnstats.analyze(keras.Sequential([keras.Input(shape), *stack])).totals.macs
    return total


def self_attention(length: int) -> Report:
    x = keras.Input((length, 64))
    return cnnstats.analyze(keras.Model(x, layers.MultiHeadAttention(4, 16)(x, x)))


def test_multi_head_attention_of_the_battery() -> None:
    assert self_attention(50).totals.macs == 1_139_200


def test_attention_after_a_projection_of_the_battery() -> None:
    x = keras.Input((50, 64))
    y = layers.Dense(64)(x)
    assert cnnstats.analyze(keras.Model(x, layers.Attention()([y, y]))).totals.macs == 524_800


def test_lstm_of_the_battery() -> None:
    assert macs(layers.LSTM(32), shape=(20, 16)) == 122_880


@pytest.mark.parametrize("length", [10, 50, 197])
def test_doubling_the_length_quadruples_the_pairs_and_doubles_the_projections(length: int) -> None:
    once, twice = self_attention(length).totals.macs, self_attention(2 * length).totals.macs
    projections = 4 * length * 64 * 64
    assert twice - 2 * projections == 4 * (once - projections)


def test_doubling_the_length_quadruples_an_attention_without_projections() -> None:
    once, twice = (listed(layers.Attention(), (n, 8), (n, 8)).totals for n in (11, 22))
    assert twice.macs == 4 * once.macs
    assert twice.transcendentals == 4 * once.transcendentals


@cells
def test_recurrence_is_linear_in_its_length(kind: str) -> None:
    once, thrice = (analyzed(recurrent(kind, 4), (steps, 3)).totals for steps in (7, 21))
    assert (thrice.macs, thrice.flops, thrice.transcendentals) == (
        3 * once.macs,
        3 * once.flops,
        3 * once.transcendentals,
    )
    assert thrice.params == once.params
