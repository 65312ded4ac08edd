"""Functions of values in training: written out with their gradients, which a difference quotient confirms."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from keras import layers

from tests.rules.by_hand import BATCH, Back, Number, Vector, counted, log_softmax, negative_exp, training
from tests.rules.oracle import Axis, largest, mean, total


def softmax(x: Vector) -> tuple[Vector, Back]:
    top = largest(x)
    powers = [(value - top).exp() for value in x]
    whole = total(powers)
    y = [power / whole for power in powers]

    def back(g: Vector) -> Vector:
        dot = total([a * b for a, b in zip(g, y, strict=True)])
        return [value * (slope - dot) for value, slope in zip(y, g, strict=True)]

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
