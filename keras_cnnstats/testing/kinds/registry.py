"""The kinds of steps that architectures are drawn from: functions that take a pen and a tensor, by family."""

from collections.abc import Callable
from typing import NamedTuple

from keras_cnnstats.testing.pen import Pen, Shape

Draw = Callable[[Pen, int], int | None]


class Kind(NamedTuple):
    """One way to go on from a tensor.

    Attributes:
        family: what it is a sort of: families are drawn alike often.

        ranks: how many axes a sample may have.
        draw: adds steps, and returns the tensor that they end in.
        dtypes: what the tensor may hold.
    """

    family: str
    ranks: tuple[int, ...]
    draw: Draw
    dtypes: str = "float"


KINDS: list[Kind] = []

MAPS = (2, 3, 4)
"""Axes of a map in one to three dimensions, with its channels."""

ANY = (1, 2, 3, 4)


def kind(family: str, ranks: tuple[int, ...] = ANY, dtypes: str = "float") -> Callable[[Draw], Draw]:
    """Enters a function in the table."""

    def enter(draw: Draw) -> Draw:
        KINDS.append(Kind(family, ranks, draw, dtypes))
        return draw

    return enter


def scalar(values: Shape) -> int | Shape:
    """One number where all axes have the same."""
    return values[0] if len(set(values)) == 1 else values
