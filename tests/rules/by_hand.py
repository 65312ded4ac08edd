"""What counting by hand takes: numbers that note what is done to them, and our count of a layer's training beside."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import Sequential, layers

import keras_cnnstats as cnnstats
from keras_cnnstats.units import Training
from tests.rules.oracle import largest, total

BATCH = 2


def training(layer: Any, shape: tuple[int, ...]) -> Training:
    """Our count of a layer behind one that learns, so that both its gradients are needed."""
    layer.name = "counted"
    below = layers.Dense(shape[-1])
    row = cnnstats.analyze(Sequential([keras.Input(shape), below, layer]), batch_size=BATCH)["counted"]
    assert row.training is not None
    return row.training


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


Vector = list[Number]
Back = Callable[[Vector], Vector]


def log_softmax(x: Vector) -> tuple[Vector, Back]:
    top = largest(x)
    distances = [value - top for value in x]
    whole = total([value.exp() for value in distances]).log()
    y = [value - whole for value in distances]

    def back(g: Vector) -> Vector:
        whole = total(g)
        return [slope - value.exp() * whole for value, slope in zip(y, g, strict=True)]

    return y, back


def counted() -> Iterator[dict[str, int]]:
    """What has been done since the last time."""
    while True:
        Number.done = {"arithmetic": 0, "transcendentals": 0}
        yield Number.done
