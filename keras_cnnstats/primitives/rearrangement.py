"""Rearrangement: values move or are repeated, nothing is computed."""

from dataclasses import dataclass

from keras_cnnstats.field import Reach
from keras_cnnstats.primitives.base import POINTWISE, Primitive, Slide, Spread
from keras_cnnstats.units import NO_WORK, Work


@dataclass(slots=True, unsafe_hash=True)
class Rearrangement(Primitive):
    """Costs nothing; `moves` says where the outputs look."""

    kind = "rearrangement"
    moves: Spread = POINTWISE

    def work(self) -> Work:
        return NO_WORK

    @property
    def spread(self) -> Spread:
        return self.moves

    @classmethod
    def shifted(cls, before: tuple[int, ...]) -> "Rearrangement":
        """Padding by `before` positions in front of each axis, or cropping by as many where they are negative."""
        return cls(Slide(tuple(Reach(((-padding, -padding),), 1) for padding in before)))


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Lookup(Primitive):
    """Rows of a table are picked by index: parameters, no arithmetic."""

    kind = "lookup"
    rows: int
    width: int

    def work(self) -> Work:
        return NO_WORK

    @property
    def parameters(self) -> int:
        return self.rows * self.width


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Kept(Primitive):
    """Weights that are kept and take no part at inference."""

    kind = "kept"
    weights: int

    def work(self) -> Work:
        return NO_WORK

    @property
    def parameters(self) -> int:
        return self.weights


def swapped(rank: int, first: int, second: int) -> tuple[int, ...]:
    """Returns the axes with two of them in each other's place.

    >>> swapped(4, 1, -1)
    (0, 3, 2, 1)
    """
    order = list(range(rank))
    order[first], order[second] = order[second], order[first]
    return tuple(order)


def moved(rank: int, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> tuple[int, ...]:
    """Returns the axes with some of them moved to other places, the others in their order.

    >>> moved(4, 1, -1)
    (0, 2, 3, 1)
    """
    sources = [axis % rank for axis in ((source,) if isinstance(source, int) else source)]
    places = [axis % rank for axis in ((destination,) if isinstance(destination, int) else destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tuple(order)
