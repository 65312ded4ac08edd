"""Functions of each element: what they are to a count, of one map or of several."""

from dataclasses import dataclass
from typing import NamedTuple

from keras_cnnstats.primitives.base import Map, Primitive, Size, sums
from keras_cnnstats.primitives.slopes import FREE, SLOPES, STOPS, Slope
from keras_cnnstats.primitives.wrapping import Once
from keras_cnnstats.units import NO_WORK, Training, Work


class Cost(NamedTuple):
    """The cost of a function per element.

    Attributes:
        arithmetic: additions, subtractions, multiplications, divisions and comparisons of its definition.
        transcendentals: exponentials, logarithms, roots and their like.
        registered: what TensorFlow's profiler registers for Keras' way of doing it.
        hlo: what XLA's cost analysis counts for Keras' way of doing it, transcendentals left out.
        slopes: what the gradient costs towards each map that it reads; `None` where nobody has written it out.
    """

    arithmetic: int
    transcendentals: int = 0
    registered: int = 0
    hlo: int = 0
    slopes: tuple[Slope, ...] | None = None

    def sloped(self, name: str) -> "Cost":
        """The same with the gradient of the function of that name, if it is known."""
        return self._replace(slopes=SLOPES.get(name))


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Elementwise(Primitive):
    """A function of each element of one or several maps.

    Attributes:
        cost: what it costs per element.
        elements: elements of the result.
        weights: parameters of the function itself, such as the slopes of a PReLU.
        name: what it is called in the breakdown.
        maps: what it reads, where that is several maps, merged from the first to the last.
    """

    cost: Cost
    elements: Size
    weights: int = 0
    name: str = "elementwise"
    maps: tuple[Map, ...] = ()

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.name

    def work(self) -> Work | None:
        if self.elements is None:
            return None
        cost, n = self.cost, self.elements
        return Work(
            arithmetic=cost.arithmetic * n,
            transcendentals=cost.transcendentals * n,
            registered=cost.registered * n,
            hlo=cost.hlo * n,
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work, slopes = self.work(), self.cost.slopes
        if work is None:
            return None
        forward = work.times(samples)
        if not towards and not learns:
            return Training(forward)
        assert self.elements is not None
        elements = self.elements * samples
        if not slopes or (len(towards) > 1 and not self.maps):
            return None
        if self.maps:
            return Training(forward, *self._towards_maps(towards, slopes, samples, elements))
        inputs = slopes[0].over(elements) if towards else NO_WORK
        weights = slopes[-1].over(elements).plus(sums(elements, self.weights)) if learns else NO_WORK
        return Training(forward, inputs, weights)

    def _towards_maps(
        self, towards: tuple[int, ...], slopes: tuple[Slope, ...], samples: int, elements: int
    ) -> tuple[Work, Work]:
        """The gradients towards maps, and towards weights among them; what was repeated to fit is added up."""
        # Each map is merged with what the maps before it have become; that needs a gradient for those of them that do.
        merged = max(len(self.maps) - 1 - min(towards), min(towards) == 0)
        inputs, weights = slopes[0].over(elements * (merged - (min(towards) == 0))), NO_WORK
        for place in towards:
            each = self.maps[place]
            gradient = slopes[min(place, len(slopes) - 1, 1)].over(elements).plus(sums(elements, each.values(samples)))
            inputs, weights = (inputs, weights.plus(gradient)) if each.weight else (inputs.plus(gradient), weights)
        return inputs, weights

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def passes(self) -> bool:
        return self.cost.slopes != STOPS

    @property
    def parameters(self) -> int:
        return self.weights


DROPOUT = Cost(2, slopes=(Slope(1, hlo=2),))
"""A random number is compared with the rate, and the mask multiplied by."""


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Disturbance(Primitive):
    """What is done to each element in training alone, such as a dropout; at inference the values pass through.

    Attributes:
        cost: what it costs per element in training, random numbers left out; `None` where nobody has written it out.
        elements: elements of the map.
    """

    kind = "random change"
    cost: Cost | None
    elements: Size

    def work(self) -> Work:
        return NO_WORK

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        if self.cost is None:
            return None
        disturbing = Elementwise(cost=self.cost, elements=self.elements)
        return disturbing.training(towards, learns, samples)


def disturbances(cost: Cost, elements: Size, drawn: Size, is_shared: bool = False) -> list[Primitive]:
    """Returns what is done to each element at random, where elements may share what is drawn for them.

    Args:
        cost: what it costs per element that has a random number of its own, which is compared with a rate.
        elements: elements of the map.
        drawn: random numbers.
        is_shared: whether all samples share them.

    Example: a dropout of whole channels compares a number for each of 4, and multiplies all 36 values.

    >>> [each.training((), (), samples=2).forward.arithmetic for each in disturbances(DROPOUT, 36, 4)]
    [8, 72]
    """
    if drawn == elements and not is_shared:
        return [Disturbance(cost=cost, elements=elements)]
    compared: Primitive = Disturbance(cost=Cost(1, slopes=FREE), elements=drawn)
    return [
        Once(primitive=compared) if is_shared else compared,
        Disturbance(cost=cost._replace(arithmetic=cost.arithmetic - 1), elements=elements),
    ]
