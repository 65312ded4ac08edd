"""Functions of each element that are made of others, which may read the same value several times."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keras_cnnstats.primitives.base import Primitive, Size
from keras_cnnstats.primitives.elementwise import Cost, Elementwise
from keras_cnnstats.primitives.rearrangement import Rearrangement
from keras_cnnstats.primitives.slopes import FREE, ONE, STOPS, Slope
from keras_cnnstats.primitives.spreads import POINTWISE


class Part(NamedTuple):
    """One of the functions that another one is made of.

    Attributes:
        cost: what it costs per element, with a slope towards each value that it reads.
        reads: numbers of those values; `None` for a constant.
        makes: number of the value that it makes.
    """

    cost: Cost
    reads: tuple[int | None, ...]
    makes: int


def part_of(
    primitives: Sequence[Primitive], elements: Size, reads: tuple[int, ...], makes: int, sloped: bool
) -> Part | None:
    """Returns what a call is made of as a part of a function of each of so many elements; `None` where it is none.

    Args:
        primitives: the primitives, of which one reads what the one before it makes.
        elements: elements of what the function is given, and of what the call makes.
        reads: numbers of the values that the call reads.
        makes: number of the value that it makes.
        sloped: whether that has a slope at all: whole numbers and truth values have none.
    """
    found = [_alone(each, elements, reads) for each in primitives or (Rearrangement(),)]
    costs = [each.cost for each in found if each is not None]
    if len(costs) < len(found):
        return None
    if not sloped or any(cost.slopes == STOPS for cost in costs):
        return Part(_together(costs, STOPS), reads, makes)
    only = found[0] if len(found) == 1 else None
    return Part(_together(costs, None), reads, makes) if only is None else only._replace(makes=makes)


def _alone(primitive: Primitive, elements: Size, reads: tuple[int, ...]) -> Part | None:
    if isinstance(primitive, Rearrangement) and primitive.moves == POINTWISE and primitive.added == 0:
        return Part(Cost(0, slopes=FREE * len(reads) if primitive.follows else STOPS), reads, 0)
    if not isinstance(primitive, Elementwise) or primitive.elements != elements or primitive.weights:
        return None
    cost, maps = primitive.cost, primitive.maps
    if any(each.weight for each in maps):
        # What training changes of a weight is no part of a function.
        return Part(cost._replace(slopes=None), reads, 0)
    return Part(cost, tuple([None if each.source is None else reads[each.source] for each in maps]) or reads, 0)


def _together(costs: Sequence[Cost], slopes: tuple[Slope, ...] | None) -> Cost:
    return Cost(
        arithmetic=sum([cost.arithmetic for cost in costs]),
        transcendentals=sum([cost.transcendentals for cost in costs]),
        registered=sum([cost.registered for cost in costs]),
        hlo=sum([cost.hlo for cost in costs]),
        slopes=slopes,
    )


def composed(parts: Sequence[Part], given: int = 0) -> Cost:
    """Returns the cost of a function that is made of others; the gradient goes back through them as through a network.

    Args:
        parts: the functions in the order in which they are done; the last makes what the function makes.
        given: number of the value that the function is given.

    Example: `x * sign(x)`. No gradient passes a sign, so that one product is left.

    >>> sign, product = Cost(1, slopes=STOPS), Cost(1, slopes=(ONE, ONE))
    >>> composed([Part(sign, (0,), 1), Part(product, (0, 1), 2)])
    Cost(arithmetic=2, transcendentals=0, registered=0, hlo=0, slopes=(Slope(arithmetic=1, transcendentals=0, hlo=1),))

    Of `x * x` there are two products, whose sum is the gradient.

    >>> composed([Part(product, (0, 0), 1)]).slopes
    (Slope(arithmetic=3, transcendentals=0, hlo=3),)
    """
    return _together([part.cost for part in parts], _slopes(parts, given))


def _slopes(parts: Sequence[Part], given: int) -> tuple[Slope, ...] | None:
    live = {given}
    for part in parts:
        if part.cost.slopes != STOPS and not live.isdisjoint(part.reads):
            live.add(part.makes)
    arrived = {parts[-1].makes if parts else given}
    if live.isdisjoint(arrived):
        return STOPS
    found: list[Slope] = []
    for part in reversed(parts):
        if part.makes in arrived:
            slopes = part.cost.slopes
            if slopes is None or len(slopes) != len(part.reads):
                return None
            found += _towards(slopes, part.reads, live, arrived)
    total = Slope(0)
    for slope in found:
        total = total.plus(slope)
    return (total,)


def _towards(
    slopes: tuple[Slope, ...], reads: tuple[int | None, ...], live: set[int], arrived: set[int]
) -> Iterator[Slope]:
    """What the gradients of a part cost, with an addition for each that meets another; notes where they arrive."""
    for slope, number in zip(slopes, reads, strict=True):
        if number in live:
            yield slope
            if number in arrived:
                yield ONE
            arrived.add(number)
