"""Axes that are empty, or one long: nothing costs less than nothing."""

import itertools
from collections.abc import Callable, Sequence

import pytest

from keras_cnnstats.primitives import (
    FREE,
    GRU_RESET_AFTER,
    GRU_RESET_BEFORE,
    LSTM,
    MAXIMUM,
    MEAN,
    PRODUCT,
    SUM,
    AdaptivePooling,
    BatchNormalization,
    Contraction,
    Convolution,
    Cost,
    Differences,
    Distances,
    Elementwise,
    Gates,
    GivenNormalization,
    Lookup,
    Map,
    Normalization,
    Pooling,
    Primitive,
    Recurrence,
    Reduction,
    Resampling,
    Softmax,
    Substitution,
    TransposedConvolution,
    Trapezoids,
    Upwindow,
    Window,
    attention,
    batch_dot,
    differences,
)
from keras_cnnstats.units import CONVENTIONS, NO_WORK, Training, Work, flops

TWO = (Map(6), Map(6, 1))
THREE = (Map(2, 2), Map(2, 3), Map(2, 4))

PRIMITIVES: dict[str, Callable[[int, int], Sequence[Primitive]]] = {
    "adaptive pooling": lambda m, n: [
        AdaptivePooling(sizes=(max(m, 1),), positions=(max(n, 1),), channels=2, average=True)
    ],
    "attention": lambda m, n: attention(m, n, 2, n, m, True),
    "batch dot": lambda m, n: batch_dot((1, m, n), (1, n, n), (2, 1), normalize=True),
    "batch normalization": lambda m, n: _with_beside(BatchNormalization(elements=m * n, channels=n, statistics=True)),
    "contraction": lambda m, n: [Contraction(inputs=m, outputs=n)],
    "convolution": lambda m, n: [
        Convolution(windows=(Window(kernel=1, size=1, positions=1),), c_in=m, c_out=n),
    ],
    "differences": lambda m, n: differences(m, n, 2, axis=1),
    "difference": lambda m, n: [Differences(lines=n, size=m)],
    "distances": lambda m, n: [Distances(pairs=n * n, size=m, maps=TWO)],
    "elementwise": lambda m, n: [Elementwise(cost=Cost(1, slopes=FREE), elements=m * n)],
    "gates": lambda m, n: [Gates(mixing=each, steps=m, values=n) for each in (LSTM, GRU_RESET_AFTER, GRU_RESET_BEFORE)],
    "given normalization": lambda m, n: [
        GivenNormalization(elements=m * n, channels=n, scaled=True, shifted=True, maps=TWO + THREE)
    ],
    "lookup": lambda m, n: [Lookup(rows=m, width=n, picked=m)],
    **{
        f"{method} normalization": lambda m, n, method=method: _with_beside(
            Normalization(groups=n, size=m, method=method, scale=m, center=m)
        )
        for method in ("layer", "deviation", "rms", "group", "unit")
    },
    "pooling": lambda m, n: [Pooling(windows=(Window(kernel=1, size=m, positions=m),), channels=n, average=True)],
    "recurrence": lambda m, n: [Recurrence(steps=m, inputs=n, units=n, biases=1, maps=(Map(m * n), Map(n, 1)))],
    **{
        f"reduction {number}": lambda m, n, slopes=slopes: [
            Reduction(count=m, outputs=n, average=slopes is MEAN, masked=slopes is MEAN, registered=True, slopes=slopes)
        ]
        for number, slopes in enumerate((SUM, MEAN, MAXIMUM, PRODUCT))
    },
    "resampling": lambda m, n: [Resampling(sizes=(m,), positions=(n,), channels=2, interpolation="bilinear")],
    "softmax": lambda m, n: [Softmax(groups=n, size=m)],
    "log softmax": lambda m, n: [Softmax(groups=n, size=m, log=True)],
    "softmax of two axes": lambda m, n: [Softmax(groups=n, size=m, axes=2)],
    "substitution": lambda m, n: [Substitution(unknowns=m, solutions=m * n, maps=TWO)],
    "transposed convolution": lambda m, n: [
        TransposedConvolution(windows=(Upwindow(kernel=1, size=1, positions=1),), c_in=m, c_out=n)
    ],
    "trapezoids": lambda m, n: [Trapezoids(lines=n, size=m, even=False, axis=1)],
    "even trapezoids": lambda m, n: [Trapezoids(lines=n, size=m, even=True, axis=1)],
}
"""By the sizes of two axes."""

LITTLE = list(itertools.product((0, 1, 2), repeat=2))


def _with_beside(normalization: BatchNormalization | Normalization) -> list[Primitive]:
    return [normalization, *normalization.beside]


def summed(works: Sequence[Work]) -> Work:
    total = NO_WORK
    for work in works:
        total = total.plus(work)
    return total


def assert_none_negative(works: Sequence[Work | None]) -> None:
    known = [work for work in works if work is not None]
    assert len(known) == len(works)
    total = summed(known)
    assert min(total) >= 0
    assert min(flops(total, convention) for convention in CONVENTIONS) >= 0


def step(primitive: Primitive) -> Training:
    towards = tuple(range(max(len(primitive.sources), 1)))
    learns = tuple(learned.name for learned in primitive.learned)
    found = primitive.training(towards, learns, 2)
    assert found is not None
    return found


@pytest.mark.parametrize("sizes", LITTLE, ids=str)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_nothing_costs_less_than_nothing(name: str, sizes: tuple[int, int]) -> None:
    primitives = PRIMITIVES[name](*sizes)
    assert_none_negative([primitive.work() for primitive in primitives])
    steps = [step(primitive) for primitive in primitives]
    for part in Training._fields:
        assert_none_negative([getattr(each, part) for each in steps])


def test_a_line_of_one_value_has_no_area() -> None:
    for even in (True, False):
        work = Trapezoids(lines=3, size=1, even=even, axis=1).work()
        assert work is not None
        assert (work.arithmetic, work.registered) == (0, 0)


def test_a_sum_of_no_products_takes_no_additions() -> None:
    work = Contraction(inputs=0, outputs=4, bias=4).work()
    assert work is not None
    assert flops(work, "textbook") == 4
