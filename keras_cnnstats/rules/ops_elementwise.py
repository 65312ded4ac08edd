"""Rules of the remaining functions of each element: what each costs, with the definition the count is read from."""

from typing import Any

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    FREE,
    Cost,
    Elementwise,
    Gather,
    Primitive,
    Rearrangement,
    Regroup,
    Shuffle,
    product,
)
from keras_cnnstats.rules.elements import element_by_element
from keras_cnnstats.rules.registry import rule

_ONE = Cost(1, hlo=1)
_FUNCTION = Cost(0, 1)

# Behind the definition stand what TensorFlow registers for each element and what XLA counts, both measured.

DEFINED: dict[Any, Cost] = {
    # One elementary function
    ops.angle: Cost(0, 1, registered=1),  # atan2(imaginary part, real part)
    ops.arccos: Cost(0, 1, hlo=3),
    ops.arccosh: Cost(0, 1, hlo=7),
    ops.arcsin: Cost(0, 1, hlo=5),
    ops.arcsinh: Cost(0, 1, hlo=11),
    ops.arctan: _FUNCTION,
    ops.arctan2: _FUNCTION,
    ops.arctanh: Cost(0, 1, hlo=6),
    ops.cbrt: Cost(0, 1, registered=2),
    ops.cosh: Cost(0, 1, hlo=3),
    ops.erfc: Cost(0, 1, hlo=62),
    ops.erfinv: Cost(0, 1, hlo=37),
    ops.exp2: Cost(0, 1, registered=1, hlo=1),
    ops.i0: Cost(0, 1, hlo=85),
    ops.log10: Cost(0, 1, registered=2, hlo=1),
    ops.log2: Cost(0, 1, registered=2, hlo=1),
    ops.sinh: Cost(0, 1, hlo=10),
    ops.tan: _FUNCTION,
    # No arithmetic
    ops.logical_xor: Cost(0, hlo=3),
    ops.nextafter: Cost(0, hlo=23),
    # Formulas with elementary functions in them
    ops.hypot: Cost(3, 1, registered=5, hlo=15),  # sqrt(a * a + b * b)
    ops.ldexp: Cost(1, 1, registered=2, hlo=1),  # a * 2 ** b
    ops.logaddexp: Cost(1, 3, registered=5, hlo=8),  # log(exp(a) + exp(b))
    ops.logaddexp2: Cost(1, 3, registered=7, hlo=10),  # log2(2 ** a + 2 ** b)
    ops.polar: Cost(2, 2, registered=2, hlo=3),  # r * cos(a), r * sin(a)
    ops.sinc: Cost(3, 1, registered=3, hlo=7),  # sin(pi * x) / (pi * x), 1 where x == 0
    # Rounding
    ops.ceil: _ONE,
    ops.floor: _ONE,
    ops.trunc: Cost(1, registered=1, hlo=4),
    ops.floor_divide: Cost(2, hlo=13),  # floor(a / b)
    ops.mod: Cost(4, hlo=8),  # a - b * floor(a / b)
    ops.fmod: Cost(4, registered=1, hlo=1),  # a - b * trunc(a / b)
    # Arithmetic and comparisons
    ops.deg2rad: Cost(1, registered=1, hlo=1),  # x * (pi / 180)
    ops.rad2deg: Cost(1, registered=1, hlo=1),  # x * (180 / pi)
    ops.divide_no_nan: Cost(2, hlo=4),  # 0 if b == 0 else a / b
    ops.fabs: _ONE,  # abs(x)
    ops.fmax: Cost(3, registered=1, hlo=4),  # b if a != a else (a if b != b else max(a, b))
    ops.fmin: Cost(3, registered=1, hlo=4),  # b if a != a else (a if b != b else min(a, b))
    ops.heaviside: Cost(2, registered=2, hlo=6),  # 0 if a < 0 else (b if a == 0 else 1)
    ops.isfinite: Cost(2, hlo=1),  # abs(x) < inf
    ops.isinf: Cost(2, hlo=2),  # abs(x) == inf
    ops.isnan: _ONE,  # x != x
    ops.isneginf: Cost(1, registered=1, hlo=1),  # x == -inf
    ops.isposinf: Cost(1, registered=1, hlo=1),  # x == inf
    ops.isreal: Cost(1),  # imaginary part == 0
    ops.nan_to_num: Cost(3, registered=2, hlo=6),  # x != x, x == inf, x == -inf, each with a value in its place
    ops.saturate_cast: Cost(2, registered=2, hlo=2),  # min(max(x, lowest), highest) of the other dtype
    ops.signbit: Cost(1, registered=1, hlo=3),  # x < 0
}

SLOPED = {target: cost.sloped(target.__name__) for target, cost in DEFINED.items()}


@rule(*DEFINED)
def defined(call: Call) -> list[Primitive]:
    """A function of each element, of one map or of two that are broadcast to one shape."""
    return [element_by_element(SLOPED[call.target], call)]


_APART, _ALLOWED = Cost(3, registered=2, hlo=7), Cost(3, registered=2, hlo=3)


@rule(ops.isclose)
def isclose(call: Call) -> list[Primitive]:
    """`abs(a - b) <= atol + rtol * abs(b)`: what is allowed is found for each value of `b`, before it is repeated."""
    allowed = Elementwise(cost=_ALLOWED, elements=product(call.specs[-1].shape[1:]))
    return [allowed, element_by_element(_APART.sloped("isclose"), call)]


@rule(ops.round)
def rounded(call: Call) -> list[Primitive]:
    """`round(x)`; with decimals `round(x * 10 ** decimals) / 10 ** decimals`."""
    return [
        Elementwise(
            cost=(Cost(3, registered=2, hlo=3) if call.layer.decimals else _ONE).sloped("round"),
            elements=call.output.elements,
        )
    ]


@rule(ops.conjugate)
def conjugate(call: Call) -> list[Primitive]:
    """The imaginary part negated; a real number stays what it is."""
    cost = _ONE if call.specs[0].dtype.startswith("complex") else Cost(0, slopes=FREE)
    return [Elementwise(cost=cost, elements=call.output.elements)]


@rule(
    ops.bitwise_and,
    ops.bitwise_invert,
    ops.bitwise_left_shift,
    ops.bitwise_not,
    ops.bitwise_or,
    ops.bitwise_right_shift,
    ops.bitwise_xor,
    ops.left_shift,
    ops.right_shift,
)
def bits(call: Call) -> list[Primitive]:
    """Bits are set and moved, without arithmetic; XLA counts a step all the same."""
    return [Elementwise(cost=Cost(0, hlo=1), elements=call.output.elements)]


@rule(ops.array, ops.convert_to_tensor, ops.empty_like, ops.full, ops.imag, ops.real, ops.select)
def chosen_or_made(call: Call) -> list[Primitive]:
    """One value or another, or the same one, without arithmetic."""
    return [Rearrangement()]


@rule(ops.view)
def view(call: Call) -> list[Primitive]:
    """The bits of the last axis, read as numbers of another dtype."""
    return [Rearrangement(Shuffle((-1,)))]


@rule(ops.view_as_complex)
def view_as_complex(call: Call) -> list[Primitive]:
    """Pairs along the last axis become the parts of complex numbers."""
    return [Rearrangement(Gather((-1,), "dropped"))]


@rule(ops.view_as_real)
def view_as_real(call: Call) -> list[Primitive]:
    """The parts of complex numbers become pairs along a new last axis."""
    return [Rearrangement(Regroup())]
