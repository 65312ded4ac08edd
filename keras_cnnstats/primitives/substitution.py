"""Substitution: linear equations of which each has one unknown more than the one before it."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Map, Primitive, Size
from keras_cnnstats.primitives.spreads import Shuffle, Spread
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Substitution(Primitive):
    """The solution of `a @ x = b` with a triangle `a`: unknown `k` takes `k - 1` products and differences, a division.

    Attributes:
        unknowns: how many unknowns there are.
        solutions: values of all solutions.
        maps: the triangle, and the right sides.
    """

    kind = "substitution"
    unknowns: int
    solutions: Size
    maps: tuple[Map, ...]

    def work(self) -> Work | None:
        if self.solutions is None:
            return None
        # 1 + 3 + 5 + ... = n * n for each solution of n unknowns.
        steps = self.unknowns * self.solutions
        return Work(arithmetic=steps, hlo=steps)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.solutions is None:
            return None
        forward = work.times(samples)
        if not towards:
            return Training(forward)
        # The transposed triangle is solved for `g`; its own values get that times `-x`, summed over the right sides.
        solutions = self.solutions * samples
        inputs, weights = Work(arithmetic=forward.arithmetic, hlo=forward.hlo), NO_WORK
        if 0 in towards:
            steps = (self.unknowns + 1) * solutions
            gradient = Work(arithmetic=steps, hlo=steps)
            inputs, weights = (inputs, gradient) if self.maps[0].weight else (inputs.plus(gradient), weights)
        return Training(forward, inputs, weights)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def spread(self) -> Spread:
        return Shuffle(None)
