"""Work in training against loops that run forward and backward and count each operation as it is done.

Contractions are lists of products, of which each gradient multiplies the same pairs the other way round. Functions of
values are written out with their gradients, which a difference quotient confirms.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import pytest
from keras import Sequential, layers

import keras_cnnstats as cnnstats
from keras_cnnstats.units import Training, Work
from tests.rules.oracle import Axis, UpAxis

BATCH = 2


def training(layer: Any, shape: tuple[int, ...]) -> Training:
    """Our count of a layer behind one that learns, so that both its gradients are needed."""
    layer.name = "counted"
    below = layers.Dense(shape[-1])
    row = cnnstats.analyze(Sequential([keras.Input(shape), below, layer]), batch_size=BATCH)["counted"]
    assert row.training is not None
    return row.training


# Contractions


class Term(NamedTuple):
    """One product of a contraction: the values that it is added to and made of; `None` for an input in the padding."""

    output: Any
    input: Any
    weight: Any


class Tally(NamedTuple):
    """Products, those of them inside the input, and the values that they are added up into."""

    macs: int
    inside: int
    outputs: int


def tallies(terms: Sequence[Term]) -> tuple[Tally, Tally, Tally]:
    """Forward, towards the inputs, towards the weights: each product is done once in each direction."""
    found = []
    for place in range(3):
        sums: dict[Any, int] = {}
        for term in terms:
            sums[term[place]] = sums.get(term[place], 0) + 1
        padded = 0 if place else len([term for term in terms if term.input is None])
        assert sum(sums.values()) == len(terms) >= padded
        inside = len([term for term in terms if term.input is not None])
        found.append(Tally(len(terms), inside, len(sums) - (None in sums)))
    return found[0], found[1], found[2]


def convolved(axis: Axis, c_in: int, c_out: int, groups: int = 1) -> list[Term]:
    width, terms = c_in // groups, []
    for sample, (place, start), made in itertools.product(range(BATCH), enumerate(axis.starts), range(c_out)):
        first = made // (c_out // groups) * width
        for (tap, at), channel in itertools.product(enumerate(axis.taps(start)), range(first, first + width)):
            fed = (sample, at, channel) if axis.has(at) else None
            terms.append(Term((sample, place, made), fed, (tap, channel, made)))
    return terms


def spread(axis: UpAxis, c_in: int, c_out: int) -> list[Term]:
    terms = []
    for sample, at, tap in itertools.product(range(BATCH), range(axis.size), range(axis.kernel)):
        place = at * axis.stride + tap * axis.dilation - axis.cut
        for channel, made in itertools.product(range(c_in), range(c_out)):
            terms.append(Term((sample, place, made), (sample, at, channel), (tap, channel, made)))
    return terms


def multiplied(inputs: int, units: int, places: int = 1) -> list[Term]:
    each = itertools.product(range(BATCH), range(places), range(inputs), range(units))
    return [Term((sample, place, made), (sample, place, fed), (fed, made)) for sample, place, fed, made in each]


CONTRACTIONS: dict[str, tuple[Callable[[], Any], tuple[int, ...], Callable[[], list[Term]]]] = {
    "dense": (lambda: layers.Dense(5), (7,), lambda: multiplied(7, 5)),
    "dense at positions": (lambda: layers.Dense(5), (4, 7), lambda: multiplied(7, 5, 4)),
    "convolution": (lambda: layers.Conv1D(4, 3), (9, 3), lambda: convolved(Axis(9, 3), 3, 4)),
    "stride": (lambda: layers.Conv1D(4, 3, strides=4), (10, 3), lambda: convolved(Axis(10, 3, 4), 3, 4)),
    "padding": (
        lambda: layers.Conv1D(4, 4, strides=2, padding="same"),
        (9, 3),
        lambda: convolved(Axis(9, 4, 2, padding="same"), 3, 4),
    ),
    "dilation": (
        lambda: layers.Conv1D(4, 3, dilation_rate=3, padding="same"),
        (9, 3),
        lambda: convolved(Axis(9, 3, dilation=3, padding="same"), 3, 4),
    ),
    "causal": (
        lambda: layers.Conv1D(4, 3, padding="causal"),
        (9, 3),
        lambda: convolved(Axis(9, 3, padding="causal"), 3, 4),
    ),
    "groups": (lambda: layers.Conv1D(6, 3, groups=2), (9, 4), lambda: convolved(Axis(9, 3), 4, 6, 2)),
    "depthwise": (
        lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
        (9, 4),
        lambda: convolved(Axis(9, 3), 4, 8, 4),
    ),
    "transposed": (
        lambda: layers.Conv1DTranspose(4, 3, strides=2),
        (5, 3),
        lambda: spread(UpAxis(5, 3, 2), 3, 4),
    ),
    "transposed, gaps": (
        lambda: layers.Conv1DTranspose(4, 2, strides=3),
        (5, 3),
        lambda: spread(UpAxis(5, 2, 3), 3, 4),
    ),
}


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_contractions_and_their_gradients(name: str) -> None:
    build, shape, terms = CONTRACTIONS[name]
    step = training(build(), shape)
    forward, inputs, weights = tallies(terms())
    for counted, ours in zip((forward, inputs, weights), step, strict=True):
        assert counted == (ours.macs, ours.inside, ours.outputs)


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_gradient_of_a_bias_is_the_sum_over_what_it_was_added_to(name: str) -> None:
    build, shape, _ = CONTRACTIONS[name]
    step = training(build(), shape)
    filters = build().compute_output_shape((None, *shape))[-1]
    assert step.weights.arithmetic == step.forward.biases - filters


def test_product_of_two_maps_has_a_gradient_towards_each() -> None:
    first, second = keras.Input((4, 6)), keras.Input((6, 5))
    fed = layers.Dense(6)(first), layers.Dense(5)(second)
    product = keras.ops.matmul(*fed)
    row = cnnstats.analyze(keras.Model([first, second], product), batch_size=BATCH).rows[-1]
    each = itertools.product(range(BATCH), range(4), range(6), range(5))
    terms = [Term((s, row, column), (s, row, k), (s, k, column)) for s, row, k, column in each]
    forward, left, right = tallies(terms)
    assert row.training is not None
    assert forward == row.training.forward[:3]
    assert row.training.inputs[:3] == tuple(map(sum, zip(left, right, strict=True)))
    assert row.training.weights == Work()


# Functions of values


class Number:
    """A number that notes what is done to it."""

    done: dict[str, int]

    def __init__(self, value: float) -> None:
        self.value = value

    def _made(self, kind: str, value: float) -> "Number":
        Number.done[kind] += 1
        return Number(value)

    def __add__(self, other: Any) -> "Number":
        return self._made("arithmetic", self.value + value_of(other))

    def __sub__(self, other: Any) -> "Number":
        return self._made("arithmetic", self.value - value_of(other))

    def __rsub__(self, other: Any) -> "Number":
        return self._made("arithmetic", value_of(other) - self.value)

    def __mul__(self, other: Any) -> "Number":
        return self._made("arithmetic", self.value * value_of(other))

    def __truediv__(self, other: Any) -> "Number":
        return self._made("arithmetic", self.value / value_of(other))

    def __rtruediv__(self, other: Any) -> "Number":
        return self._made("arithmetic", value_of(other) / self.value)

    def __gt__(self, other: Any) -> bool:
        return self._made("arithmetic", 0).value == 0 and self.value > value_of(other)

    def equals(self, other: "Number") -> bool:
        return self._made("arithmetic", 0).value == 0 and self.value == other.value

    def larger(self, other: Any) -> "Number":
        return self._made("arithmetic", max(self.value, value_of(other)))

    def exp(self) -> "Number":
        return self._made("transcendentals", math.exp(self.value))

    def log(self) -> "Number":
        return self._made("transcendentals", math.log(self.value))

    def tanh(self) -> "Number":
        return self._made("transcendentals", math.tanh(self.value))

    def rsqrt(self) -> "Number":
        return self._made("transcendentals", self.value**-0.5)


def value_of(number: Any) -> float:
    return number.value if isinstance(number, Number) else number


def negative_exp(x: Number) -> Number:
    """The exponential of `-x`; a sign is part of the operation that reads it."""
    return Number(-x.value).exp()


def total(values: Sequence[Number]) -> Number:
    result, *rest = values
    for value in rest:
        result = result + value
    return result


def mean(values: Sequence[Number]) -> Number:
    return total(values) / len(values)


Vector = list[Number]
Back = Callable[[Vector], Vector]


def softmax(x: Vector) -> tuple[Vector, Back]:
    top = x[0]
    for value in x[1:]:
        top = top.larger(value)
    powers = [(value - top).exp() for value in x]
    whole = total(powers)
    y = [power / whole for power in powers]

    def back(g: Vector) -> Vector:
        dot = total([a * b for a, b in zip(g, y, strict=True)])
        return [value * (slope - dot) for value, slope in zip(y, g, strict=True)]

    return y, back


def log_softmax(x: Vector) -> tuple[Vector, Back]:
    top = x[0]
    for value in x[1:]:
        top = top.larger(value)
    distances = [value - top for value in x]
    whole = total([value.exp() for value in distances]).log()
    y = [value - whole for value in distances]

    def back(g: Vector) -> Vector:
        whole = total(g)
        return [slope - value.exp() * whole for value, slope in zip(y, g, strict=True)]

    return y, back


def sigmoid(x: Vector) -> tuple[Vector, Back]:
    y = [1 / (negative_exp(value) + 1) for value in x]
    return y, lambda g: [slope * value * (1 - value) for value, slope in zip(y, g, strict=True)]


def tanh(x: Vector) -> tuple[Vector, Back]:
    y = [value.tanh() for value in x]
    return y, lambda g: [slope * (1 - value * value) for value, slope in zip(y, g, strict=True)]


def relu(x: Vector) -> tuple[Vector, Back]:
    y = [value.larger(0) for value in x]
    return y, lambda g: [slope if value > 0 else Number(0) for value, slope in zip(x, g, strict=True)]


def leaky_relu(x: Vector) -> tuple[Vector, Back]:
    def chosen(at: Vector, values: Vector) -> Vector:
        below = [value * 0.2 for value in values]
        return [value if place > 0 else less for place, value, less in zip(at, values, below, strict=True)]

    return chosen(x, x), lambda g: chosen(x, g)


def silu(x: Vector) -> tuple[Vector, Back]:
    s = [1 / (negative_exp(value) + 1) for value in x]
    y = [value * share for value, share in zip(x, s, strict=True)]
    return y, lambda g: [slope * (a + b * (1 - a)) for slope, a, b in zip(g, s, y, strict=True)]


def normalization(x: Vector) -> tuple[Vector, Back]:
    """The scale is 1 and the shift 0; both are done all the same."""
    middle = mean(x)
    distances = [value - middle for value in x]
    factor = (mean([value * value for value in distances]) + 1e-3).rsqrt()
    normal = [value * factor for value in distances]
    y = [value * 1.0 + 0.0 for value in normal]

    def back(g: Vector) -> Vector:
        g = [slope * 1.0 for slope in g]
        level, tilt = mean(g), mean([a * b for a, b in zip(g, normal, strict=True)])
        return [(slope - level - value * tilt) * factor for slope, value in zip(g, normal, strict=True)]

    return y, back


def deepest(windows: Sequence[Sequence[int]], overlap: bool) -> Callable[[Vector], tuple[Vector, Back]]:
    """Max pooling."""

    def pooled(x: Vector) -> tuple[Vector, Back]:
        y = []
        for window in windows:
            top = x[window[0]]
            for at in window[1:]:
                top = top.larger(x[at])
            y.append(top)

        def back(g: Vector) -> Vector:
            found = [Number(0) for _ in x]
            for window, top, slope in zip(windows, y, g, strict=True):
                (place,) = [at for at in window if x[at].equals(top)]
                found[place] = found[place] + slope if overlap else slope
            return found

        return y, back

    return pooled


def averaged(windows: Sequence[Sequence[int]]) -> Callable[[Vector], tuple[Vector, Back]]:
    """Average pooling."""

    def pooled(x: Vector) -> tuple[Vector, Back]:
        def back(g: Vector) -> Vector:
            found: dict[int, Number] = {}
            for window, slope in zip(windows, g, strict=True):
                part = slope / len(window)
                for at in window:
                    found[at] = found[at] + part if at in found else part
            return [found.get(at, Number(0)) for at in range(len(x))]

        return [mean([x[at] for at in window]) for window in windows], back

    return pooled


def windows(size: int, kernel: int, stride: int) -> list[list[int]]:
    axis = Axis(size, kernel, stride)
    return [axis.taps(start) for start in axis.starts]


class Function(NamedTuple):
    """A function of a group of values, the layer that has it, and its input's shape; how many groups that has."""

    run: Callable[[Vector], tuple[Vector, Back]]
    build: Callable[[], Any]
    shape: tuple[int, ...]
    groups: int = 1


