"""Elementwise functions: what each costs per element, written out."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from keras_cnnstats.primitives.base import Map, Primitive, Size, sums
from keras_cnnstats.primitives.slopes import FREE, SLOPES, STOPS, Slope
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


_COSTS: dict[str, Cost] = {
    # name: arithmetic and transcendentals of the definition, then the counts of TensorFlow's profiler and of XLA.
    "celu": Cost(6, 1, registered=5, hlo=5),  # max(x, 0) + min(0, a * (exp(x / a) - 1))
    "elu": Cost(3, 1, registered=0, hlo=5),  # x if x > 0 else a * (exp(x) - 1)
    "exponential": Cost(0, 1),
    "gelu": Cost(4, 1, registered=4, hlo=66),  # x / 2 * (1 + erf(x / sqrt(2)))
    "gelu_tanh": Cost(8, 1, registered=7, hlo=8),  # x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))
    "glu": Cost(3, 1, registered=1, hlo=4),  # a * sigmoid(b), for each output
    "hard_shrink": Cost(2, registered=1, hlo=3),  # x if abs(x) > t else 0
    "hard_sigmoid": Cost(4, registered=2, hlo=4),  # relu6(x + 3) / 6
    "hard_silu": Cost(5, registered=3, hlo=5),  # x * hard_sigmoid(x)
    "hard_tanh": Cost(2, registered=2, hlo=4),  # min(max(x, -1), 1)
    "leaky_relu": Cost(2, registered=0, hlo=3),  # x if x > 0 else a * x
    "log_sigmoid": Cost(1, 2, registered=2, hlo=8),  # -log(1 + exp(-x))
    "mish": Cost(2, 3, registered=1, hlo=7),  # x * tanh(log(1 + exp(x)))
    "prelu": Cost(2, registered=3, hlo=5),  # as leaky_relu, with a learned slope
    "relu": Cost(1, registered=0, hlo=1),  # max(x, 0)
    "relu6": Cost(2, registered=0, hlo=2),  # min(max(x, 0), 6)
    "selu": Cost(4, 1, registered=0, hlo=6),  # scale * elu(x)
    "sigmoid": Cost(2, 1, registered=0, hlo=3),  # 1 / (1 + exp(-x))
    "silu": Cost(3, 1, registered=2, hlo=4),  # x * sigmoid(x)
    "soft_shrink": Cost(4, registered=4, hlo=6),  # x - t if x > t else (x + t if x < -t else 0)
    "softplus": Cost(1, 2, registered=0, hlo=6),  # log(1 + exp(x))
    "softsign": Cost(3, registered=0, hlo=3),  # x / (1 + abs(x))
    "sparse_plus": Cost(5, registered=5, hlo=7),  # 0 if x <= -1 else ((x + 1) ** 2 / 4 if x < 1 else x)
    "sparse_sigmoid": Cost(4, registered=4, hlo=4),  # 0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)
    "squareplus": Cost(4, 1, registered=4, hlo=4),  # (x + sqrt(x * x + b)) / 2
    "tanh": Cost(0, 1),
    "tanh_shrink": Cost(1, 1, registered=1, hlo=1),  # x - tanh(x)
    "threshold": Cost(1, registered=1, hlo=2),  # x if x > t else v
}

FUNCTIONS = {name: cost.sloped(name) for name, cost in _COSTS.items()}
"""Activation functions by the name that Keras gives them."""


def in_a_row(costs: Iterable[Cost]) -> Cost:
    """The cost of several functions of one map each, one after the other; their slopes are passed one after the other.

    >>> in_a_row([FUNCTIONS["relu"], FUNCTIONS["sigmoid"]])
    Cost(arithmetic=3, transcendentals=1, registered=0, hlo=4, slopes=(Slope(arithmetic=4, transcendentals=0, hlo=5),))
    >>> in_a_row([FUNCTIONS["relu"], Cost(1)]).slopes is None
    True
    """
    total = Cost(0, slopes=FREE)
    for cost in costs:
        total = Cost(
            arithmetic=total.arithmetic + cost.arithmetic,
            transcendentals=total.transcendentals + cost.transcendentals,
            registered=total.registered + cost.registered,
            hlo=total.hlo + cost.hlo,
            slopes=_passed(total.slopes, cost.slopes),
        )
    return total


def _passed(first: tuple[Slope, ...] | None, second: tuple[Slope, ...] | None) -> tuple[Slope, ...] | None:
    """The slopes of two functions of one map each, one after the other; where one of them is flat, both are."""
    if STOPS in (first, second):
        return STOPS
    if first is None or second is None or len(second) > 1:
        return None
    return (first[0].plus(second[0]),)


@lru_cache
def merging(name: str, maps: int) -> Cost:
    """The cost of making one map of several by a function of two.

    >>> merging("add", 3).arithmetic
    2
    """
    steps = maps - 1
    return Cost(steps, registered=steps, hlo=steps).sloped(name)


@lru_cache
def relu(max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0) -> Cost:
    """The cost of a rectifier with a ceiling, a slope below and a threshold, each where it is set.

    >>> relu().arithmetic, relu(max_value=6).arithmetic, relu(negative_slope=0.1).arithmetic
    (1, 2, 2)
    """
    arithmetic = 1 + (max_value is not None) + bool(negative_slope)
    if negative_slope and max_value is None and not threshold:
        return FUNCTIONS["leaky_relu"]
    # What follows are the steps of Keras' own way: the rectifier, the clipping, the slope's part added at the end.
    registered, hlo = (1, 2) if threshold else ((0, 2) if max_value == 6 else (0, 1))
    if max_value is not None and (threshold or max_value != 6):
        registered, hlo = registered + 2, hlo + 2
    if negative_slope:
        registered, hlo = registered + 3 + bool(threshold), hlo + 4 + bool(threshold)
    clipped = max_value is not None and (bool(threshold) or max_value != 6)
    gradient = (1 if threshold else (4 if max_value == 6 else 2)) + 12 * clipped + 6 * bool(negative_slope)
    return Cost(arithmetic, 0, registered, hlo, (Slope(arithmetic, hlo=gradient),))


def elu(alpha: float = 1.0) -> Cost:
    """The cost of an exponential linear unit; TensorFlow has one of its own for `alpha=1` alone.

    >>> elu().registered, elu(0.5).registered
    (0, 2)
    """
    return FUNCTIONS["elu"] if alpha == 1 else FUNCTIONS["elu"]._replace(registered=2)


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
    def alone(self) -> Cost:
        """What it costs as a function of the one map among constants that it reads."""
        slopes = self.cost.slopes
        read = [place for place, each in enumerate(self.maps) if each.source is not None]
        if not slopes or not self.maps:
            return self.cost
        return self.cost._replace(slopes=(slopes[min(read[0], len(slopes) - 1)],) if len(read) == 1 else None)

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
