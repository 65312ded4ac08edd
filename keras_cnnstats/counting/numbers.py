"""A number that tallies what is done with it."""

import math
import sys
from collections import Counter
from typing import Any

LARGEST = math.log(sys.float_info.max)
"""The largest number whose exponential is a number."""


class Number:
    """A real number; whatever is computed with it is noted in its tally.

    Arithmetic with a plain number counts as well. To turn the sign or to pass a number on is no operation.

    Attributes:
        value: the number.
        tally: how often each operation was done with numbers of this tally.
        is_padding: whether it was put beside the numbers of a map, to fill it up.

    >>> tally = Counter()
    >>> two, three = Number(2.0, tally), Number(3.0, tally)
    >>> (two * three + two).value, dict(tally)
    (8.0, {'multiplications': 1, 'additions': 1})
    """

    __slots__ = ("is_padding", "tally", "value")

    def __init__(self, value: float, tally: Counter[str], is_padding: bool = False) -> None:
        self.value = value
        self.tally = tally
        self.is_padding = is_padding

    def _done(self, operation: str, value: float) -> "Number":
        self.tally[operation] += 1
        return Number(value, self.tally)

    def __add__(self, other: Any) -> "Number":
        return self._done("additions", self.value + _value(other))

    def __sub__(self, other: Any) -> "Number":
        return self._done("subtractions", self.value - _value(other))

    def __rsub__(self, other: Any) -> "Number":
        return self._done("subtractions", _value(other) - self.value)

    def __mul__(self, other: Any) -> "Number":
        if self.is_padding or (isinstance(other, Number) and other.is_padding):
            self.tally["multiplications with padding"] += 1
        return self._done("multiplications", self.value * _value(other))

    def __truediv__(self, other: Any) -> "Number":
        return self._done("divisions", self.value / _value(other))

    def __rtruediv__(self, other: Any) -> "Number":
        return self._done("divisions", _value(other) / self.value)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> "Number":
        return Number(-self.value, self.tally, self.is_padding)

    def _compared(self, other: Any) -> float:
        self.tally["comparisons"] += 1
        return self.value - _value(other) if self.value != _value(other) else 0.0

    def __lt__(self, other: Any) -> bool:
        return self._compared(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._compared(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._compared(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._compared(other) >= 0

    # NumPy asks the elements of an array for these by name.

    def exp(self) -> "Number":
        """The exponential."""
        # Beyond the largest number it is infinite, as the backends have it; Python would raise an error.
        return self._done("transcendentals", math.inf if self.value > LARGEST else math.exp(self.value))

    def tanh(self) -> "Number":
        """The hyperbolic tangent."""
        return self._done("transcendentals", math.tanh(self.value))


def _value(number: Any) -> float:
    return number.value if isinstance(number, Number) else number
