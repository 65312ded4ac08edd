"""Softmax and its logarithm, in the form that large inputs do not break: the maximum is subtracted first."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive, Size
from keras_cnnstats.primitives.spreads import POINTWISE, Spread
from keras_cnnstats.units import NO_TRAINING, NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Softmax(Primitive):
    """Each group of `size` values becomes shares of 1 (or the logarithms of them).

    Attributes:
        groups: groups that each add up to 1.
        size: values in a group.
        log: whether the logarithm is taken.
        axes: how many axes a group extends over.
        looks: where its outputs look.
    """

    kind = "softmax"
    groups: Size
    size: Size
    log: bool = False
    axes: int = 1
    looks: Spread = POINTWISE

    def work(self) -> Work | None:
        if self.groups is None or self.size is None:
            return None
        if not self.size:
            return NO_WORK
        n = self.size
        # Maximum, subtraction, exponential, sum; then a division, or a logarithm of the sum and a subtraction.
        arithmetic = ((n - 1) + n + (n - 1) + n) * self.groups
        transcendentals = (n + self.log) * self.groups
        return Work(
            arithmetic=arithmetic,
            transcendentals=transcendentals,
            registered=self._registered(n * self.groups, self.groups),
            hlo=4 * n * self.groups + (3 if self.axes > 1 else -1) * self.groups,
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.groups is None or self.size is None:
            return None
        n, groups = self.size, self.groups * samples
        inputs = NO_WORK
        if not n:
            return NO_TRAINING
        if towards and self.log:
            # g - exp(y) * sum(g)
            inputs = Work(arithmetic=(3 * n - 1) * groups, transcendentals=n * groups, hlo=4 * n * groups)
        elif towards:
            # y * (g - sum(g * y))
            hlo = (6 * n + 2) * groups if self.axes == 1 else (5 * n + 5) * groups
            inputs = Work(arithmetic=(4 * n - 1) * groups, hlo=hlo)
        return Training(work.times(samples), inputs)

    def _registered(self, elements: int, groups: int) -> int:
        if self.axes > 1:
            return 3 * elements + groups
        return 0 if self.log else 5 * elements

    @property
    def spread(self) -> Spread:
        return self.looks
