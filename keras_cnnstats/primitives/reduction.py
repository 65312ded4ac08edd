"""Reduction: many values become one, by a sum, an average, a maximum."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive, Size
from keras_cnnstats.primitives.slopes import ONE, STOPS, Slope
from keras_cnnstats.primitives.spreads import Spatial, Spread
from keras_cnnstats.units import Training, Work

OVER_SPACE = Spatial()
"""All positions, which the output no longer has."""

# What gradients cost for each value, and for each result.
SUM = (Slope(0), Slope(0))
MEAN = (Slope(0), ONE)  # g / n
MAXIMUM = (Slope(1, hlo=4), Slope(0))  # g where x == y
PRODUCT = (Slope(1, hlo=4), Slope(1, hlo=-4))  # g * y / x


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Reduction(Primitive):
    """Each output is the sum (or maximum, ...) of `count` values.

    Attributes:
        count: values that become one.
        outputs: results.
        average: whether each result is divided by `count`.
        over: where its outputs look.
        masked: whether a mask says which values there are: it is summed too, for what is divided by.
        registered: whether TensorFlow's profiler has a statistic for it (it has for sums and averages).
        slopes: what its gradient costs for each value, and for each result; `None` where nobody has written it out,
            nothing where no gradient passes.
    """

    kind = "reduction"
    count: Size
    outputs: Size
    average: bool = False
    over: Spread = OVER_SPACE
    masked: bool = False
    registered: bool = False
    slopes: tuple[Slope, ...] | None = None

    def work(self) -> Work | None:
        if self.count is None or self.outputs is None:
            return None
        added = max(self.count - 1, 0)
        arithmetic = (self.count if self.average else added) * self.outputs + added * self.masked
        return Work(arithmetic=arithmetic, registered=arithmetic if self.registered else 0, hlo=arithmetic)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.count is None or self.outputs is None:
            return None
        forward = work.times(samples)
        if not towards or not self.count:
            return Training(forward)
        if not self.slopes:
            return None
        value, result = self.slopes
        results = self.outputs * samples
        return Training(forward, value.over(self.count * results).plus(result.over(results)))

    @property
    def passes(self) -> bool:
        return self.slopes != STOPS

    @property
    def spread(self) -> Spread:
        return self.over
