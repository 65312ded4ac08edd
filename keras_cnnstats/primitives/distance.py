"""Distance: each vector of one map is set off against each of another."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Map, Primitive, Size, sums
from keras_cnnstats.primitives.spreads import Gather, Spread
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Distances(Primitive):
    """The distance of each vector from each other one, `sqrt(sum((a - b) ** 2))`.

    Attributes:
        pairs: distances.
        size: values of a vector.
        maps: the vectors of both sides.
    """

    kind = "distance"
    pairs: Size
    size: int
    maps: tuple[Map, ...]

    def work(self) -> Work | None:
        if self.pairs is None:
            return None
        steps = max(3 * self.size - 1, 0) * self.pairs
        return Work(arithmetic=steps, transcendentals=self.pairs, registered=steps, hlo=steps)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.pairs is None:
            return None
        forward = work.times(samples)
        if not towards:
            return Training(forward)
        pairs = self.pairs * samples
        terms = pairs * self.size
        # `(a - b) * (g / distance)` for each pair; the differences were kept.
        inputs, weights = Work(arithmetic=pairs + terms, hlo=2 * (pairs + terms)), NO_WORK
        for place in towards:
            each = self.maps[place]
            # They are added up for `a`, and taken off for `b`.
            gradient = sums(terms, each.values(samples))
            if place:
                signs = each.values(samples)
                gradient = gradient.plus(Work(arithmetic=signs, hlo=terms if len(towards) > 1 else signs))
            inputs, weights = (inputs, weights.plus(gradient)) if each.weight else (inputs.plus(gradient), weights)
        return Training(forward, inputs, weights)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def spread(self) -> Spread:
        return Gather((-1,), "replaced")
