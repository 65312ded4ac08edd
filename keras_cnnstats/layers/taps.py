"""What each tap of a window sees of a map, what it sends back, and the sum over the taps."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from keras import ops

from keras_cnnstats.layers.axes import Axis


def padded(x: Any, axes: Sequence[Axis], value: float = 0.0) -> Any:
    """Returns a map, channels last, with `value` around it as the windows on its axes ask for.

    Raises:
        ValueError: a window is larger than the padded input.
    """
    sizes = ops.shape(x)[1:-1]
    for axis, size in zip(axes, sizes, strict=True):
        if isinstance(size, int):
            axis.positions(size)
    return surrounded(x, [axis.margins(size) for axis, size in zip(axes, sizes, strict=True)], value)


def surrounded(x: Any, margins: Sequence[tuple[Any, Any]], value: float = 0.0) -> Any:
    """Returns a map, channels last, with so many positions of `value` before and behind it on each axis.

    Of a negative margin, so many positions are cut off.
    """
    added, kept = [(0, 0)], [slice(None)]
    for before, behind in margins:
        cut_before, cut_behind = (min(margin, 0) if isinstance(margin, int) else 0 for margin in (before, behind))
        added.append((before - cut_before, behind - cut_behind))
        kept.append(slice(-cut_before, cut_behind or None))
    if any(margin != (0, 0) for margin in added):
        x = ops.pad(x, [*added, (0, 0)], constant_values=value)
    return x[tuple(kept)] if any(each != slice(0, None) for each in kept[1:]) else x


def with_zeros(x: Any, strides: Sequence[int]) -> Any:
    """Returns a map with `stride - 1` zeros behind each position of each axis.

    >>> [int(value) for value in with_zeros(ops.array([[[1], [2], [3]]]), [2])[0, :, 0]]
    [1, 0, 2, 0, 3, 0]
    """
    for place, stride in enumerate(strides, start=1):
        if stride > 1:
            shape = ops.shape(x)
            zeros = [(0, stride - 1) if axis == place + 1 else (0, 0) for axis in range(len(shape) + 1)]
            apart = ops.pad(ops.expand_dims(x, place + 1), zeros)
            x = ops.reshape(apart, (*shape[:place], shape[place] * stride, *shape[place + 1 :]))
    return x


def views(x: Any, axes: Sequence[Axis]) -> Iterator[Any]:
    """Yields a padded map as each tap of the window sees it: one position for each output."""
    for tap in product(*(range(axis.kernel) for axis in axes)):
        yield x[(slice(None), *(axis.sees(place) for axis, place in zip(axes, tap, strict=True)))]


def seen(x: Any, tap: Any, axes: Sequence[Axis]) -> Any:
    """Returns a padded map as one tap sees it: one position for each output.

    Args:
        x: the map, `(batch, *positions, channels)`.
        tap: its number in reading order, which may be a tensor.
        axes: the window on each axis.
    """
    batch, *sizes, channels = ops.shape(x)
    extents = [axis.reach(size) for axis, size in zip(axes, sizes, strict=True)]
    part = ops.slice(x, corner(first_seen(tap, axes)), (batch, *extents, channels))
    return part[(slice(None), *(slice(None, None, axis.stride) for axis in axes))]


def sent_back(y: Any, tap: Any, axes: Sequence[Axis], sizes: Sequence[Any]) -> Any:
    """Returns a map of `sizes` positions with each output at the position that the tap saw, and zeros elsewhere.

    Args:
        y: one position for each output, `(batch, *outputs, channels)`.
        tap: its number in reading order, which may be a tensor.
        axes: the window on each axis.
        sizes: positions of the padded map.
    """
    y = surrounded(with_zeros(y, [axis.stride for axis in axes]), [(0, 1 - axis.stride) for axis in axes])
    # Zeros all around, of which those are kept that put the outputs where they belong.
    around = [(axis.extent - 1, size - axis.reach(size)) for axis, size in zip(axes, sizes, strict=True)]
    first = [axis.extent - 1 - place for axis, place in zip(axes, first_seen(tap, axes), strict=True)]
    batch, *_, channels = ops.shape(y)
    return ops.slice(surrounded(y, around), corner(first), (batch, *sizes, channels))


def first_seen(tap: Any, axes: Sequence[Axis]) -> list[Any]:
    """Returns the first position on each axis that the tap with this number in reading order sees."""
    places: list[Any] = []
    for axis in reversed(axes):
        places.insert(0, tap % axis.kernel * axis.dilation)
        tap = tap // axis.kernel
    return places


def corner(first: Sequence[Any]) -> Sequence[Any]:
    """Returns where a part of a map begins that has all of its batch and of its channels."""
    begin = first[0] * 0  # of the same type as the others, which JAX asks for
    return (begin, *first, begin)


def number_of_taps(axes: Sequence[Axis]) -> int:
    """Returns the taps of a window over all axes."""
    return prod(axis.kernel for axis in axes)


def sum_over_taps(part: Callable[..., Any], axes: Sequence[Axis], *data: Any) -> Any:
    """Returns the sum of what each tap adds: `part(tap, *data)`.

    One tap after the other, in a loop that a compiler keeps: written out, it would add all of them in one pass, and
    hold as many maps as there are taps.

    Args:
        part: what a tap adds. What is equal and reads its arguments alone is compiled once, also where no graph is.
        axes: the window on each axis.
        *data: what each tap reads.
    """
    total, *_ = ops.fori_loop(1, number_of_taps(axes), _adding(part), (part(0, *data), *data))
    return total


@lru_cache(maxsize=512)
def _adding(part: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """A turn of the loop; always the same function for the same part, by which a backend knows that it has it."""
    return lambda tap, carried: (ops.add(carried[0], part(tap, *carried[1:])), *carried[1:])


def for_each_tap(part: Callable[..., Any], axes: Sequence[Axis], *data: Any) -> Any:
    """Returns what each tap gives, `part(tap, *data)`, one behind the other. Arguments: as of `sum_over_taps`."""
    first, taps = ops.expand_dims(part(0, *data), 0), number_of_taps(axes)
    each = ops.pad(first, [(0, taps - 1), *[(0, 0)] * (len(first.shape) - 1)])
    each, *_ = ops.fori_loop(1, taps, _giving(part), (each, *data))
    return each


@lru_cache(maxsize=512)
def _giving(part: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """A turn of the loop, as of `_adding`."""

    def turn(tap: Any, carried: Any) -> Any:
        each, *data = carried
        given = ops.expand_dims(part(tap, *data), 0)
        return (ops.slice_update(each, (tap, *[tap * 0] * (len(given.shape) - 1)), given), *data)

    return turn


def with_gradient(compute: Callable[..., Any], towards: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `compute(*inputs)` as a function whose gradients `towards(*inputs, back)` returns, one for each input."""

    def both(*inputs: Any) -> tuple[Any, Callable[..., Any]]:
        def gradients(*given: Any, upstream: Any = None) -> Any:
            # PyTorch gives the inputs once more, so that a gradient has gradients; the other backends do not.
            return towards(*inputs, *given) if upstream is None else towards(*given, upstream)

        return compute(*inputs), gradients

    differentiable: Callable[..., Any] = ops.custom_gradient(both)
    return differentiable
