"""The non-trivial rules of the rest of `keras.ops`, against loops that count one operation at a time."""

from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture


class Counter:
    """A number that counts what is done with it."""

    done = 0
    functions = 0

    def __init__(self, value: float) -> None:
        self.value = float(value)

    def _step(self, value: float) -> "Counter":
        Counter.done += 1
        return Counter(value)

    def __add__(self, other: Any) -> "Counter":
        return self._step(self.value + _value(other))

    def __sub__(self, other: Any) -> "Counter":
        return self._step(self.value - _value(other))

    def __mul__(self, other: Any) -> "Counter":
        return self._step(self.value * _value(other))

    def __truediv__(self, other: Any) -> "Counter":
        return self._step(self.value / _value(other))

    def __abs__(self) -> "Counter":
        return self._step(abs(self.value))

    def squared(self) -> "Counter":
        return self * self

    def differs(self, other: Any) -> bool:
        Counter.done += 1
        return self.value != _value(other)


def _value(number: Any) -> float:
    return number.value if isinstance(number, Counter) else float(number)


def function(number: Counter, how: Callable[[float], float]) -> Counter:
    """A transcendental function."""
    Counter.functions += 1
    return Counter(how(number.value))


def largest(values: list[Counter]) -> Counter:
    found = values[0]
    for value in values[1:]:
        Counter.done += 1
        found = value if value.value > found.value else found
    return found


def total(values: list[Counter]) -> Counter:
    found = values[0]
    for value in values[1:]:
        found = found + value
    return found


def mean(values: list[Counter]) -> Counter:
    return total(values) / len(values)


def variance(values: list[Counter]) -> Counter:
    center = mean(values)
    return mean([(value - center).squared() for value in values])


def ways(values: list[Counter]) -> dict[str, Callable[[], object]]:
    """What each reduction does with one line of values."""

    def known() -> list[Counter]:
        return [value for value in values if not value.differs(value)]

    def log_sum_exp() -> Counter:
        top = largest(values)
        return function(total([function(value - top, np.exp) for value in values]), np.log) + top

    def nan_variance() -> Counter:
        kept = known()
        # How many there are is found by adding ones.
        count = total([Counter(1) for _ in kept])
        center = total(kept) / count
        return total([(value - center).squared() for value in kept]) / count

    return {
        "prod": lambda: [first * 1 for first in values[1:]],
        "argmax": lambda: largest(values),
        "any": lambda: [value.differs(0) for value in values],
        "count_nonzero": lambda: total([Counter(value.differs(0)) for value in values]),
        "logsumexp": log_sum_exp,
        "nansum": lambda: total(known()),
        "nanmax": lambda: largest(known()),
        "nanvar": nan_variance,
        "nanstd": lambda: function(nan_variance(), np.sqrt),
        "nanmean": lambda: total(known()) / total([Counter(1) for _ in values]),
        "ptp": lambda: largest(values) - largest(values),
        "var": lambda: variance(values),
        "std": lambda: function(variance(values), np.sqrt),
        "average": lambda: mean(values),
        "norm": lambda: function(total([value * value for value in values]), np.sqrt),
    }


def counted(work: Callable[[], object]) -> tuple[int, int]:
    """Arithmetic and transcendental functions that a piece of work takes."""
    Counter.done = Counter.functions = 0
    work()
    return Counter.done, Counter.functions


def line(size: int) -> list[Counter]:
    return [Counter(value) for value in np.random.default_rng(0).normal(size=size)]


def costs(inputs: list[tuple[int, ...]], operation: Callable[..., Any], dtype: str = "float32") -> tuple[int, int]:
    """Arithmetic and transcendental functions that the report says for one sample."""
    maps = [keras.Input(shape, dtype=dtype) for shape in inputs]
    totals = cnnstats.analyze(keras.Model(maps, operation(*maps))).totals
    assert totals.unknown_rows == 0
    return totals.flops, totals.transcendentals


@pytest.mark.parametrize("name", ways(line(5)))
def test_reduction_over_an_axis(name: str) -> None:
    rows, size = 7, 5
    each = counted(ways(line(size))[name])
    ours = costs([(rows, size)], lambda x: getattr(ops, name)(x, axis=-1))
    assert ours == (rows * each[0], rows * each[1])


@pytest.mark.parametrize("keepdims", [False, True], ids=["dropped", "kept"])
def test_reduction_of_the_first_axis(keepdims: bool) -> None:
    """Four maps of 24 x 8 values are added up: three additions for each value, wherever the samples stand."""
    x = keras.Input((24, 8))
    maps = ops.stack([ops.reshape(x, (-1, 8))] * 4)
    report = cnnstats.analyze(keras.Model(x, [ops.sum(maps, axis=0, keepdims=keepdims), ops.max(maps, axis=0)]))
    assert [row.flops for row in report.rows if row.type in ("sum", "max")] == [3 * 24 * 8] * 2