FUNCTIONS = {
    "softmax": Function(softmax, layers.Softmax, (3, 5), 3),
    "logarithm of softmax": Function(log_softmax, lambda: layers.Activation("log_softmax"), (3, 5), 3),
    "sigmoid": Function(sigmoid, lambda: layers.Activation("sigmoid"), (7,)),
    "tanh": Function(tanh, lambda: layers.Activation("tanh"), (7,)),
    "relu": Function(relu, layers.ReLU, (7,)),
    "leaky relu": Function(leaky_relu, layers.LeakyReLU, (7,)),
    "silu": Function(silu, lambda: layers.Activation("silu"), (7,)),
    "layer normalization": Function(normalization, layers.LayerNormalization, (3, 5), 3),
    "maxima": Function(deepest(windows(9, 3, 3), overlap=False), lambda: layers.MaxPooling1D(3), (9, 1)),
    "maxima that overlap": Function(deepest(windows(9, 3, 2), overlap=True), lambda: layers.MaxPooling1D(3, 2), (9, 1)),
    "averages": Function(averaged(windows(9, 3, 3)), lambda: layers.AveragePooling1D(3), (9, 1)),
    "averages that overlap": Function(averaged(windows(9, 3, 2)), lambda: layers.AveragePooling1D(3, 2), (9, 1)),
    "mean": Function(averaged([list(range(9))]), layers.GlobalAveragePooling1D, (9, 1)),
}


