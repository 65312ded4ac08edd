"""Rules of recurrent layers, of their cells, and of layers that run another one along time."""

from functools import partial
from typing import Any

from keras import layers

from keras_cnnstats.graph import Call, FeatureMap, TensorSpec
from keras_cnnstats.primitives import (
    FREE,
    GRU_RESET_AFTER,
    GRU_RESET_BEFORE,
    LSTM,
    POINTWISE,
    Convolution,
    Cost,
    Disturbance,
    Elementwise,
    Gates,
    Gather,
    Map,
    Mix,
    Primitive,
    Recurrence,
    Repeated,
    Shuffle,
    Size,
    Slide,
    Spatial,
    Spread,
    Statistics,
    product,
)
from keras_cnnstats.rules.activations import activation
from keras_cnnstats.rules.inside import inside
from keras_cnnstats.rules.registry import RuleGapError, find, rule, wrapped
from keras_cnnstats.rules.windows import sliding


def _activated(function: Any, values: Size) -> list[Primitive]:
    return activation(function, FeatureMap((None, values)))


def _cell(
    cell: Any, steps: Size, inputs: Size, looks: Spread, sequences: bool = False, maps: tuple[Map, ...] = ()
) -> list[Primitive]:
    """The steps of one of Keras' own cells; `maps` are the input and the states before the first step."""
    units, values = cell.units, product((steps, cell.units))
    step = partial(
        Recurrence,
        steps=steps,
        inputs=inputs,
        units=units,
        looks=looks,
        sequences=sequences,
        maps=maps[:2],
    )
    gates = partial(Gates, steps=steps, values=units)
    left_out = [Disturbance(cost=None, elements=values)] if cell.dropout or cell.recurrent_dropout else []
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
            step(gates=3, biases=(1 + cell.reset_after) * cell.use_bias),
            *_activated(cell.recurrent_activation, product((values, 2))),
            *_activated(cell.activation, values),
            gates(mixing=GRU_RESET_AFTER if cell.reset_after else GRU_RESET_BEFORE, maps=(Map(values, -1), *maps[1:])),
        ]
    raise RuleGapError(f"no rule for the cell `{type(cell).__name__}`")


def _read(call: Call) -> tuple[Map, ...]:
    """The input, and the states before the first step where they are given."""
    return tuple(Map(product(spec.shape[1:]), place) for place, spec in enumerate(call.specs))


def _looks(layer: Any) -> Spread:
    """A state has seen every step before it; what is returned is a state for each step, or the last one."""
    return Mix((1,)) if layer.return_sequences else Gather((1,))


@rule(layers.SimpleRNN, layers.LSTM, layers.GRU)
def recurrent(call: Call) -> list[Primitive]:
    """The steps of a cell along the second axis."""
    x = call.specs[0].shape
    return _cell(call.layer.cell, x[1], x[2], _looks(call.layer), call.layer.return_sequences, _read(call))


@rule(layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)
def cell(call: Call) -> list[Primitive]:
    """One step of a recurrent layer."""
    return _cell(call.layer, 1, call.specs[0].shape[-1], Gather((-1,), "replaced"), maps=_read(call))


@rule(layers.RNN)
def recurrence_of_cells(call: Call) -> list[Primitive]:
    """The steps of a cell, or of several, each on the outputs of the one before it."""
    x = call.specs[0].shape
    found: list[Primitive] = []
    cells, inputs = getattr(call.layer.cell, "cells", [call.layer.cell]), x[2]
    if not all(isinstance(each, KERAS_CELLS) for each in cells):
        return [Repeated(primitive=_written_cell(call), times=x[1], looks=_looks(call.layer))]
    for each in cells:
        looks = _looks(call.layer) if each is cells[0] else Mix((1,))
        found += _cell(each, x[1], inputs, looks, each is not cells[-1] or call.layer.return_sequences)
        inputs = each.units
    return found


KERAS_CELLS = (layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)


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
    found: list[Primitive] = []
    inputs = call.specs[0].shape[-1]
    for each in call.layer.cells:
        found += _cell(each, 1, inputs, Gather((-1,), "replaced"))
        inputs = each.units
    return found


@rule(layers.Bidirectional)
def bidirectional(call: Call) -> list[Primitive]:
    """The layer inside, forwards and backwards, and what their outputs are merged by."""
    layer = call.layer
    forward, backward = wrapped(call, layer.forward_layer), wrapped(call, layer.backward_layer)
    y = call.output.elements
    both = Map(y, -1 - len(backward)), Map(y, -1)
    merged = {
        "sum": [_merged("add", y, both)],
        "mul": [_merged("multiply", y, both)],
        "ave": [_merged("add", y, both), _merged("deg2rad", y, ())],
    }
    return [*forward, *backward, *merged.get(layer.merge_mode, [])]


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
    inner = call.layer.layer
    if find(type(inner)).rule is None:
        return [Repeated(primitive=inside(inner, inner, frame.specs[0]), times=x.shape[1], looks=Shuffle(None))]
    return [
        Repeated(primitive=each, times=x.shape[1], looks=_behind_time(each.spread, frame))
        for each in wrapped(frame, inner)
    ]


def _behind_time(spread: Spread, frame: Call) -> Spread:
    """The spread of a frame, in a map that has a time axis before the frame's."""
    if spread == POINTWISE:
        return spread
    spatial = tuple(dim + 1 for dim in frame.input.spatial_dims)
    if isinstance(spread, Spatial):
        return Gather(spatial, spread.shape)
    if isinstance(spread, Slide):
        return Slide(spread.reaches, tuple(dim + 1 for dim in spread.dims) if spread.dims else spatial)
    if isinstance(spread, (Gather, Mix, Statistics)):
        dims = range(1, len(frame.specs[0].shape)) if spread.dims is None else spread.dims
        return spread._replace(dims=tuple(dim + 1 if dim >= 0 else dim for dim in dims))
    return Shuffle(None)


@rule(layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
def convolutional_lstm(call: Call) -> list[Primitive]:
    """An LSTM whose products are convolutions: of the input, and of the state at stride 1 and 'same' padding."""
    layer, step = call.layer, call.layer.cell
    x, y, steps = call.specs[0].shape, call.results[0].shape, call.specs[0].shape[1]
    frame = FeatureMap((x[0], *x[2:]), call.channels_first)
    state = FeatureMap((y[0], *y[2 if layer.return_sequences else 1 :]), call.channels_first)
    entering = sliding(frame, state, step.kernel_size, step.strides, step.padding, step.dilation_rate)
    recurring = sliding(state, state, step.kernel_size, 1, "same")
    values = product((steps, state.elements))
    looks: Spread = Mix(tuple(range(1, len(x)))) if layer.return_sequences else Gather(None)
    return [
        Repeated(
            primitive=Convolution(windows=entering, c_in=frame.channels, c_out=4 * step.filters, bias=step.use_bias),
            times=steps,
            looks=looks,
        ),
        Repeated(
            primitive=Convolution(windows=recurring, c_in=step.filters, c_out=4 * step.filters),
            times=steps,
            carried=True,
        ),
        # The two are added for each gate.
        Elementwise(cost=Cost(4, registered=4, hlo=4, slopes=FREE), elements=values, name="recurrence"),
        *_activated(step.recurrent_activation, product((values, 3))),
        *_activated(step.activation, product((values, 2))),
        Gates(mixing=LSTM, steps=steps, values=state.elements),
    ]