@pytest.mark.parametrize(
    ("function", "times"),
    [
        (lambda x: ops.repeat(x, 4, axis=0), 4),
        (lambda x: ops.tile(x, (3, 1)), 3),
        (lambda x: ops.vstack([x, x]), 2),
    ],
    ids=["repeated", "tiled", "stacked"],
)
def test_samples_that_are_there_more_than_once_are_all_counted(function: Callable[[Any], Any], times: int) -> None:
    x = keras.Input((10,))
    model = keras.Model(x, layers.Dense(5)(function(x)))
    assert [cnnstats.analyze(model, batch_size=size).totals.macs for size in (1, 3)] == [50 * times, 150 * times]


def test_whole_numbers_are_not_asked_whether_they_are_numbers() -> None:
    x = keras.Input((9,), dtype="int32")
    model = keras.Model(x, [ops.argmax(x, axis=-1), ops.nanargmin(x, axis=-1)])
    for convention in ("textbook", "tf"):
        assert [row.flops for row in cnnstats.analyze(model, convention=convention).rows] == [8, 8]


def test_truth_values_are_joined_without_arithmetic() -> None:
    assert costs([(4, 6)], lambda x: ops.all(x, axis=-1), dtype="bool") == (0, 0)
    assert costs([(4, 6)], lambda x: ops.any(x, axis=-1), dtype="float32") == (24, 0)


ORDERS: dict[Any, Callable[[list[Counter]], object]] = {
    1: lambda values: total([abs(value) for value in values]),
    2: lambda values: function(total([value * value for value in values]), np.sqrt),
    3: lambda values: function(total([function(abs(value), lambda x: x**3) for value in values]), np.cbrt),
    inf: lambda values: largest([abs(value) for value in values]),
    0: lambda values: total([Counter(value.differs(0)) for value in values]),
}


@pytest.mark.parametrize("order", ORDERS)
def test_norm(order: Any) -> None:
    each = counted(lambda: ORDERS[order](line(6)))
    assert costs([(4, 6)], lambda x: ops.norm(x, ord=order, axis=-1)) == (4 * each[0], 4 * each[1])


@pytest.mark.parametrize("order", [2, 3])
def test_normalize_keeps_the_length_from_zero_and_divides_by_it(order: int) -> None:
    def work() -> None:
        values = line(6)
        length = ORDERS[order](values)
        assert isinstance(length, Counter)
        _ = [value / largest([length, Counter(1e-7)]).value for value in values[:1]]
        _ = [value / length for value in values[1:]]

    each = counted(work)
    assert costs([(4, 6)], lambda x: ops.normalize(x, order=order)) == (4 * each[0], 4 * each[1])


@pytest.mark.parametrize("order", [1, 3])
def test_differences(order: int) -> None:
    def work() -> None:
        values = line(9)
        for _ in range(order):
            values = [after - before for before, after in pairwise(values)]

    assert costs([(9, 4)], lambda x: ops.diff(x, n=order, axis=1)) == (4 * counted(work)[0], 0)


def test_trapezoid() -> None:
    def work() -> None:
        values = line(9)
        total([(before + after) / 2 * 0.5 for before, after in pairwise(values)])

    assert costs([(9, 4)], lambda x: ops.trapezoid(x, dx=0.5, axis=1)) == (4 * counted(work)[0], 0)


@pytest.mark.parametrize("offset", [0, 2, -3])
def test_trace(offset: int) -> None:
    diagonal = np.trace(np.ones((5, 4)), offset)
    ours = costs([(5, 4)], lambda x: ops.trace(x, offset=offset, axis1=1, axis2=2))
    assert ours == (diagonal - 1, 0)


def test_cross_product() -> None:
    def work() -> None:
        (a, b, c), (d, e, f) = line(3), line(3)
        _ = [b * f - c * e, c * d - a * f, a * e - b * d]

    assert costs([(7, 3), (7, 3)], ops.cross) == (7 * counted(work)[0], 0)


def test_distances() -> None:
    def work() -> None:
        for _ in range(5):
            for _ in range(6):
                differences = [a - b for a, b in zip(line(4), line(4), strict=True)]
                function(total([each * each for each in differences]), np.sqrt)

    assert costs([(5, 4), (6, 4)], ops.cdist) == counted(work)


def test_substitution() -> None:
    def work() -> None:
        for _ in range(3):
            found: list[Counter] = []
            for row, right in enumerate(line(5)):
                left = right
                for each in found[:row]:
                    left = left - each * 2
                found.append(left / 3)

    assert costs([(5, 5), (5, 3)], ops.solve_triangular) == counted(work)


