"""Loops and branches: what runs is counted as often as it runs, and what a value decides is unknown."""

from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.measure import backend_name
from tests.measure.raw import BACKEND, Choice, Endless, Scan
from tests.measure.works import Function, measured_work, model_of


@pytest.mark.parametrize("times", [1, 7])
def test_loop_counts_its_body_as_often_as_it_runs(times: int) -> None:
    (row,) = cnnstats.analyze(model_of(Scan(times), (5,)))
    assert (row.macs, row.flops, row.transcendentals) == (25 * times, 45 * times, 5 * times)


@pytest.mark.parametrize("times", [1, 7])
def test_loop_of_keras_does_so_too(times: int) -> None:
    def repeated(x: Any) -> Any:
        return ops.fori_loop(0, times, lambda _, y: ops.tanh(y) * 2, x)

    row = cnnstats.analyze(model_of(repeated, (5,))).rows[-1]
    assert (row.type, row.source, row.note) == ("fori_loop", "measured", f"counted by {backend_name()}")
    assert (row.flops, row.transcendentals) == (5 * times, 5 * times)


CONTROL: dict[str, tuple[Any, int]] = {
    "map": (lambda x: ops.map(lambda each: each * 2, x), 28),
    "vectorized_map": (lambda x: ops.vectorized_map(lambda each: each * 2, x), 28),
}
if BACKEND == "tensorflow":  # elsewhere the counter of such a loop is a value
    CONTROL["while_loop"] = lambda x: ops.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * 2), (0, x))[1], 3 * 28


@pytest.mark.parametrize("name", CONTROL)
def test_control_flow_counts_what_it_runs(name: str) -> None:
    function, steps = CONTROL[name]
    assert measured_work(function, (7, 4)).arithmetic == steps
    row = cnnstats.analyze(model_of(Function(function), (4,))).rows[-1]
    assert (row.source, row.flops) == ("measured", steps // 7)


def test_scan_of_keras_runs_over_what_it_is_fed() -> None:
    x = keras.Input(batch_shape=(7, 5))
    _, y = ops.scan(lambda total, each: (total + each, ops.exp(each)), ops.zeros((5,)), x)
    work = measured_work(lambda x: ops.scan(lambda total, each: (total + each, ops.exp(each)), x[0] * 0, x)[1], (7, 5))
    assert y.shape == (7, 5)
    assert (work.arithmetic, work.transcendentals) == (5 + 35, 35)


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs one branch, by the value")
def test_branches_of_one_cost_are_counted_once() -> None:
    (row,) = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2, name="own"), (5,)))
    # A sum and a comparison, and one of the branches.
    assert (row.layer, row.source, row.flops) == ("own", "measured", 4 + 1 + 5)
    reason = "it calls JAX directly" if BACKEND == "jax" else "its `cond` runs functions that no rule looks into"
    assert row.note == f"counted by {backend_name()}: its call cannot be followed ({reason})"


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs one branch, by the value")
def test_branches_of_different_cost_are_unknown() -> None:
    row = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2 + 1, name="own"), (5,))).rows[-1]
    assert (row.source, row.flops) == ("unknown", None)
    assert "(the branches of a condition cost differently)" in row.note


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere both branches are in the trace")
def test_branch_that_a_value_chooses_is_unknown() -> None:
    row = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2, name="own"), (5,))).rows[-1]
    assert (row.source, row.flops) == ("unknown", None)
    assert "what it runs depends on the values" in row.note


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere both branches are in the trace")
def test_branch_that_a_size_chooses_is_the_one_that_runs() -> None:
    assert measured_work(lambda x: ops.cond(ops.size(x) > 9, lambda: x * 2 + 1, lambda: x * 2), (5,)).arithmetic == 5


class Noise(layers.Layer):
    """Adds random numbers, and cuts what comes of it at places that are written down."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x: Any) -> Any:
        if BACKEND == "torch":
            x = x.relu()
        return ops.split(x + keras.random.uniform((1, 6), seed=self.seeds), [2, 5], axis=-1)[1]


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere seeds and places are in the trace")
def test_seeds_and_places_are_no_values_of_an_input() -> None:
    (row,) = cnnstats.analyze(model_of(Noise(name="own"), (6,)))
    assert (row.source, row.macs, row.output_shape) == ("measured", 0, (None, 3))


class Named(layers.Layer):
    """Is fed by names that are not in the order of the alphabet."""

    def call(self, x: Any, second: Any, first: Any) -> Any:
        assert (second.shape[-1], first.shape[-1]) == (3, 4)
        return x + raw_sum(second) + raw_sum(first)


def raw_sum(x: Any) -> Any:
    """A sum in a function that only the backend knows."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.reduce_sum(x)
    return x.sum()


def test_what_is_fed_by_name_comes_where_it_belongs() -> None:
    x, second, first = keras.Input((2,)), keras.Input((3,)), keras.Input((4,))
    row = cnnstats.analyze(keras.Model([x, second, first], Named(name="own")(x, second=second, first=first))).rows[-1]
    assert (row.layer, row.source) == ("own", "measured")


def test_loop_that_values_end_is_unknown() -> None:
    row = cnnstats.analyze(model_of(Endless(name="own"), (5,))).rows[-1]
    assert (row.type, row.source, row.macs) == ("while_loop", "unknown", None)
    reason = "what it runs" if BACKEND == "torch" else "how often a loop runs"
    assert row.note.startswith(f"{backend_name()} cannot count it ({reason} depends on the values")
