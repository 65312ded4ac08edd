"""Activations that a user wrote: each costs what its operations cost where they stand behind the layer."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats

UNITS = 4


def symlog(x: Any) -> Any:
    return ops.sign(x) * ops.log1p(ops.abs(x))


def fraction(x: Any) -> Any:
    return x - ops.cast(ops.cast(x, "int32"), "float32")


def gated(x: Any) -> Any:
    gate = ops.sigmoid(x)
    return x * gate + gate


WRITTEN: dict[str, tuple[Callable[[Any], Any], int, int]] = {
    # The function, its steps for each value, and those of its gradient.
    "symlog": (symlog, 3, 1 + 2 + 2),  # back: g * sign(x), divided by 1 + abs(x), and by the sign of x
    "size": (lambda x: x * ops.sign(x), 2, 1),
    "fraction": (lambda x: x - ops.floor(x), 2, 0),
    "fraction by whole numbers": (fraction, 1, 0),
    "square": (lambda x: x * x, 1, 3),  # two products, and their sum
    "cube": (lambda x: x * x * x, 2, 6),  # four products, and two sums
    "gate": (gated, 2 + 2, 2 + 1 + 3 + 1),  # products, their sum at the gate, its slope, their sum at x
    "chain": (lambda x: 2 * ops.tanh(ops.relu(x)), 2, 1 + 3 + 1),
    "leaking": (lambda x: ops.where(x > 0, x, 0.1 * x), 2, 1 + 1),  # a product, and a sum
    "flat": (lambda x: ops.cast(x > 0, "float32"), 1, 0),
    "stopped": (lambda x: x * ops.stop_gradient(ops.tanh(x)), 1, 1),
    "itself": (lambda x: x, 0, 0),
    "close": (lambda x: x * ops.cast(ops.isclose(x, 1.0), "float32"), 7, 1),
}


def ended(function: Callable[[Any], Any]) -> cnnstats.Row:
    x = keras.Input((10,))
    dense = layers.Dense(UNITS, use_bias=False, activation=function, name="ended")
    return cnnstats.analyze(keras.Model(x, dense(layers.Dense(10)(x))))["ended"]


@pytest.mark.parametrize("name", WRITTEN)
def test_steps_and_slopes_by_hand(name: str) -> None:
    function, steps, slopes = WRITTEN[name]
    row = ended(function)
    assert row.flops == UNITS * (10 + 9 + steps)
    assert row.training is not None
    assert row.training.inputs.arithmetic == UNITS * slopes


@pytest.mark.parametrize("convention", ["textbook", "xla"])
@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "itself"])
def test_it_counts_as_where_its_operations_stand_behind_the_layer(name: str, convention: str) -> None:
    function, _, _ = WRITTEN[name]
    x = keras.Input((10,))
    inside = layers.Dense(3)(layers.Dense(UNITS, activation=function)(x))
    behind = layers.Dense(3)(function(layers.Dense(UNITS)(x)))
    ours, theirs = (cnnstats.analyze(keras.Model(x, y), convention=convention).totals for y in (inside, behind))
    assert ours.unknown_train_rows == theirs.unknown_train_rows == 0
    names = ("macs", "flops", "transcendentals", "train_macs", "train_flops")
    assert [getattr(ours, each) for each in names] == [getattr(theirs, each) for each in names]


def test_gradients_go_on_below_an_activation_that_reads_its_input_twice() -> None:
    model = keras.Sequential([keras.Input((10,)), layers.Dense(4, activation=symlog), layers.Dense(3)])
    assert cnnstats.analyze(model).totals.train_macs == 40 + 40 + 12 + 12 + 12


def test_an_activation_that_chooses_is_counted_behind_a_convolution() -> None:
    convolution = layers.Conv2D(4, 3, use_bias=False, activation=lambda x: ops.where(x > 0, x, 0.1 * x))
    (row,) = cnnstats.analyze(keras.Sequential([keras.Input((8, 8, 3)), convolution])).rows
    outputs = 6 * 6 * 4
    assert (row.macs, row.flops) == (27 * outputs, (27 + 26 + 2) * outputs)


def test_a_gradient_that_nobody_has_written_out_makes_that_of_all_unknown() -> None:
    row = ended(lambda x: x + ops.heaviside(x, 0.5))
    assert row.flops == UNITS * (10 + 9 + 1 + 2)
    assert row.training is None


@pytest.mark.parametrize("function", [lambda x: ops.flip(x, -1), lambda x: x - ops.mean(x, -1, keepdims=True)])
def test_what_is_no_function_of_each_element_is_unknown(function: Callable[[Any], Any]) -> None:
    row = ended(function)
    assert row.macs is None
    assert "is no function of each element by itself" in row.note


def linear(x: Any) -> Any:
    return 2 * x + 1


def softmax(x: Any) -> Any:
    return ops.square(x)


def relu(x: Any) -> Any:
    return ops.minimum(ops.maximum(x, 0), 1)


@pytest.mark.parametrize(("function", "steps"), [(linear, 2), (softmax, 1), (relu, 2)])
def test_a_function_with_the_name_of_one_of_keras_is_another(function: Callable[[Any], Any], steps: int) -> None:
    row = ended(function)
    assert (row.flops, row.transcendentals) == (UNITS * (10 + 9 + steps), 0)
