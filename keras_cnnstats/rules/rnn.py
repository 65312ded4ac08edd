"""Rules of recurrent layers, of their cells, and of layers that run another one along time."""

from collections.abc import Sequence
from functools import partial
from itertools import chain, islice
from math import prod
from typing import Any

from keras import layers

from keras_cnnstats.graph import Call, FeatureMap, TensorSpec
from keras_cnnstats.primitives import (
    DROPOUT,
    FREE,
    GRU_RESET_AFTER,
    GRU_RESET_BEFORE,
    LSTM,
    Convolution,
    Cost,
    Disturbance,
    Elementwise,
    Gates,
    Gather,
    Map,
    Mix,
    Primitive,
    Reading,
    Recurrence,
    Repeated,
    Shuffle,
    Size,
    Slide,
    Spread,
    behind_time,
    carried_reach,
    ends,
    placed,
    product,
    share,
)
from keras_cnnstats.rules.activations import activation
from keras_cnnstats.rules.inside import inside
from keras_cnnstats.rules.registry import RuleGapError, find, is_known, rule, wrapped
from keras_cnnstats.rules.windows import sliding


def _activated(function: Any, values: Size) -> list[Primitive]:
    return activation(function, FeatureMap((None, values)))


def _cell(
    cell: Any,
    steps: Size,
    inputs: Size,
    looks: Spread,
    sequences: bool = False,
    cut: bool = True,
    maps: tuple[Map, ...] = (),
    results: tuple[int, ...] = (),
) -> list[Primitive]:
    """The steps of one of Keras' own cells; `maps` are the input and the states before the first step."""
    units, values = cell.units, product((steps, cell.units))
    left_out = _left_out(cell, steps, inputs, maps)
    step = partial(
        Recurrence,
        steps=steps,
        inputs=inputs,
        units=units,
        looks=looks,
        sequences=sequences,
        results=results,
        cut=cut,
        maps=(Map(product((steps, inputs)), -1), *maps[1:2]) if left_out else maps[:2],
    )
    gates = partial(Gates, steps=steps, values=units)
    if isinstance(cell, layers.SimpleRNNCell):
        return [*left_out, step(biases=int(cell.use_bias)), *_activated(cell.activation, values)]
    if isinstance(cell, layers.LSTMCell):
        return [
            *left_out,
            step(gates=4, biases=int(cell.use_bias)),
            *_activated(cell.recurrent_activation, product((values, 3))),
            *_activated(cell.activation, product((values, 2))),
            gates(mixing=LSTM, maps=(Map(values, -1), *maps[2:])),
        ]
    if isinstance(cell, layers.GRUCell):
        return [
            *left_out,
            step(
                gates=3,
                biases=2 if cell.use_bias and cell.reset_after else int(cell.use_bias),
                late=int(not cell.reset_after),
            ),
            *_activated(cell.recurrent_activation, product((values, 2))),
            *_activated(cell.activation, values),
            gates(mixing=GRU_RESET_AFTER if cell.reset_after else GRU_RESET_BEFORE, maps=(Map(values, -1), *maps[1:])),
        ]
    raise RuleGapError(f"no rule for the cell `{type(cell).__name__}`")


def _left_out(cell: Any, steps: Size, inputs: Size, maps: tuple[Map, ...]) -> list[Primitive]:
    """A mask of the input that is made once, and that each step is multiplied by."""
    if cell.recurrent_dropout or (cell.dropout and getattr(cell, "implementation", 2) == 1):
        # The masks of gates by themselves are not counted.
        return [Disturbance(cost=None, elements=inputs)]
    if not cell.dropout:
        return []
    made: Primitive = Disturbance(cost=Cost(1, slopes=FREE), elements=inputs)
    multiplied = Disturbance(cost=Cost(1, slopes=DROPOUT.slopes), elements=product((steps, inputs)))
    return [Reading(primitive=made, maps=maps[:1]) if maps else made, multiplied]


def _read(call: Call) -> tuple[Map, ...]:
    """The input, and the states before the first step where they are given."""
    return tuple(Map(product(spec.shape[1:]), place) for place, spec in enumerate(call.specs))


def _looks(layer: Any) -> Spread:
    """A state has seen every step before it; what is returned is a state for each step, or the last one."""
    return Mix((1,)) if layer.return_sequences else Gather((1,))


