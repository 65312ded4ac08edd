"""Normalization: values are centred and scaled by statistics of training (batch) or of themselves (the others)."""

from collections.abc import Iterable
from dataclasses import dataclass

from keras_cnnstats.primitives.base import Claim, Learned, Map, Primitive, Size
from keras_cnnstats.primitives.spreads import POINTWISE, Spread
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Beside(Primitive):
    """What backends compute beside a normalization once a call, on constants and on weights alone.

    Attributes:
        registered: what TensorFlow's profiler registers for it.
        hlo: what XLA counts.
        in_training: whether training does it too.
    """

    kind = "normalization"
    registered: int = 0
    hlo: int = 0
    in_training: bool = True

    def work(self) -> Work:
        return Work(registered=self.registered, hlo=self.hlo)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training:
        return Training(self.work() if self.in_training else NO_WORK)

    @property
    def is_shared(self) -> bool:
        return True


def _scaled_and_shifted(elements: Size) -> Work | None:
    """A product and a sum for each value."""
    if elements is None:
        return None
    return Work(arithmetic=2 * elements, registered=2 * elements, hlo=2 * elements)


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class BatchNormalization(Primitive):
    """At inference each value is scaled and shifted, with both factors folded from the moving statistics.

    Attributes:
        elements: values.
        channels: channels that have statistics of their own.
        scale: whether a scale is learned.
        center: whether a shift is learned.
        statistics: whether training takes the statistics from the batch; a frozen layer goes by the moving ones.
        renormalized: whether training corrects those of the batch by moving ones, of which it keeps three more.
    """

    kind = "normalization"
    elements: Size
    channels: int
    scale: bool = True
    center: bool = True
    statistics: bool = False
    renormalized: bool = False

    def work(self) -> Work | None:
        return _scaled_and_shifted(self.elements)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.elements is None or (self.statistics and self.renormalized):
            return None
        n, c = self.elements * samples, self.channels
        if not n:
            return Training(work.times(samples))
        if not self.statistics:
            # `g * a` with the folded factor, which is the same for all samples.
            inputs = Work(arithmetic=n, hlo=n) if towards else NO_WORK
            return None if learns else Training(work.times(samples), inputs)
        # The mean; the distances from it, their squares and the mean of those; the root; then the moving statistics.
        statistics, learned = (n + 3 * n + c) + 6 * c, (self.scale + self.center) * n
        forward = Work(
            arithmetic=statistics + n + learned,
            transcendentals=c,
            hlo=7 * n + (10 + self.scale + self.center) * c + 3,
        )
        # Gradients of shift and scale: the sums of `g` and of `g * x'`, which the gradient of the input needs too.
        shift, scale = n - c, n + n - c
        weights = inputs = NO_WORK
        scaled, shifted = "gamma" in learns, "beta" in learns
        if learns:
            hlo = 3 * n + c if scaled else n - c
            weights = Work(arithmetic=shift * shifted + scale * scaled, hlo=hlo)
        if towards:
            # (g - mean(g) - x' * mean(g * x')) * factor
            rest = shift * (not shifted) + scale * (not scaled)
            hlo = 11 * n + (8 + self.scale + scaled) * c - weights.hlo
            inputs = Work(arithmetic=rest + 2 * c + self.scale * c + 4 * n, hlo=hlo)
        return Training(forward, inputs, weights)

    @property
    def beside(self) -> tuple[Primitive, ...]:
        """The factors folded anew at each call that goes by them, which backends see."""
        registered, hlo = (5 + self.scale) * self.channels, (3 + self.scale + self.center) * self.channels
        return (Beside(registered=registered, hlo=hlo, in_training=not self.statistics),)

    @property
    def parameters(self) -> int:
        return (self.scale + self.center + 2 + 3 * self.renormalized) * self.channels

    @property
    def learned(self) -> tuple[Learned, ...]:
        learned = Learned("gamma", self.scale * self.channels), Learned("beta", self.center * self.channels)
        return tuple([each for each in learned if each.size])

    def claims(self) -> Iterable[Claim]:
        trained = (self.scale + self.center) * self.channels
        formula = f"{self.scale + self.center} * {self.channels} = {trained:,} trained"
        yield Claim("parameters", "P3", formula, trained, self.parameters)


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class GivenNormalization(Primitive):
    """Each value is scaled and shifted, with both factors folded from a mean and a variance that are given.

    Attributes:
        elements: values.
        channels: channels that have statistics of their own.
        scaled: whether there is a scale.
        shifted: whether there is a shift.
        maps: the values, their mean and variance, a shift and a scale; a constant for what is not given.
    """

    kind = "normalization"
    elements: Size
    channels: int
    scaled: bool
    shifted: bool
    maps: tuple[Map, ...]

    def work(self) -> Work | None:
        return _scaled_and_shifted(self.elements)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.elements is None:
            return None
        n, c = self.elements * samples, self.channels
        if not n:
            return Training(work.times(samples))
        values, mean, variance, shift, scale = (place in towards for place in range(5))
        # `x * a + b` with `a = scale * r` and `b = shift - mean * a`, where `r` is the inverse root that was kept.
        steps = 0
        if mean or variance or shift or scale:
            steps += n - c  # sum(g)
        if variance or scale:
            steps += n + (n - c) + 2 * c  # of `a`: sum(g * x) - mean * sum(g)
        steps += c * scale + 2 * c * mean + (3 + self.scaled) * c * variance  # r * a', -a * b', -1 / 2 * a' * a * r * r
        inputs, others = n * values, Work(arithmetic=steps, hlo=steps)
        gradient = Work(arithmetic=inputs, hlo=inputs)
        if any(self.maps[place].weight for place in towards):
            return Training(work.times(samples), gradient, others)
        return Training(work.times(samples), gradient.plus(others))

    @property
    def beside(self) -> tuple[Primitive, ...]:
        """The factors folded at each call, which the other counters see."""
        more = self.scaled + self.shifted
        return (Beside(registered=(5 + more) * self.channels, hlo=(3 + more) * self.channels),)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Normalization(Primitive):
    """Groups of values are scaled by statistics of their own, at inference as in training.

    Attributes:
        groups: groups that have statistics of their own.
        size: values in a group.
        method: `"layer"` and `"group"` set the mean to 0 and the variance to 1, `"deviation"` the variance alone,
            `"rms"` the mean of the squares, `"unit"` their sum.
        scale: learned scales.
        center: learned shifts.
        looks: where its outputs look.
    """

    kind = "normalization"
    groups: Size
    size: Size
    method: str = "layer"
    scale: int = 0
    center: int = 0
    looks: Spread = POINTWISE

    def work(self) -> Work | None:
        if self.groups is None or self.size is None:
            return None
        n, spread = self.size, self.method not in ("rms", "unit")
        statistics = n + (n - 1)  # squares and their sum
        if self.method != "unit":
            statistics += 2  # their mean, and the small number that keeps the root from 0
        else:
            statistics += 1
        if spread:
            statistics += n + n  # the mean, and the distances from it
        learned = n * bool(self.scale) + n * bool(self.center)
        return Work(
            arithmetic=(statistics + n + learned) * self.groups,
            transcendentals=self.groups,
            registered=self._registered(n * self.groups, self.groups),
            hlo=self._hlo(n * self.groups, self.groups),
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.groups is None or self.size is None:
            return None
        groups = self.groups * samples
        elements = self.size * groups
        if not elements:
            return Training(work.times(samples))
        inputs = weights = NO_WORK
        if towards:
            steps = self._towards_input(self.size) * groups + elements * bool(self.scale)
            inputs = Work(arithmetic=steps, hlo=self._hlo_towards_input(elements, groups, samples, "gamma" in learns))
        if learns:
            # The sums of `g * x'` and of `g`.
            products = elements * ("gamma" in learns)
            learned = sum([each.size for each in self.learned if each.name in learns])
            added = elements * len(learns) - learned
            folded = learned * (samples - 1) if self.method == "group" else added
            folded += self._hlo_towards_weights(elements, samples, "gamma" in learns, bool(towards))
            weights = Work(arithmetic=products + added, hlo=folded)
        again = self._learned(0) * (samples - 1)  # what is folded on the channels, is so for each sample
        forward = work.times(samples)._replace(hlo=self._hlo(elements, groups) + again)
        return Training(forward, inputs, weights)

    def _hlo_towards_input(self, elements: int, groups: int, samples: int, scaled: bool) -> int:
        """What XLA counts, where the gradient towards the scale is wanted too or not."""
        if self.method == "group":
            folded = (4 + scaled) * self.scale * samples - 3 * groups if self.scale else 0
            return 11 * elements + 8 * groups + folded
        if self.method == "layer":
            return 15 * elements + 5 * groups if self.scale else 11 * elements + 8 * groups
        per_element, per_group = {"deviation": (9, 4), "rms": (6, 3), "unit": (6, 8)}[self.method]
        per_element += bool(self.scale)
        return per_element * elements + per_group * groups

    def _hlo_towards_weights(self, elements: int, samples: int, scaled: bool, shared: bool) -> int:
        """What XLA counts beside the sums over samples; it shares some of it with the gradient towards the input."""
        if self.method == "group" and not shared:
            return 3 * elements + self.scale * samples if scaled else elements - self.center * samples
        if self.method == "layer" and not shared:
            return 4 * elements * scaled
        return 0 if self.method == "group" else elements * scaled

    def _towards_input(self, n: int) -> int:
        """Steps for a group of `n` values, with `x'` the normalized value and `r` the factor, both kept."""
        dot = n + (n - 1)  # sum(g * x')
        if self.method == "unit":
            return dot + 3 * n  # (g - x' * sum(g * x')) * r
        if self.method == "rms":
            return dot + 1 + 3 * n  # (g - x' * mean(g * x')) * r
        if self.method == "deviation":
            return dot + 3 + 3 * n  # g * r - (x - mean(x)) * (mean(g * x') * r * r)
        return n + dot + 1 + 4 * n  # (g - mean(g) - x' * mean(g * x')) * r

    def _learned(self, elements: int) -> int:
        """Keras multiplies by the scale twice and adds the shift: on all values, or folded, on the channels."""
        if self.method == "group":
            return 2 * self.scale + self.center
        return (2 * bool(self.scale) + bool(self.center)) * elements

    def _registered(self, elements: int, groups: int) -> int:
        if self.method in ("layer", "group"):
            return 6 * elements + self._learned(elements) + (5 - bool(self.scale)) * groups
        per_element, per_group = {"deviation": (6, 3), "rms": (4, 3), "unit": (3, 2)}[self.method]
        return per_element * elements + per_group * groups

    def _hlo(self, elements: int, groups: int) -> int:
        if self.method in ("layer", "group"):
            return 7 * elements + self._learned(elements) + (4 - bool(self.scale)) * groups
        per_element, per_group = {"deviation": (5, 2), "rms": (3, 1), "unit": (3, 0)}[self.method]
        per_element += bool(self.scale)
        return per_element * elements + per_group * groups

    @property
    def beside(self) -> tuple[Primitive, ...]:
        """Three steps on constants that XLA counts in a variance."""
        return (Beside(hlo=3),) if self.method in ("layer", "group", "deviation") else ()

    @property
    def parameters(self) -> int:
        return self.scale + self.center

    @property
    def learned(self) -> tuple[Learned, ...]:
        return tuple([each for each in (Learned("gamma", self.scale), Learned("beta", self.center)) if each.size])

    @property
    def spread(self) -> Spread:
        return self.looks
