"""Ratios of medians with their spread, and how each stands to what was asked for."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """A median figure, with the least and the most of the rounds."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{short(self.middle)} ({short(self.least)} to {short(self.most)})"


class Finding(NamedTuple):
    """One figure that came out.

    Attributes:
        what: what it is, in a reader's words.
        of: the model or the kind of model that it is of.
        found: the figure.
        unit: what is behind it.
        at_most: what was asked for, where less is better.
        at_least: what was asked for, where more is better.
    """

    what: str
    of: str
    found: Spread
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def text(self) -> str:
        """The figure with its unit."""
        return f"{self.found} {self.unit}".strip()

    @property
    def aim(self) -> str:
        """What was asked for; nothing where nothing was."""
        if self.at_most is not None:
            return f"at most {self.at_most:g} {self.unit}".strip()
        return "" if self.at_least is None else f"at least {self.at_least:g} {self.unit}".strip()

    @property
    def is_kept(self) -> bool:
        """Whether the median is within what was asked for."""
        return (self.at_most is None or self.found.middle <= self.at_most) and (
            self.at_least is None or self.found.middle >= self.at_least
        )


def spread(values: Sequence[float], scale: float = 1) -> Spread:
    """Returns the median of the rounds, times `scale`."""
    return Spread(scale * median(values), scale * min(values), scale * max(values))


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """Returns the ratio of two medians; its spread is that of the rounds, each by itself."""
    of_rounds = [a / b for a, b in zip(over, under, strict=True)]
    return Spread(median(over) / median(under), min(of_rounds), max(of_rounds))


def short(value: float) -> str:
    """Returns a figure with three digits, or with all in front of the point.

    >>> [short(value) for value in (0.00123, 1.5, 28.44, 1234.5)]
    ['0.00123', '1.5', '28.4', '1,234']
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
