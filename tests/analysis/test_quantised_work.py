"""Quantised and adapted dense layers against the work of their definition, counted one step after the other."""

from collections.abc import Callable

import pytest

import keras_cnnstats as cnnstats
from tests.analysis.quantised import ADAPTED, dense, quantised


class Tally:
    """Counts the steps of loops."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, times: int = 1) -> None:
        self.steps += times

    def product_of_sums(self, inputs: int, outputs: int) -> None:
        """Each output: the first product, and for each further one a product and a sum."""
        for _ in range(outputs):
            for place in range(inputs):
                self.step(1 if place == 0 else 2)

    def quantised(self, values: int) -> None:
        """clip(round(x * (127 / (max(abs(x)) + epsilon))))"""
        for place in range(values):
            self.step()  # abs
            self.step(place > 0)  # compared with the largest before
        self.step(2)  # + epsilon, 127 /
        for _ in range(values):
            self.step(4)  # *, round, two limits

    def each(self, values: int, steps: int) -> None:
        for _ in range(values):
            self.step(steps)


def int8(tally: Tally, positions: int) -> None:
    for _ in range(positions):
        tally.quantised(5)
        tally.product_of_sums(5, 7)
        tally.each(7, 2 + 1)  # * of the two scales, /, bias


def weights_alone(tally: Tally, positions: int) -> None:
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1 + 1)  # / by the scale, bias


def blocks(tally: Tally, positions: int) -> None:
    tally.each(35, 2)  # (w - zero) * scale
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def awq(tally: Tally, positions: int) -> None:
    tally.each(35, 1)  # / by the scale of the channel
    blocks(tally, positions)


def float8(tally: Tally, positions: int) -> None:
    tally.each(35, 4)  # /, two limits, *
    for _ in range(positions):
        tally.each(5, 4)
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def low_rank(tally: Tally, positions: int) -> None:
    tally.product_of_sums(2, 35)
    tally.each(35, 2)  # * of alpha / rank, +
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def low_rank_int8(tally: Tally, positions: int) -> None:
    int8(tally, positions)
    for _ in range(positions):
        tally.product_of_sums(5, 2)
        tally.product_of_sums(2, 7)
        tally.each(7, 2)


DEFINED: dict[str, Callable[[Tally, int], None]] = {
    "int8": int8,
    "int8 weights": weights_alone,
    "int4, int8 inputs": int8,
    "int4, one scale": weights_alone,
    "int4, blocks": blocks,
    "gptq": blocks,
    "awq": awq,
    "float8": float8,
    "low rank": low_rank,
    "low rank, int8": low_rank_int8,
}


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("positions", [1, 4])
@pytest.mark.parametrize("way", DEFINED)
def test_the_definition_step_by_step(way: str, positions: int, batch_size: int) -> None:
    tally = Tally()
    DEFINED[way](tally, positions * batch_size)
    shape = (5,) if positions == 1 else (positions, 5)
    assert cnnstats.analyze(ADAPTED[way](dense(shape)), batch_size=batch_size).totals.flops == tally.steps


def test_a_kernel_is_adapted_once_a_call_and_not_once_a_sample() -> None:
    model = quantised(dense(), rank=2)
    assert [cnnstats.analyze(model, batch_size=n).totals.macs for n in (1, 10)] == [35 + 70, 350 + 70]
