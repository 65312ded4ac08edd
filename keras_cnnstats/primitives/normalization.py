"""Normalization: values are centred and scaled by statistics of training (batch) or of themselves (the others)."""

from collections.abc import Iterable
from dataclasses import dataclass

from keras_cnnstats.primitives.base import POINTWISE, Claim, Primitive, Size, Spread
from keras_cnnstats.units import Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class BatchNormalization(Primitive):
    """At inference each value is scaled and shifted, with both factors folded from the moving statistics.

    Attributes:
        elements: values.
        channels: channels that have statistics of their own.
        scale: whether a scale is learned.
        center: whether a shift is learned.
    """

    kind = "normalization"
    elements: Size
    channels: int
    scale: bool = True
    center: bool = True

    def work(self) -> Work | None:
        if self.elements is None:
            return None
        # Keras folds the factors anew at each call, which the other counters see: the terms in `channels`.
        n, c = self.elements, self.channels
        return Work(
            arithmetic=2 * n, registered=2 * n + (5 + self.scale) * c, hlo=2 * n + (3 + self.scale + self.center) * c
        )

    @property
    def parameters(self) -> int:
        return (self.scale + self.center + 2) * self.channels

    def claims(self) -> Iterable[Claim]:
        trained = (self.scale + self.center) * self.channels
        formula = f"{self.scale + self.center} * {self.channels} = {trained:,} trained"
        yield Claim("parameters", "P3", formula, trained, self.parameters)


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
            return 7 * elements + self._learned(elements) + (4 - bool(self.scale)) * groups + 3
        per_element, per_group, once = {"deviation": (6, 2, 3), "rms": (4, 1, 0), "unit": (3, 0, 0)}[self.method]
        return per_element * elements + per_group * groups + once

    @property
    def parameters(self) -> int:
        return self.scale + self.center

    @property
    def spread(self) -> Spread:
        return self.looks
