"""Poolings: which input of each window won, or what share each has, and what comes back to it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import layers
from numpy.typing import NDArray

from keras_cnnstats.explaining.records import Box, Values
from keras_cnnstats.explaining.windows import margins, seen_by_taps, surrounded, window_at
from keras_cnnstats.layers.axes import Axis, axes_of

_MAX = (layers.MaxPooling1D, layers.MaxPooling2D)
_AVERAGE = (layers.AveragePooling1D, layers.AveragePooling2D)
_GLOBAL_MAX = (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D)
_GLOBAL_AVERAGE = (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D)


class Pooled(NamedTuple):
    """What a pooling makes of one channel, forwards and backwards: see `PoolingExplanation`."""

    output: Values
    shares: Values | None
    winners: NDArray[np.int64] | None
    gradient: Values
    window: Box | None = None


def mode_of(layer: Any) -> str | None:
    """Returns `"max"`, `"average"`, or `None` of a layer that is no pooling."""
    if isinstance(layer, (*_MAX, *_GLOBAL_MAX)):
        return "max"
    return "average" if isinstance(layer, (*_AVERAGE, *_GLOBAL_AVERAGE)) else None


def pooled(layer: Any, x: Values, position: Sequence[int] | None = None) -> Pooled:
    """Returns what a pooling makes of one channel, `(*positions)`, and the window of the output at a position."""
    axes = _axes(layer, x.shape)
    made = _largest(x, axes) if mode_of(layer) == "max" else _mean(x, axes)
    return made._replace(window=window_at(position, axes, margins(x, axes)) if position else None)


def _axes(layer: Any, sizes: Sequence[int]) -> tuple[Axis, ...]:
    if isinstance(layer, (*_GLOBAL_MAX, *_GLOBAL_AVERAGE)):
        return tuple(Axis(size) for size in sizes)
    return axes_of(layer.pool_size, layer.strides, (1,) * len(sizes), layer.padding)


def _largest(x: Values, axes: Sequence[Axis]) -> Pooled:
    """All of an output, and of what comes back to it, belongs to the first of the largest; padding never wins."""
    seen = _windows(x, axes, -np.inf)
    output, places = seen.max(axis=0), _windows(_numbered(x), axes, -1)
    winners = np.take_along_axis(places, seen.argmax(axis=0)[None], axis=0)[0]
    where = np.stack(np.unravel_index(winners, x.shape), axis=-1)
    return Pooled(output, None, where, _sent_back(np.ones(winners.shape), winners, x))


def _mean(x: Values, axes: Sequence[Axis]) -> Pooled:
    """Each position inside the input has the same share of an output, and of what comes back to it."""
    places = _windows(_numbered(x), axes, -1)
    inside = places >= 0
    shares = 1 / inside.sum(axis=0)
    output = _windows(x, axes, 0.0).sum(axis=0) * shares
    return Pooled(output, shares, None, _sent_back(np.broadcast_to(shares, places.shape)[inside], places[inside], x))


def _sent_back(shares: Values, places: NDArray[np.int64], x: Values) -> Values:
    """What comes back to each position of a map: all the shares that outputs have of it."""
    back = np.zeros(x.size)
    np.add.at(back, places, shares)
    return back.reshape(x.shape)


def _windows(x: NDArray[Any], axes: Sequence[Axis], padding: float) -> NDArray[Any]:
    """What each tap sees, `(taps, *outputs)`."""
    around = surrounded(x, margins(x, axes), padding)
    return np.stack([seen for _, seen in seen_by_taps(around, axes)])


def _numbered(x: Values) -> NDArray[np.int64]:
    """The number of each position in reading order."""
    return np.arange(x.size).reshape(x.shape)
