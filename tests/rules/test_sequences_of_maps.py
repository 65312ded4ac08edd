"""Layers over sequences of maps, convolutional LSTMs and TimeDistributed, against the oracle's count of each step."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from keras import layers

from tests.rules import oracle
from tests.rules.oracle import FUNCTIONS, Axis, Number, Tally
from tests.rules.sequences import Shape, analyzed, assert_counts


def convolutions(steps: int, *parts: Callable[[], Tally]) -> Tally:
    """What several convolutions count together, at each of several steps."""
    tally = Tally()
    for _step, part in itertools.product(range(steps), parts):
        for name, count in vars(part()).items():
            setattr(tally, name, getattr(tally, name) + count)
    return tally


WINDOWS = {
    "valid": (3, 1, "valid"),
    "same": (3, 1, "same"),
    "strided": (2, 2, "valid"),
    "strided_same": (3, 2, "same"),
    "pointwise": (1, 1, "valid"),
}


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("sequences", [True, False], ids=["sequences", "last"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("sizes", [(7,), (5, 6), (4, 3, 5)], ids=["1d", "2d", "3d"])
def test_convolutional_lstm(sizes: Shape, window: str, sequences: bool, bias: bool) -> None:
    """Convolutions of each frame, and at stride 1 of the state, to four values for each filter."""
    (kernel, stride, padding), steps, channels, filters = WINDOWS[window], 3, 2, 2
    entering = [Axis(size, kernel, stride, 1, padding) for size in sizes]
    state = [Axis(len(axis.starts), kernel, 1, 1, "same") for axis in entering]
    tally = convolutions(
        steps,
        lambda: oracle.convolution(entering, channels, 4 * filters, bias=bias),
        lambda: oracle.convolution(state, filters, 4 * filters, bias=False),
    )
    for _ in itertools.product(range(steps), *(range(len(axis.starts)) for axis in entering), range(filters)):
        values = [Number(tally) + 0.0 for _gate in range(4)]
        for each in values[:3]:
            FUNCTIONS["sigmoid"](each)
        FUNCTIONS["tanh"](values[3])
        carry = values[0] * 1.0 + values[1] * values[3]
        FUNCTIONS["tanh"](carry)
        values[2] * carry
    layer = getattr(layers, f"ConvLSTM{len(sizes)}D")(
        filters, kernel, strides=stride, padding=padding, use_bias=bias, return_sequences=sequences
    )
    assert_counts(analyzed(layer, (steps, *sizes, channels)), tally)


FRAMES: dict[str, tuple[Callable[[], Any], Callable[[], Tally]]] = {
    "convolution": (
        lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
        lambda: oracle.convolution([Axis(6, 3, 2, 1, "same"), Axis(5, 3, 2, 1, "same")], 2, 4),
    ),
    "dense": (lambda: layers.Dense(4), lambda: oracle.dense(2, 4, places=30)),
    "pooling": (
        lambda: layers.MaxPooling2D(2),
        lambda: oracle.pooling([Axis(6, 2, 2), Axis(5, 2, 2)], 2, average=False),
    ),
    "global pooling": (
        lambda: layers.GlobalAveragePooling2D(),
        lambda: oracle.pooling([Axis(6, 6), Axis(5, 5)], 2, average=True),
    ),
    "flatten": (lambda: layers.Flatten(), Tally),
}


@pytest.mark.parametrize("name", FRAMES)
def test_time_distributed_runs_the_layer_at_each_step(name: str) -> None:
    layer, counted = FRAMES[name]
    assert_counts(analyzed(layers.TimeDistributed(layer()), (3, 6, 5, 2)), convolutions(3, counted))


def test_time_distributed_convolution_sees_its_frame_and_one_step() -> None:
    layer = layers.TimeDistributed(layers.Conv2D(4, 3, strides=2))
    assert analyzed(layer, (4, 9, 9, 2)).rows[0].receptive_field == (1, 3, 3)
