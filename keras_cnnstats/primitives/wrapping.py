"""A primitive as part of a row: it reads another map, is repeated, or is done once for all samples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from keras_cnnstats.primitives.base import Claim, Learned, Map, Multiplied, Primitive, Size, product
from keras_cnnstats.primitives.spreads import POINTWISE, Aside, Spread
from keras_cnnstats.units import Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Wrapped(Primitive):
    """A primitive that says what the one inside says.

    Attributes:
        primitive: the one inside.
    """

    primitive: Primitive

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.primitive.kind

    def reached(self, results: tuple[int, ...]) -> Primitive:
        inner = self.primitive.reached(results)
        return self if inner is self.primitive else replace(self, primitive=inner)

    def work(self) -> Work | None:
        return self.primitive.work()

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        return self.primitive.training(towards, learns, samples)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.primitive.sources

    @property
    def passes(self) -> bool:
        return self.primitive.passes

    @property
    def parameters(self) -> int:
        return self.primitive.parameters

    @property
    def learned(self) -> tuple[Learned, ...]:
        return self.primitive.learned

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        return self.primitive.multiplied

    @property
    def operands(self) -> str:
        return self.primitive.operands

    @property
    def is_shared(self) -> bool:
        return self.primitive.is_shared

    @property
    def spread(self) -> Spread:
        return self.primitive.spread

    def claims(self) -> Iterable[Claim]:
        return self.primitive.claims()

    def defects(self) -> Iterable[Claim]:
        return self.primitive.defects()


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Reading(Wrapped):
    """A primitive that does not read what the one before it makes: of several projections, each reads another input.

    Attributes:
        maps: what it reads.
    """

    maps: tuple[Map, ...]

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Beside(Wrapped):
    """A primitive that stands beside those before it: it reads what the call reads, and not what they make.

    What comes behind it reads both. For calls of one input: where there are several, `Reading` says which.
    """

    @property
    def sources(self) -> tuple[Map, ...]:
        return (Map(None),)

    @property
    def spread(self) -> Spread:
        return Aside(self.primitive.spread)


def reading(primitives: list[Primitive], maps: tuple[Map, ...]) -> list[Primitive]:
    """Returns the primitives, of which the first reads `maps`, and each other one what the one before it makes."""
    return [Reading(primitive=primitives[0], maps=maps), *primitives[1:]] if primitives else []


def placed(primitives: Sequence[Primitive], places: Sequence[int], results: Sequence[int] = ()) -> list[Primitive]:
    """Returns the primitives of a part of a row, with their inputs and results at the places that they have in the row.

    Args:
        primitives: the primitives.
        places: where each of their inputs stands.
        results: where each of their results stands, if they have several.
    """
    primitives = [each.returning(results) for each in primitives]
    moved = [tuple([_moved(each, places) for each in primitive.sources]) for primitive in primitives]
    pairs = zip(primitives, moved, strict=True)
    return [each if maps == each.sources else Reading(primitive=each, maps=maps) for each, maps in pairs]


def _moved(read: Map, places: Sequence[int]) -> Map:
    if read.source is None or read.source < 0 or read.weight:
        return read
    return read._replace(source=places[read.source])


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Once(Wrapped):
    """A primitive that reads nothing but weights, so that all samples of a batch share what it makes.

    In the order of a row it stands before what uses it, and lets pass what that reads.
    """

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        return self.primitive.training(towards, learns, min(samples, 1))

    @property
    def is_shared(self) -> bool:
        return True


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Repeated(Wrapped):
    """A primitive that runs several times with the same weights: at each step, at each frame.

    Attributes:
        times: how often.
        looks: where the outputs look.
        carried: whether it reads what the time before has left, and a constant at first.
    """

    times: Size
    looks: Spread = POINTWISE
    carried: bool = False

    def work(self) -> Work | None:
        once = self.primitive.work()
        return None if once is None or self.times is None else once.times(self.times)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        if self.times is None:
            return None
        every = self.primitive.training(towards, learns, samples * self.times)
        if every is None or not self.carried or not towards:
            return every
        first = self.primitive.training(towards, (), samples)
        return None if first is None else every._replace(inputs=every.inputs.plus(first.inputs.times(-1)))

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        return tuple([each._replace(macs=product((each.macs, self.times))) for each in self.primitive.multiplied])

    @property
    def spread(self) -> Spread:
        return self.looks