def _returned(cell: Any) -> tuple[int, ...]:
    """Places of the outputs and of the states among the results of a layer that returns its states."""
    return (0, 1, 2) if isinstance(cell, layers.LSTMCell) else (0, 1)


@rule(layers.SimpleRNN, layers.LSTM, layers.GRU)
def recurrent(call: Call) -> list[Primitive]:
    """The steps of a cell along the second axis."""
    layer, x = call.layer, call.specs[0].shape
    if not _is_counted(layer.cell):
        return _followed(call)
    results = _returned(layer.cell) if layer.return_state else ()
    return _cell(layer.cell, x[1], x[2], _looks(layer), layer.return_sequences, maps=_read(call), results=results)


@rule(layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)
def cell(call: Call) -> list[Primitive]:
    """One step of a recurrent layer."""
    return _cell(call.layer, 1, call.specs[0].shape[-1], Gather((-1,), "replaced"), maps=_read(call))


@rule(layers.RNN)
def recurrence_of_cells(call: Call) -> list[Primitive]:
    """The steps of a cell, or of several, each on the outputs of the one before it."""
    steps = call.specs[0].shape[1]
    cells = getattr(call.layer.cell, "cells", [call.layer.cell])
    if cells == [call.layer.cell] and not _is_counted(*cells):
        return _followed(call)
    _check_counted(cells)
    return _stacked(call, cells, steps, _looks(call.layer), Mix((1,)), call.layer.return_sequences)


def _stacked(
    call: Call, cells: Sequence[Any], steps: Size, first: Spread, others: Spread, sequences: bool = False
) -> list[Primitive]:
    """The steps of cells, each on the outputs of the one before it; the first and the others look each their way."""
    inputs = (call.specs[0].shape[-1], *[each.units for each in cells])
    looks = (first, *[others for _ in cells])
    stacked = [
        _cell(each, steps, size, look, each is not cells[-1] or sequences, each is cells[0], maps)
        for each, size, look, maps in zip(cells, inputs, looks, _states(call, cells, steps), strict=False)
    ]
    return list(chain(*stacked))


def _states(call: Call, cells: Sequence[Any], steps: Size) -> list[tuple[Map, ...]]:
    """For each of several cells what it reads: the input or what the cell before it makes, and its states."""
    fed, *states = _read(call)
    read = [fed, *[Map(product((steps, each.units)), -1) for each in cells]]
    given = iter(states)
    kept = [tuple(islice(given, 2 if isinstance(each, layers.LSTMCell) else 1)) for each in cells]
    return [(each, *own) for each, own in zip(read, kept, strict=False)]


def _is_counted(each: Any) -> bool:
    """Whether a cell computes as Keras' own do, and nobody has another rule for it."""
    found = find(type(each))
    return found.rule is cell and found.is_certain


def _check_counted(cells: Sequence[Any]) -> None:
    other = next((type(each) for each in cells if not _is_counted(each)), None)
    if other is not None:
        raise RuleGapError(f"the cell inside: {find(other).note or 'it has another rule'}")


def _followed(call: Call) -> list[Primitive]:
    """The steps of a cell that a user wrote."""
    return [Repeated(primitive=_written_cell(call), times=call.specs[0].shape[1], looks=_looks(call.layer))]


def _written_cell(call: Call) -> Primitive:
    """One step of a cell that a user wrote."""
    cell, x = call.layer.cell, call.specs[0]
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    states = [TensorSpec((1, size) if isinstance(size, int) else (1, *size), x.dtype) for size in sizes]
    frame = TensorSpec((1, *x.shape[2:]), x.dtype)
    return inside(cell, lambda step, *state: cell(step, list(state)), frame, *states)


@rule(layers.StackedRNNCells)
def stacked_cells(call: Call) -> list[Primitive]:
    """One step of several cells, each on the outputs of the one before it."""
    looks = Gather((-1,), "replaced")
    _check_counted(call.layer.cells)
    return _stacked(call, call.layer.cells, 1, looks, looks)


