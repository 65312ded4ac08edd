"""Rearrangement: values move or are repeated, nothing is computed."""

from dataclasses import dataclass

from keras_cnnstats.field import Reach
from keras_cnnstats.primitives.base import Learned, Map, Primitive, Size
from keras_cnnstats.primitives.spreads import POINTWISE, Slide, Spread
from keras_cnnstats.units import NO_TRAINING, NO_WORK, Training, Work


@dataclass(slots=True, unsafe_hash=True)
class Rearrangement(Primitive):
    """Costs nothing at inference.

    Attributes:
        moves: where the outputs look.
        added: values that its gradient adds to others: those that were there more than once.
        follows: whether the values depend on those of the input; what is made anew, or taken from them as a constant,
            lets no gradient pass.
        maps: what it reads, where weights are among it.
    """

    kind = "rearrangement"
    moves: Spread = POINTWISE
    added: Size = 0
    follows: bool = True
    maps: tuple[Map, ...] = ()

    def work(self) -> Work:
        return NO_WORK

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        if not towards or self.added == 0:
            return NO_TRAINING
        if self.added is None:
            return None
        added = self.added * samples
        return Training(inputs=Work(arithmetic=added, hlo=added))

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def passes(self) -> bool:
        return self.follows

    @property
    def spread(self) -> Spread:
        return self.moves

    @classmethod
    def shifted(cls, before: tuple[int, ...]) -> "Rearrangement":
        """Padding by `before` positions in front of each axis."""
        return cls(Slide(tuple(Reach(((-padding, -padding),), 1) for padding in before)))

    @classmethod
    def cropped(cls, before: tuple[int, ...]) -> "Rearrangement":
        """Cropping by `before` positions in front of each axis."""
        return cls.shifted(tuple(-margin for margin in before))


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Lookup(Primitive):
    """Rows of a table are picked by index: parameters, no arithmetic.

    Attributes:
        rows: rows of the table.
        width: values of a row.
        picked: rows that are picked.
        maps: the indices and the table, where that is made at each call.
    """

    kind = "lookup"
    rows: int
    width: int
    picked: Size = None
    maps: tuple[Map, ...] = ()

    def work(self) -> Work:
        return NO_WORK

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        if not learns and 1 not in towards:
            return NO_TRAINING
        if self.picked is None:
            return None
        # What comes back is added to the row that was picked.
        added = self.picked * self.width * samples
        return Training(weights=Work(arithmetic=added, hlo=added))

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def passes(self) -> bool:
        return len(self.maps) > 1

    @property
    def parameters(self) -> int:
        return self.rows * self.width

    @property
    def learned(self) -> tuple[Learned, ...]:
        return (Learned("embeddings", self.parameters),)


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Kept(Primitive):
    """Weights that are kept and take no part in a call.

    Attributes:
        weights: how many.
        name: their name, where training changes them in other calls.
    """

    kind = "kept"
    weights: int
    name: str = ""

    def work(self) -> Work:
        return NO_WORK

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training:
        return NO_TRAINING

    @property
    def learned(self) -> tuple[Learned, ...]:
        return (Learned(self.name, self.weights),) if self.name else ()

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
