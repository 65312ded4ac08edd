"""Gradients of operations against loops that run forward and backward and count each step as it is done.

What is fixed (targets, the other side of a distance) has numbers of its own. A difference quotient confirms each
gradient.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Recurrence
from keras_cnnstats.units import Training
from tests.rules.by_hand import BATCH, Back, Number, Vector, counted, log_softmax
from tests.rules.oracle import largest, total

TARGETS = [0.2, 0.1, 0.4, 0.05, 0.25]
PLACES = [[0.3, -0.2], [0.8, 0.5], [-0.7, 0.1]]


def fixed(values: Sequence[float]) -> Vector:
    return [Number(value) for value in values]


def made(kind: str, value: float) -> Number:
    Number.done[kind] += 1
    return Number(value)


def root(x: Number) -> Number:
    return made("transcendentals", math.sqrt(x.value))


def size_of(x: Number) -> Number:
    return made("arithmetic", abs(x.value))


def signed(x: Number, slope: Number) -> Number:
    """The slope where `x` is positive, else the opposite."""
    opposite = 0 - slope
    return slope if x > 0 else opposite


def parted(values: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(values[start : start + size]) for start in range(0, len(values), size)]


def running(values: Vector, join: Callable[[Number, Number], Number]) -> Vector:
    return list(itertools.accumulate(values, join))


# Along a line


def sums(x: Vector) -> tuple[Vector, Back]:
    return running(x, lambda a, b: a + b), lambda g: running(g[::-1], lambda a, b: a + b)[::-1]


def products(x: Vector) -> tuple[Vector, Back]:
    y = running(x, lambda a, b: a * b)

    def back(g: Vector) -> Vector:
        parts = running([a * b for a, b in zip(g, y, strict=True)][::-1], lambda a, b: a + b)[::-1]
        return [part / value for part, value in zip(parts, x, strict=True)]

    return y, back


def differences(x: Vector) -> tuple[Vector, Back]:
    y = [b - a for a, b in itertools.pairwise(x)]
    return y, lambda g: [0 - g[0], *[a - b for a, b in itertools.pairwise(g)], g[-1]]


def trapezoids(x: Vector) -> tuple[Vector, Back]:
    def back(g: Vector) -> Vector:
        parts = [g[0] / 2 * 1.0 for _ in x[1:]]
        return [parts[0], *[a + b for a, b in itertools.pairwise(parts)], parts[-1]]

    return [total([(a + b) / 2 * 1.0 for a, b in itertools.pairwise(x)])], back


def logsumexp(x: Vector) -> tuple[Vector, Back]:
    top = largest(x)
    powers = [(value - top).exp() for value in x]
    whole = total(powers)

    def back(g: Vector) -> Vector:
        share = g[0] / whole
        return [power * share for power in powers]

    return [top + whole.log()], back


# Losses


def binary(p: Vector) -> tuple[Vector, Back]:
    goal = fixed(TARGETS)
    rest, other = [1 - value for value in p], [1 - value for value in goal]
    y = [a * b.log() + c * d.log() for a, b, c, d in zip(goal, p, other, rest, strict=True)]
    return y, lambda g: [s * (a / b - c / d) for s, a, b, c, d in zip(g, goal, p, other, rest, strict=True)]


def binary_of_logits(x: Vector) -> tuple[Vector, Back]:
    goal = fixed(TARGETS)
    powers = [Number(-size_of(value).value).exp() for value in x]
    whole = [1 - Number(-power.value) for power in powers]
    y = [value.larger(0) - value * target + one.log() for value, target, one in zip(x, goal, whole, strict=True)]

    def back(g: Vector) -> Vector:
        tops = [Number(1) if value > 0 else power for value, power in zip(x, powers, strict=True)]
        return [s * (top / one - target) for s, top, one, target in zip(g, tops, whole, goal, strict=True)]

    return y, back


def crossentropy(p: Vector) -> tuple[Vector, Back]:
    goal = fixed(TARGETS)
    y = total([a * b.log() for a, b in zip(goal, p, strict=True)])
    return [y], lambda g: [g[0] * a / b for a, b in zip(goal, p, strict=True)]


def crossentropy_of_logits(x: Vector) -> tuple[Vector, Back]:
    goal = fixed(TARGETS)
    logarithms, back = log_softmax(x)
    y = total([a * b for a, b in zip(goal, logarithms, strict=True)])
    return [y], lambda g: back([g[0] * a for a in goal])


def crossentropy_of_a_class(p: Vector) -> tuple[Vector, Back]:
    return [p[2].log()], lambda g: [g[0] / p[2] if place == 2 else Number(0) for place in range(len(p))]


def crossentropy_of_a_class_of_logits(x: Vector) -> tuple[Vector, Back]:
    top = largest(x)
    powers = [(value - top).exp() for value in x]
    whole = total(powers)

    def back(g: Vector) -> Vector:
        shares = [power / whole * g[0] for power in powers]
        shares[2] = shares[2] - g[0]
        return shares

    return [whole.log() + top - x[2]], back


def decibels(x: Vector) -> tuple[Vector, Back]:
    apart = [a - b for a, b in zip(x, fixed(TARGETS), strict=True)]
    mean = total([each * each for each in apart]) / len(x)

    def back(g: Vector) -> Vector:
        slope = g[0] * (-10 / math.log(10)) / mean / len(x)
        return [slope * 2 * each for each in apart]

    return [20 * math.log10(255) - made("transcendentals", math.log10(mean.value)) * 10], back


# Lengths and distances


def share_of_sum(x: Vector) -> tuple[Vector, Back]:
    length = total([size_of(value) for value in x]).larger(1e-12)
    y = [value / length for value in x]

    def back(g: Vector) -> Vector:
        direct = [slope / length for slope in g]
        whole = total([(0 - slope * value) / length for slope, value in zip(g, y, strict=True)])
        kept = whole if length > 1e-12 else Number(0)
        return [a + signed(value, kept) for a, value in zip(direct, x, strict=True)]

    return y, back


def distances(x: Vector) -> tuple[Vector, Back]:
    vectors, others = parted(x, 2), [fixed(place) for place in PLACES]
    pairs = list(itertools.product(vectors, others))
    apart = [[a - b for a, b in zip(*pair, strict=True)] for pair in pairs]
    y = [root(total([each * each for each in pair])) for pair in apart]

    def back(g: Vector) -> Vector:
        slopes = [slope / each for slope, each in zip(g, y, strict=True)]
        parts = [[each * slope for each in pair] for pair, slope in zip(apart, slopes, strict=True)]
        rows = parted(parts, len(others))
        return [total([part[at] for part in row]) for row in rows for at in range(2)]

    return y, back


def crossed(x: Vector) -> tuple[Vector, Back]:
    other = fixed([0.3, -0.4, 0.9])

    def product(a: Vector, b: Vector) -> Vector:
        turns = ((1, 2), (2, 0), (0, 1))
        return [a[i] * b[j] - a[j] * b[i] for i, j in turns]

    return product(x, other), lambda g: product(other, g)


# Equations

TRIANGLE = [[1.5, 0.0, 0.0], [0.4, -0.8, 0.0], [0.3, 0.7, 1.2]]


def solved(a: Sequence[Vector], b: Vector, order: Sequence[int]) -> Vector:
    found: dict[int, Number] = {}
    for place in order:
        rest = b[place]
        for other, value in found.items():
            rest = rest - a[place][other] * value
        found[place] = rest / a[place][place]
    return [found[place] for place in range(len(b))]


def right_sides(b: Vector) -> tuple[Vector, Back]:
    matrix = [fixed(row) for row in TRIANGLE]
    turned = [list(column) for column in zip(*matrix, strict=True)]
    return solved(matrix, b, range(3)), lambda g: solved(turned, g, range(2, -1, -1))


def triangle(a: Vector) -> tuple[Vector, Back]:
    rows = parted(a, 3)
    turned = [list(column) for column in zip(*rows, strict=True)]
    y = solved(rows, fixed([0.5, -0.2, 0.9]), range(3))

    def back(g: Vector) -> Vector:
        slopes = solved(turned, g, range(2, -1, -1))
        pairs = itertools.product(range(3), repeat=2)
        return [0 - slopes[i] * y[j] if j <= i else Number(0) for i, j in pairs]

    return y, back


class Operation(NamedTuple):
    """A function of a group of values, the operation that does it, and the shapes of its inputs; the last one learns.

    Attributes:
        run: the function.
        build: the operation, called with the inputs.
        shapes: their shapes.
        groups: groups in a sample.
        size: values of a group.
    """

    run: Callable[[Vector], tuple[Vector, Back]]
    build: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    groups: int
    size: int = 5


def switched(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda first, second: function(second, first)


LINES, CLASSES = ((5, 3),), ((3, 5), (3, 5))
CLASS = ((3,), (3, 5))
OF_LOGITS = {"from_logits": True}

OPERATIONS = {
    "running sum": Operation(sums, partial(ops.cumsum, axis=1), LINES, 3),
    "running product": Operation(products, partial(ops.cumprod, axis=1), LINES, 3),
    "differences": Operation(differences, partial(ops.diff, axis=1), LINES, 3),
    "trapezoids": Operation(trapezoids, partial(ops.trapezoid, axis=1), LINES, 3),
    "logsumexp": Operation(logsumexp, partial(ops.logsumexp, axis=1), LINES, 3),
    "binary": Operation(binary, ops.binary_crossentropy, CLASSES, 3),
    "binary, logits": Operation(binary_of_logits, partial(ops.binary_crossentropy, **OF_LOGITS), CLASSES, 3),
    "categorical": Operation(crossentropy, ops.categorical_crossentropy, CLASSES, 3),
    "categorical, logits": Operation(
        crossentropy_of_logits, partial(ops.categorical_crossentropy, **OF_LOGITS), CLASSES, 3
    ),
    "sparse": Operation(crossentropy_of_a_class, ops.sparse_categorical_crossentropy, CLASS, 3),
    "sparse, logits": Operation(
        crossentropy_of_a_class_of_logits, partial(ops.sparse_categorical_crossentropy, **OF_LOGITS), CLASS, 3
    ),
    "decibels": Operation(decibels, switched(partial(ops.psnr, max_val=255)), ((5,), (5,)), 1),
    "share of a sum": Operation(share_of_sum, partial(ops.normalize, order=1), ((3, 5),), 3),
    "distances": Operation(distances, switched(ops.cdist), ((3, 2), (2, 2)), 1, size=4),
    "vector product": Operation(crossed, switched(ops.cross), ((4, 3), (4, 3)), 4, size=3),
    "right sides": Operation(right_sides, partial(ops.solve_triangular, lower=True), ((3, 3), (3, 4)), 4, size=3),
    "triangle": Operation(triangle, switched(partial(ops.solve_triangular, lower=True)), ((3, 1), (3, 3)), 1, size=9),
}


def training(operation: Operation) -> Training:
    """Our count of an operation whose last input learns; what is added up because the operation reads it twice, too."""
    fed = [keras.Input(shape) for shape in operation.shapes]
    y = operation.build(*fed[:-1], layers.Dense(operation.shapes[-1][-1])(fed[-1]))
    row = cnnstats.analyze(keras.Model(fed, y), batch_size=BATCH).rows[-1]
    assert row.training is not None
    return row.training


def drawn(draw: random.Random, size: int) -> Vector:
    """Values between 0 and 1; of a triangle, those on the diagonal are not small."""
    return [Number(draw.uniform(0.2, 0.9) + (size == 9 and place % 4 == 0)) for place in range(size)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_and_its_gradient(name: str) -> None:
    operation = OPERATIONS[name]
    draw, count = random.Random(0), counted()
    x = drawn(draw, operation.size)
    forward = next(count)
    y, back = operation.run(x)
    g = [Number(draw.uniform(-1, 1)) for _ in y]
    backward = next(count)
    slopes = back(g)
    next(count)
    step, times = training(operation), operation.groups * BATCH
    for done, ours in ((forward, step.forward), (backward, step.inputs)):
        assert (ours.arithmetic, ours.transcendentals) == (times * done["arithmetic"], times * done["transcendentals"])
    # The difference quotient of `sum(g * y)` in each value.
    for place, slope in enumerate(slopes):
        sides = []
        for nudge in (1e-6, -1e-6):
            moved = [Number(each.value + nudge * (at == place)) for at, each in enumerate(x)]
            sides.append(sum(a.value * b.value for a, b in zip(g, operation.run(moved)[0], strict=True)))
        assert slope.value == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-5)


def test_masks_of_a_recurrent_layer_are_made_once_and_multiplied_at_each_step() -> None:
    def steps(dropout: float) -> Training:
        fed = keras.Input((4, 5))
        y = layers.LSTM(6, dropout=dropout)(layers.Dense(5)(fed))
        found = cnnstats.analyze(keras.Model(fed, y), batch_size=BATCH).rows[-1].training
        assert found is not None
        return found

    plain, masked = steps(0.0), steps(0.2)
    assert masked.forward.arithmetic - plain.forward.arithmetic == BATCH * 5 + BATCH * 4 * 5
    assert masked.inputs.arithmetic - plain.inputs.arithmetic == BATCH * 4 * 5
    assert masked.weights == plain.weights


def test_masks_of_single_gates_are_unknown() -> None:
    report = cnnstats.analyze(keras.Sequential([keras.Input((4, 5)), layers.GRU(6, recurrent_dropout=0.2)]))
    assert report.rows[0].training is None
    assert report.totals.unknown_train_rows == 1


@pytest.mark.parametrize("trained", [True, False], ids=["trained", "frozen"])
def test_spectral_norm_is_found_once_for_all_samples(trained: bool) -> None:
    """A kernel of 4 rows and 5 columns, two rounds."""

    def step(wrapped: bool) -> Training:
        dense = layers.Dense(5)
        layer = layers.SpectralNormalization(dense, power_iterations=2) if wrapped else dense
        model = keras.Sequential([keras.Input((3, 4)), layers.Dense(4), layer])
        dense.kernel.trainable = trained
        found = cnnstats.analyze(model, batch_size=BATCH).rows[-1].training
        assert found is not None
        return found

    plain, normal = step(wrapped=False), step(wrapped=True)
    # w @ u and v @ w in each round, then v @ w @ u; vectors of 4 and 5 values set to length 1; the division.
    assert normal.forward.macs - plain.forward.macs == 2 * (20 + 20) + 20 + 5
    assert normal.forward.arithmetic - plain.forward.arithmetic == 2 * (3 * 4 + 3 * 5) + 20
    assert normal.forward.transcendentals - plain.forward.transcendentals == 2 * 2
    assert normal.inputs == plain.inputs
    # g / s; the sum of -g * w / s; that times u, and v times that; the two gradients are added.
    assert normal.weights.macs - plain.weights.macs == trained * (5 + 20)
    assert normal.weights.arithmetic - plain.weights.arithmetic == trained * (20 + 3 * 20 + 19 + 20)


@pytest.mark.parametrize(
    ("reached", "additions"),
    [((0,), 3 * 6), ((1,), 0), ((0, 1), 3 * 6 + 6), ((1, 2), 6), ((0, 1, 2), 3 * 6 + 2 * 6), ((2,), None)],
    ids=str,
)
def test_gradients_of_outputs_and_states_meet_in_the_last_step(reached: tuple[int, ...], additions: int | None) -> None:
    """Sequences of 4 states of 6 values, the last state, and what is kept besides."""
    recurrence = Recurrence(steps=4, inputs=5, units=6, gates=4, sequences=True, results=(0, 1, 2))
    step = recurrence.reached(reached).training((0,), (), samples=1)
    assert (None if step is None else step.inputs.arithmetic) == additions
