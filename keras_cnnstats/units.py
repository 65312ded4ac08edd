"""Counting conventions, the work record that they read, and numbers as text."""

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import inf
from typing import NamedTuple

from keras_cnnstats.errors import ConventionError, nearest

Count = int | None
"""An exact number, 0 where there is known to be none, `None` where it is unknown."""

Extent = int | float | Fraction | None
"""A number of input positions: exact, `math.inf` for the whole input, `None` where it is unknown."""


class Work(NamedTuple):
    """What an operation computes, before any convention: every convention is a sum of these terms.

    Attributes:
        macs: multiply-accumulate pairs of contractions, padded taps included.
        inside: those of them whose tap falls inside the input.
        outputs: values that contractions produce (a sum of `K` products takes `K - 1` additions).
        biases: additions of a bias.
        arithmetic: other additions, subtractions, multiplications, divisions and comparisons, by definition.
        transcendentals: exponentials, logarithms, roots and their like.
        registered: what TensorFlow's profiler registers for the part that is no contraction and no bias.
        hlo: what XLA's cost analysis counts for that same part.
    """

    macs: int = 0
    inside: int = 0
    outputs: int = 0
    biases: int = 0
    arithmetic: int = 0
    transcendentals: int = 0
    registered: int = 0
    hlo: int = 0

    def plus(self, other: "Work") -> "Work":
        return Work(*[a + b for a, b in zip(self, other, strict=True)])

    def times(self, factor: int) -> "Work":
        return self if factor == 1 else Work(*[term * factor for term in self])

    def products(self, results: int) -> "Work":
        """As many products of contractions, added up into so many results: a gradient of a contraction."""
        return Work(macs=self.macs, inside=self.inside, outputs=results if self.macs else 0)


NO_WORK = Work()


def together(works: Iterable[Work]) -> Work:
    """Returns the sum of works, term by term.

    >>> together([Work(macs=2), Work(macs=3, biases=1)])
    Work(macs=5, inside=0, outputs=0, biases=1, arithmetic=0, transcendentals=0, registered=0, hlo=0)
    """
    columns = list(zip(*works, strict=True))
    return Work(*map(sum, columns)) if columns else NO_WORK


def sum_if_known(counts: Iterable[Count]) -> Count:
    """Returns the sum of counts, `None` where one of them is unknown.

    >>> sum_if_known([2, 3]), sum_if_known([2, None]), sum_if_known([])
    (5, None, 0)
    """
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


class Training(NamedTuple):
    """What one step of training computes: the forward pass as training runs it, and the gradients that it needs.

    Attributes:
        forward: the forward pass; batch normalization takes its statistics from the batch.
        inputs: gradients towards the inputs, where something trainable stands before them.
        weights: gradients towards the weights that training changes.
    """

    forward: Work = NO_WORK
    inputs: Work = NO_WORK
    weights: Work = NO_WORK

    @property
    def total(self) -> Work:
        """All three together."""
        return self.forward.plus(self.inputs).plus(self.weights)

    def plus(self, other: "Training") -> "Training":
        return Training(*[a if b is NO_WORK else a.plus(b) for a, b in zip(self, other, strict=True)])


NO_TRAINING = Training()

CONVENTIONS = {
    "textbook": "K multiplications and K - 1 additions for each output, bias +1; 1 per arithmetic operation elsewhere",
    "macs": "multiply-accumulate pairs of convolutions, dense layers and matrix products; nothing else",
    "2macs": "two operations for each multiply-accumulate pair; nothing else",
    "tf": "what TensorFlow's profiler registers",
    "xla": "XLA's cost analysis: taps inside the input only; elsewhere 1 per element of each operation",
}


def check_convention(convention: str) -> str:
    """Returns `convention` if it is one, else raises `ConventionError`."""
    if convention not in CONVENTIONS:
        known = ", ".join(f"`{name}`" for name in CONVENTIONS)
        raise ConventionError(
            f"convention: expected one of {known}. Received: {convention!r}.{nearest(str(convention), CONVENTIONS)}"
        )
    return convention


def flops(work: Work, convention: str) -> int:
    """Returns the floating-point operations of `work` under a convention.

    Example: one output of a 3x3 convolution over 3 channels with a bias is 27 products, 26 additions, 1 bias.

    >>> work = Work(macs=27, inside=27, outputs=1, biases=1)
    >>> [flops(work, convention) for convention in ("textbook", "macs", "2macs", "tf", "xla")]
    [54, 27, 54, 55, 55]
    """
    if convention == "textbook":
        return 2 * work.macs - work.outputs + work.biases + work.arithmetic
    if convention == "macs":
        return work.macs
    if convention == "2macs":
        return 2 * work.macs
    if convention == "tf":
        return 2 * work.macs + work.biases + work.registered
    check_convention(convention)
    return 2 * work.inside + work.biases + work.hlo  # xla


def train_flops(training: Training, convention: str) -> Count:
    """Returns the floating-point operations of a step of training; `None` under `tf`.

    What TensorFlow's profiler registers for gradients is not derived.
    """
    return None if convention == "tf" else flops(training.total, convention)


def si(number: int | float) -> str:
    """Returns a count rounded to three significant digits with an SI prefix.

    >>> si(3_857_973_248), si(999), si(25_636_712), si(999_950)
    ('3.86 G', '999', '25.6 M', '1.00 M')
    """
    if abs(number) < 1000:
        return str(number)
    scaled = Fraction(number)
    for prefix in ("k", "M", "G", "T", "P", "E"):
        scaled /= 1000
        # Rounding must not leave "1000 k" where "1.00 M" is meant.
        if abs(scaled) < 1000 - Fraction(1, 2) or prefix == "E":
            whole = len(str(int(abs(scaled))))
            return f"{float(scaled):,.{max(3 - whole, 0)}f} {prefix}"
    raise AssertionError("unreachable")


@lru_cache
def dtype_bytes(dtype: str) -> Count:
    """Returns the bytes of a value of a dtype; `None` where it has no fixed size.

    >>> [dtype_bytes(name) for name in ("float32", "bfloat16", "int8", "bool", "float8_e4m3fn", "string")]
    [4, 2, 1, 1, 1, None]
    """
    if dtype == "bool":
        return 1
    width = re.search(r"\d+", dtype)
    return None if width is None else max(int(width.group()) // 8, 1)


def extent_text(value: Extent) -> str:
    """Returns a number of input positions as text: `all` for the whole input, `?` where it is unknown.

    >>> extent_text(7), extent_text(inf), extent_text(None), extent_text(Fraction(1, 2))
    ('7', 'all', '?', '1/2')
    """
    if value is None:
        return "?"
    if value == inf:
        return "all"
    return str(value)
