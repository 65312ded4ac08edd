"""Reduction: many values become one, by a sum, an average, a maximum."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive, Size, Spatial, Spread
from keras_cnnstats.units import Work

OVER_SPACE = Spatial()
"""All positions, which the output no longer has."""


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Reduction(Primitive):
    """Each output is the sum (or maximum, ...) of `count` values.

    Attributes:
        count: values that become one.
        outputs: results.
        average: whether each result is divided by `count`.
        over: where its outputs look.
        registered: whether TensorFlow's profiler has a statistic for it (it has for sums and averages).
    """

    kind = "reduction"
    count: Size
    outputs: Size
    average: bool = False
    over: Spread = OVER_SPACE
    registered: bool = False

    def work(self) -> Work | None:
        if self.count is None or self.outputs is None:
            return None
        arithmetic = (self.count if self.average else self.count - 1) * self.outputs
        return Work(arithmetic=arithmetic, registered=arithmetic if self.registered else 0, hlo=arithmetic)

    @property
    def spread(self) -> Spread:
        return self.over