KEPT = "ignore:NotImplemented should not be used in a boolean context"
"""Keras compares unknown sizes with -1 for named axes, which Python will refuse one day."""

TENSORDOT: dict[str, tuple[Any, tuple[int, ...], int]] = {
    # axes, shape of the kernel, products in each output
    "last": (1, (4, 6), 4),
    "last two": (2, (7, 4, 3), 28),
    "named": ([[2], [1]], (6, 4), 4),
    "two named": ([[1, 2], [1, 0]], (4, 7, 3), 28),
}


@pytest.mark.filterwarnings(KEPT)
@pytest.mark.parametrize("case", TENSORDOT)
def test_tensordot(case: str) -> None:
    axes, kernel, products = TENSORDOT[case]
    x = keras.Input((7, 4))
    y = ops.tensordot(x, np.ones(kernel, "float32"), axes=axes)
    (row,) = cnnstats.analyze(keras.Model(x, y)).rows
    assert row.macs == products * np.prod(y.shape[1:])


def test_losses_of_probabilities() -> None:
    def binary() -> None:
        for probability, label in zip(line(6), line(6), strict=True):
            other, off = Counter(1) - probability, Counter(1) - label
            _ = label * function(probability, abs) + off * function(other, abs)

    def categorical() -> None:
        total([label * function(share, abs) for share, label in zip(line(6), line(6), strict=True)])

    assert costs([(6,), (6,)], ops.binary_crossentropy) == counted(binary)
    assert costs([(6,), (6,)], ops.categorical_crossentropy) == counted(categorical)
    assert costs([(6,), (6, 9)], ops.sparse_categorical_crossentropy) == (0, 6)


@pytest.mark.parametrize("sparse", [False, True])
def test_loss_of_logits_is_that_of_a_softmax(sparse: bool) -> None:
    def work() -> None:
        values = line(6)
        top = largest(values)
        near = [value - top for value in values]
        logarithm = function(total([function(value, np.exp) for value in near]), np.log)
        if sparse:
            _ = (logarithm + top) - values[2]
        else:
            total([(value - logarithm) * 1 for value in near])

    target, loss = ((), ops.sparse_categorical_crossentropy) if sparse else ((6,), ops.categorical_crossentropy)
    assert costs([target, (6,)], lambda t, x: loss(t, x, from_logits=True)) == counted(work)


# What a sample cannot build


def test_rearrange() -> None:
    x = keras.Input(batch_shape=(2, 9, 7, 4))
    model = keras.Model(x, ops.rearrange(x, "b h w c -> b w h c"))
    with capture(model) as graph:
        assert [call.target for call in graph.calls] == [ops.rearrange]
    (row,) = cnnstats.analyze(model).rows
    assert (row.source, row.flops) == ("rule", 0)


def test_full() -> None:
    x = keras.Input(())
    model = keras.Model(x, ops.full((2, 3), ops.sum(x)))
    with capture(model) as graph:
        assert graph.calls[-1].target is ops.full
    row = cnnstats.analyze(model).rows[-1]
    assert (row.source, row.flops) == ("rule", 0)


REFUSED: dict[str, tuple[list[tuple[int, ...]], Callable[..., Any], str]] = {
    "tensordot of two maps": (
        [(5, 4), (4, 3)],
        lambda x, y: ops.tensordot(x, y, axes=[[2], [1]]),
        "no cost per sample",
    ),
    "cumsum of all": ([(5, 4)], ops.cumsum, "all samples of the batch"),
    "matrix norm": ([(5, 4)], lambda x: ops.norm(x, ord="nuc", axis=(1, 2)), "no single way"),
    "weighted average": ([(5, 4)], lambda x: ops.average(x, axis=1, weights=np.ones(5, "float32")), "weights"),
    "linspace in front of the batch": ([(5,), (5,)], lambda x, y: ops.linspace(x, y, num=3), "cannot be told apart"),
    "trace of the batch": ([(5, 4)], ops.trace, "runs through the samples"),
    "scatter that adds": (
        [(5, 4)],
        lambda x: ops.scatter_update(x, np.array([[0, 1, 2]]), np.ones(1, "float32"), reduction="add"),
        "under `add` depends on the indices",
    ),
}


@pytest.mark.filterwarnings(KEPT)
@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_cost_per_sample_is_unknown(case: str) -> None:
    shapes, operation, reason = REFUSED[case]
    maps = [keras.Input(shape) for shape in shapes]
    (row,) = cnnstats.analyze(keras.Model(maps, operation(*maps))).rows
    assert row.work is None
    assert reason in row.note