@rule(layers.Bidirectional)
def bidirectional(call: Call) -> list[Primitive]:
    """The layer inside, forwards and backwards, and what their outputs are merged by."""
    layer, y, places = call.layer, call.output.elements, range(len(call.specs))[1:]
    half, outputs = share(len(places), 2), (0,) if layer.merge_mode else (0, 1)
    states = range(len(call.results))[len(outputs) :]
    kept = share(len(states), 2)
    forward = _direction(call, layer.forward_layer, (0, *places[:half]), (outputs[0], *states[:kept]))
    backward = _direction(call, layer.backward_layer, (0, *places[half:]), (outputs[-1], *states[kept:]))
    both = tuple(Map(y, place) for place in ends(forward, backward))
    merged = {
        "sum": [_merged("add", y, both)],
        "mul": [_merged("multiply", y, both)],
        "ave": [_merged("add", y, both), _merged("deg2rad", y, ())],
    }
    return [*forward, *backward, *merged.get(layer.merge_mode, [])]


def _direction(call: Call, layer: Any, places: Sequence[int], results: Sequence[int]) -> list[Primitive]:
    """One of the two layers, with its own half of the states before the first step, and of those that are returned."""
    return placed(wrapped(call._replace(specs=tuple(call.specs[place] for place in places)), layer), places, results)


def _merged(name: str, values: Size, maps: tuple[Map, ...]) -> Elementwise:
    """Two maps merged, or one of them scaled."""
    cost = Cost(1, registered=1, hlo=1).sloped(name)
    return Elementwise(cost=cost, elements=values, name="recurrence", maps=maps)


@rule(layers.TimeDistributed)
def time_distributed(call: Call) -> list[Primitive]:
    """The layer inside, at each step of the second axis alike."""
    x, y = call.specs[0], call.results[0]
    frame = call._replace(
        specs=(x._replace(shape=(x.shape[0], *x.shape[2:])),), results=(y._replace(shape=(y.shape[0], *y.shape[2:])),)
    )
    frame = frame._replace(channels_first=getattr(call.layer.layer, "data_format", None) == "channels_first")
    inner, spatial, rank = call.layer.layer, frame.input.spatial_dims, len(frame.specs[0].shape)
    if not is_known(type(inner)):
        return [Repeated(primitive=inside(inner, inner, frame.specs[0]), times=x.shape[1], looks=Shuffle(None))]
    return [
        Repeated(primitive=each, times=x.shape[1], looks=behind_time(each.spread, spatial, rank))
        for each in wrapped(frame, inner)
    ]


@rule(layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
def convolutional_lstm(call: Call) -> list[Primitive]:
    """An LSTM whose products are convolutions: of the input, and of the state at stride 1 and 'same' padding."""
    layer, step = call.layer, call.layer.cell
    x, y, steps = call.specs[0].shape, call.results[0].shape, call.specs[0].shape[1]
    frame = FeatureMap((x[0], *x[2:]), call.channels_first)
    state = FeatureMap((y[0], *y[2 if layer.return_sequences else 1 :]), call.channels_first)
    entering = sliding(frame, state, step.kernel_size, step.strides, step.padding, step.dilation_rate)
    recurring = sliding(state, state, step.kernel_size, 1, "same")
    values, convolution = product((steps, state.elements)), partial(Convolution, c_out=prod((4, step.filters)))
    entered = convolution(windows=entering, c_in=frame.channels, bias=step.use_bias)
    carried = Slide(tuple([carried_reach(window, steps) for window in recurring]))
    slides = partial(behind_time, spatial=frame.spatial_dims, rank=len(frame.shape))
    # The masks of gates by themselves are not counted.
    left_out = [Disturbance(cost=None, elements=frame.elements)] if step.dropout or step.recurrent_dropout else []
    return [
        *left_out,
        Repeated(primitive=entered, times=steps, looks=slides(entered.spread)),
        Repeated(
            primitive=convolution(windows=recurring, c_in=step.filters),
            times=steps,
            looks=slides(carried),
            carried=True,
        ),
        # The two are added for each gate.
        Elementwise(cost=Cost(4, registered=4, hlo=4, slopes=FREE), elements=values, name="recurrence"),
        *_activated(step.recurrent_activation, product((values, 3))),
        *_activated(step.activation, product((values, 2))),
        Gates(mixing=LSTM, steps=steps, values=state.elements, looks=_looks(layer)),
    ]
