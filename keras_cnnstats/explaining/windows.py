"""Where the windows of layers lie, and what their taps see, in NumPy: Keras is not asked."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_cnnstats.explaining.records import Box
from keras_cnnstats.layers.axes import Axis

Margins = Sequence[tuple[int, int]]


def seen_by_taps(x: NDArray[Any], axes: Sequence[Axis]) -> Iterator[tuple[tuple[int, ...], NDArray[Any]]]:
    """Yields each tap, in reading order, and what it sees of a padded map: one position for each output."""
    for tap in product(*(range(axis.kernel) for axis in axes)):
        yield tap, x[tuple(axis.sees(place) for axis, place in zip(axes, tap, strict=True))]


def margins(x: NDArray[Any], axes: Sequence[Axis]) -> Margins:
    """Returns the positions that are padded before and behind a map, on each axis."""
    return [axis.margins(size) for axis, size in zip(axes, x.shape, strict=False)]


def window_at(position: Sequence[int], axes: Sequence[Axis], around: Margins) -> Box:
    """Returns what the output at a position sees of the map that the margins are put around.

    >>> window_at((0, 1), [Axis(3), Axis(3, stride=2)], [(1, 1), (0, 0)])
    Box(top=-1, left=2, bottom=1, right=4)
    """
    firsts = [place * axis.stride - before for place, axis, (before, _) in zip(position, axes, around, strict=True)]
    return Box.of([(first, first + axis.extent - 1) for first, axis in zip(firsts, axes, strict=True)])


def surrounded(x: NDArray[Any], around: Margins, value: float = 0.0) -> NDArray[Any]:
    """Returns a map with so many positions of `value` around it on each axis; so many cut off where it is negative.

    >>> surrounded(np.array([1, 2, 3]), [(1, -1)]).tolist()
    [0, 1, 2]
    """
    rest = x.ndim - len(around)
    added = [(max(before, 0), max(behind, 0)) for before, behind in around]
    kept = tuple(slice(max(-before, 0), min(behind, 0) or None) for before, behind in around)
    return np.pad(x[kept], [*added, *[(0, 0)] * rest], constant_values=value)


def with_zeros(x: NDArray[Any], strides: Sequence[int]) -> NDArray[Any]:
    """Returns a map with `stride - 1` zeros behind each position of each axis.

    >>> with_zeros(np.array([1, 2, 3]), [2]).tolist()
    [1, 0, 2, 0, 3, 0]
    """
    sizes = [size * stride for size, stride in zip(x.shape, strides, strict=False)]
    apart = np.zeros((*sizes, *x.shape[len(sizes) :]), x.dtype)
    apart[tuple(slice(None, None, stride) for stride in strides)] = x
    return apart


def agree(ours: NDArray[np.float64], theirs: NDArray[np.float64], scale: float) -> bool:
    """Returns whether two maps are the same, as near as a coarse dtype computes what adds up to `scale`."""
    if ours.shape != theirs.shape:
        return False
    # All but a hundredth: bfloat16 keeps 8 bits, and another computation is far off.
    return bool(np.abs(ours - theirs).max(initial=0.0) <= 1e-2 * max(scale, float(np.abs(theirs).max(initial=0.0))))
