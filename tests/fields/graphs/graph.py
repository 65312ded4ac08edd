"""What a small network is for the tests of receptive fields, and how most of them are put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import keras
from keras import layers as kl


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network and what the tests have to know of it beforehand.

    Attributes:
        build: makes the model.
        axes: the input's spatial dimensions (batch: 0).
        dims: for calls whose output does not have the positions where the input has them: the output's dimension for
            each input axis, `None` where none runs over that axis alone.
        drifting: calls at and behind a merge of branches with different jumps: only a hull can be given.
        unknown: calls that no interval describes.
        crowded: calls that see more than the input from each position, so that none lies inside.
        period: after how many positions the pattern of a merge repeats.
        margin: positions at each end of a merge where a dilated window lacks a tap and begins at the next one inside.
        near: the same network without its global side branches, for the local field.
        dtype: what it computes in: float64 where the backend can.
        runs_on: backends that run it on a CPU.
    """

    build: Callable[[], keras.Model]
    axes: tuple[int, ...] = (1, 2)
    dims: Mapping[str, tuple[int | None, ...]] = field(default_factory=lambda: MappingProxyType({}))
    drifting: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    crowded: frozenset[str] = frozenset()
    period: int = 1
    margin: int = 0
    near: Callable[[], keras.Model] | None = None
    dtype: str = "float64"
    runs_on: frozenset[str] = frozenset({"tensorflow", "jax", "torch"})


def path(shape: tuple[int, ...], *steps: Any) -> Callable[[], keras.Model]:
    """A network without branches; each step is a function of no arguments, so that it is built anew each time."""

    def build() -> keras.Model:
        x = inputs = keras.Input(shape)
        for step in steps:
            x = step()(x)
        return keras.Model(inputs, x)

    return build


def conv(kernel: Any, **more: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: kl.Conv2D(2, kernel, **more)


def up_conv(kernel: Any, **more: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: kl.Conv2DTranspose(2, kernel, **more)


def branching(shape: tuple[int, ...]) -> Callable[[Callable[[Any], Any]], Callable[[], keras.Model]]:
    """Decorates a function from input to output tensor into a builder."""

    def decorate(connect: Callable[[Any], Any]) -> Callable[[], keras.Model]:
        def build() -> keras.Model:
            inputs = keras.Input(shape)
            return keras.Model(inputs, connect(inputs))

        return build

    return decorate
