"""Quantisation: what it takes to compute with values of few bits, beside the products themselves.

What TensorFlow's profiler and XLA count follows the steps that Keras takes: both also see the checks of an index, and
XLA sees values change their dtype and bytes unpacked, none of which is arithmetic by definition.
"""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive, Size, product, share
from keras_cnnstats.primitives.elementwise import Cost
from keras_cnnstats.primitives.slopes import Slope
from keras_cnnstats.primitives.wrapping import Once
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Conversion(Primitive):
    """Values become others that stand for the same: of fewer bits, or floats again.

    A gradient goes around it: Keras multiplies it with the weights as floats, without rounding and scales.

    Attributes:
        cost: what it costs per value.
        values: values.
        slope: what is done for the gradient per value, such as weights that become floats for it.
        is_tracked: whether training takes statistics of the values too.
    """

    kind = "quantisation"
    cost: Cost
    values: Size
    slope: Slope = Slope(0)
    is_tracked: bool = False

    def work(self) -> Work | None:
        if self.values is None:
            return None
        cost, n = self.cost, self.values
        return Work(arithmetic=cost.arithmetic * n, registered=cost.registered * n, hlo=cost.hlo * n)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        forward = self.work()
        if forward is None or self.values is None or self.is_tracked:
            return None
        return Training(forward.times(samples), self.slope.over(self.values * samples) if towards else NO_WORK)


def _each(values: Size, arithmetic: int = 0, registered: int = 0, hlo: int = 0) -> Conversion:
    return Conversion(cost=Cost(arithmetic, 0, registered, hlo), values=values)


def _weights(values: Size, arithmetic: int = 0, registered: int = 0, hlo: int = 0) -> Once:
    return Once(primitive=_each(values, arithmetic, registered, hlo))


def quantised(values: Size, size: Size) -> list[Primitive]:
    """Returns the primitives of `clip(round(x * s))` with `s = 127 / (max(abs(x)) + epsilon)`, the largest found first.

    Args:
        values: values that are quantised.
        size: values that share a scale.

    Example: 64 values with one scale: 64 magnitudes, 63 comparisons, an addition, a division, then 4 steps for each.

    >>> sum(part.work().arithmetic for part in quantised(64, 64))
    385
    """
    scales = None if values is None or not size else share(values, size)
    return [
        _each(values, arithmetic=6, registered=3, hlo=7),
        # One comparison fewer than there are values, an addition and a division.
        _each(scales, arithmetic=1, registered=2, hlo=1),
        _weights(2, hlo=1),
    ]


def unpacked(stored: int, signed: bool) -> list[Primitive]:
    """Returns the primitives of bytes that become two weights each: masks and shifts, and the sign brought back."""
    return [_weights(stored, registered=2, hlo=7) if signed else _weights(stored, hlo=3)] if stored else []


def restored(weights: Size, rows: int, cast_zeros: bool = True) -> list[Primitive]:
    """Returns the primitives of `(w - zero) * scale` for each weight, with what its group has of both.

    Args:
        weights: weights of the kernel.
        rows: weights of a column, each of which has the number of its group.
        cast_zeros: whether the zero points are integers.
    """
    return [
        _weights(weights, arithmetic=2, registered=2, hlo=5 + cast_zeros),
        _weights(rows, registered=4, hlo=13),
    ]


def again(weights: Size, rows: int) -> list[Primitive]:
    """Returns the primitives of weights that become floats for the gradient alone, or once more for it.

    Args:
        weights: weights of the kernel.
        rows: weights of a column, each of which has the number of its group; 0 where they have no groups.
    """
    slope = Slope(2, hlo=6) if rows else Slope(1, hlo=2)
    return [
        Once(primitive=Conversion(cost=Cost(0), values=weights, slope=slope)),
        Once(primitive=Conversion(cost=Cost(0), values=rows, slope=Slope(0, hlo=13))),
    ]


def divided(weights: Size, cast: bool = True) -> list[Primitive]:
    """Returns the primitives of weights that are each divided by a scale, the integers among them as floats."""
    return [_weights(weights, arithmetic=1, registered=1, hlo=1 + cast)]


def rescaled(outputs: Size, scales: int, cast: bool = True) -> list[Primitive]:
    """Returns the primitives of outputs that are divided by a scale, or by the product of two."""
    return [_each(outputs, arithmetic=scales, registered=scales, hlo=scales + cast)]


def by_one(outputs: Size, columns: Size) -> list[Primitive]:
    """Returns the primitives of outputs divided by 1, or of the scales of so many columns multiplied by it."""
    return [_each(outputs, registered=1, hlo=1)] if columns is None else [_weights(columns, registered=1)]


def cast(values: Size) -> list[Primitive]:
    """Returns the primitives of inputs that change their dtype."""
    return [_each(values, hlo=1)]


def cast_weights(weights: Size) -> list[Primitive]:
    """Returns the primitives of weights that change their dtype."""
    return [_weights(weights, hlo=1)]


_ROUNDED = Cost(4, registered=4, hlo=6)
"""A division, two limits, and a product."""


def float8(values: Size, weights: Size, biases: int) -> list[Primitive]:
    """Returns the primitives of `clip(x / s) * s`, of inputs and of weights, which are rounded to float8 on the way.

    Args:
        values: values of the inputs.
        weights: weights of the kernel.
        biases: biases that are rounded to bfloat16 and back.
    """
    return [
        Conversion(cost=_ROUNDED, values=values, is_tracked=True),
        Once(primitive=Conversion(cost=_ROUNDED, values=weights, is_tracked=True)),
        _weights(2, registered=1),  # TensorFlow sees each limit negated
        _weights(biases, hlo=2),
    ]


def looked_up(tokens: Size, width: int, groups: int) -> list[Primitive]:
    """Returns the primitives of rows of a quantised table that become floats.

    Args:
        tokens: rows that are looked up.
        width: values of a row.
        groups: groups of a row, each with a scale and a zero point; 0 where a row has one scale and no zero point.
    """
    values = product((tokens, width))
    if not groups:
        return [_each(values, arithmetic=1, registered=1, hlo=2), _each(tokens, registered=2, hlo=7)]
    return [
        _each(values, arithmetic=2, registered=2, hlo=6),
        _each(tokens, registered=4, hlo=12 + 2 * groups),
        _weights(width, registered=4, hlo=13),
    ]


def picked(tokens: Size, width: int) -> list[Primitive]:
    """Returns the primitives of rows of a second table that are looked up: no arithmetic, but indices checked."""
    return [_each(tokens, registered=2, hlo=6 + width)]