def counted() -> Iterator[dict[str, int]]:
    """What has been done since the last time."""
    while True:
        Number.done = {"arithmetic": 0, "transcendentals": 0}
        yield Number.done


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_gradients(name: str) -> None:
    run, build, shape, groups = FUNCTIONS[name]
    draw, count = random.Random(0), counted()
    x = [Number(draw.uniform(-1, 1)) for _ in range(math.prod(shape) // groups)]
    forward = next(count)
    y, back = run(x)
    g = [Number(draw.uniform(-1, 1)) for _ in y]
    backward = next(count)
    slopes = back(g)
    next(count)
    step = training(build(), shape)
    for done, ours in ((forward, step.forward), (backward, step.inputs)):
        times = groups * BATCH
        assert (ours.arithmetic, ours.transcendentals) == (times * done["arithmetic"], times * done["transcendentals"])
    # The difference quotient of `sum(g * y)` in each value.
    for place, slope in enumerate(slopes):
        sides = []
        for nudge in (1e-6, -1e-6):
            moved = [Number(each.value + nudge * (at == place)) for at, each in enumerate(x)]
            sides.append(sum(a.value * b.value for a, b in zip(g, run(moved)[0], strict=True)))
        assert slope.value == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-6)


def test_gradients_of_a_scale_and_a_shift_are_sums_over_all_that_they_were_used_on() -> None:
    step = training(layers.LayerNormalization(), (3, 5))
    products, uses = BATCH * 3 * 5, BATCH * 3
    assert step.weights.arithmetic == products + 2 * 5 * (uses - 1)
