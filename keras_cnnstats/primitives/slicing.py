"""Slicing: some positions of a map are kept, or positions are put around it; nothing is computed."""

from typing import Any

from keras_cnnstats.field import window_reach
from keras_cnnstats.primitives.base import Size
from keras_cnnstats.primitives.spreads import POINTWISE, Cut, Route, Shuffle, Slide, Spread

UNFOLLOWED = Shuffle(None)
"""Where positions come from is not followed."""


def sliced(shape: tuple[Size, ...], key: Any) -> Spread:
    """Returns where the positions of `map[key]` look.

    Args:
        shape: the map's shape, batch axis included.
        key: integers, slices, `None` and an ellipsis, as Python has them; others are not followed.

    Example: every second row from the first, every second column from the second, of all channels.

    >>> sliced((None, 8, 8, 3), (slice(None), slice(0, None, 2), slice(1, None, 2)))
    Cut(kept=((0, 0, 1), (1, 0, 2), (2, 1, 2), (3, 0, 1)), picked=())
    """
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    named = [part for part in parts if part is not None and part is not Ellipsis]
    if not all(isinstance(part, slice) or _is_index(part) for part in named) or parts.count(Ellipsis) > 1:
        return UNFOLLOWED
    if Ellipsis not in parts:
        parts.append(Ellipsis)
    place = parts.index(Ellipsis)
    parts[place : place + 1] = [slice(None)] * (len(shape) - len(named))
    return _cut(shape, parts)


def spanned(shape: tuple[Size, ...], starts: Any, sizes: Any) -> Spread:
    """Returns where the positions of a map's part look: of each axis so many from a first one on.

    >>> spanned((1, 8, 8), [0, 2, 0], (1, 4, 8))
    Cut(kept=((0, 0, 1), (1, 2, 1), (2, 0, 1)), picked=())
    """
    if not isinstance(starts, (tuple, list)) or not all(map(_is_index, [*starts, *sizes])):
        return UNFOLLOWED
    ends = [None if size == -1 else start + size for start, size in zip(starts, sizes, strict=True)]
    return sliced(shape, tuple(map(slice, starts, ends)))


def _cut(shape: tuple[Size, ...], parts: list[Any]) -> Spread:
    kept: list[tuple[int, int, int] | None] = []
    picked: list[tuple[int, int | None]] = []
    sizes = iter(enumerate(shape))
    for part in parts:
        if part is None:
            kept.append(None)
            continue
        dim, size = next(sizes)
        if not isinstance(part, slice):
            picked.append((dim, int(part) if part >= 0 else None if size is None else size + int(part)))
            continue
        first = _first(part, size)
        if first is None:
            return UNFOLLOWED
        kept.append((dim, first, part.step or 1))
    return Cut(tuple(kept), tuple(picked)) if kept[:1] == [(0, 0, 1)] else UNFOLLOWED


def _first(part: slice, size: Size) -> int | None:
    """The first position of a slice; `None` where it goes backwards or depends on a size that nobody gave."""
    if not all(end is None or _is_index(end) for end in (part.start, part.stop, part.step)) or (part.step or 1) < 0:
        return None
    if size is not None:
        return part.indices(size)[0]
    return None if part.start is not None and part.start < 0 else int(part.start or 0)


def _is_index(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and getattr(value, "shape", ()) == ()


def padded(widths: Any, mode: str) -> Spread:
    """Returns where the positions of a map look that has `widths` positions before and behind each axis.

    >>> padded([[0, 0], [1, 1], [2, 2], [0, 0]], "constant").dims
    (1, 2)
    """
    if not any(map(any, widths)):
        return POINTWISE
    if mode != "constant" or any(widths[0]):
        return UNFOLLOWED
    before = {dim: int(width[0]) for dim, width in enumerate(widths) if any(width)}
    return Slide(tuple([window_reach(1, before=width) for width in before.values()]), tuple(before))


def stacked(rank: int, axis: int) -> Spread:
    """Returns where the positions of maps look that are stacked along a new axis.

    >>> stacked(3, -1)
    Route(sources=(0, 1, 2, None))
    """
    place = axis % (rank + 1)
    return Route((*range(place), None, *range(place, rank))) if place else UNFOLLOWED


def unstacked(rank: int, axis: int) -> Spread:
    """Returns where the positions of the maps look that a map is taken apart into along an axis."""
    place = axis % rank
    if not place:
        return UNFOLLOWED
    return Cut(tuple((dim, 0, 1) for dim in range(rank) if dim != place), ((place, None),))
