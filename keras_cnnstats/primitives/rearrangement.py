"""Rearrangement: values move or are repeated, nothing is computed."""

from dataclasses import dataclass

from keras_cnnstats.field import Reach
from keras_cnnstats.primitives.base import POINTWISE, Primitive, Slide, Spread
from keras_cnnstats.units import NO_WORK, Work


@dataclass(frozen=True, slots=True)
class Rearrangement(Primitive):
    """Costs nothing; `moves` says where the outputs look."""

    kind = "rearrangement"
    moves: Spread = POINTWISE

    def work(self) -> Work:
        return NO_WORK

    @property
    def spread(self) -> Spread:
        return self.moves

    @classmethod
    def shifted(cls, before: tuple[int, ...]) -> "Rearrangement":
        """Padding by `before` positions in front of each axis, or cropping by as many where they are negative."""
        return cls(Slide(tuple(Reach(((-padding, -padding),), 1) for padding in before)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Primitive):
    """Rows of a table are picked by index: parameters, no arithmetic."""

    kind = "lookup"
    rows: int
    width: int

    def work(self) -> Work:
        return NO_WORK

    @property
    def parameters(self) -> int:
        return self.rows * self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Primitive):
    """Weights that are kept and take no part at inference."""

    kind = "kept"
    weights: int

    def work(self) -> Work:
        return NO_WORK

    @property
    def parameters(self) -> int:
        return self.weights
