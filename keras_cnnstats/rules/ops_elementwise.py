"""Rules of the functions of `keras.ops` that are applied to each element."""

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    FREE,
    FUNCTIONS,
    Cost,
    Elementwise,
    Gather,
    Primitive,
    Rearrangement,
    Regroup,
    Shuffle,
    elu,
    product,
)
from keras_cnnstats.rules.activations import softmax
from keras_cnnstats.rules.elements import element_by_element
from keras_cnnstats.rules.registry import rule

ELEMENTARY = [getattr(ops, name) for name in FUNCTIONS if hasattr(ops, name) and name not in ("elu", "gelu")]
"""Those whose cost is the same however they are configured."""


@rule(*ELEMENTARY)
def elementary(call: Call) -> list[Primitive]:
    """A function of each element, of one map or of two that are broadcast to one shape."""
    return [element_by_element(FUNCTIONS[call.target.__name__], call)]


@rule(ops.elu)
def elu_operation(call: Call) -> list[Primitive]:
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere."""
    return [Elementwise(cost=elu(call.layer.alpha), elements=call.output.elements)]


@rule(ops.gelu)
def gelu(call: Call) -> list[Primitive]:
    """`x / 2 * (1 + erf(x / sqrt(2)))`, or its approximation by a tanh."""
    name = "gelu_tanh" if call.layer.approximate else "gelu"
    return [Elementwise(cost=FUNCTIONS[name], elements=call.output.elements)]


@rule(ops.softmax, ops.log_softmax)
def softmax_operation(call: Call) -> list[Primitive]:
    """Shares of 1, or their logarithms."""
    return softmax(call.output, call.layer.axis, log=call.target is ops.log_softmax)


_APART, _ALLOWED = Cost(3, registered=2, hlo=7), Cost(3, registered=2, hlo=3)


@rule(ops.isclose)
def isclose(call: Call) -> list[Primitive]:
    """`abs(a - b) <= atol + rtol * abs(b)`: what is allowed is found for each value of `b`, before it is repeated."""
    allowed = Elementwise(cost=_ALLOWED, elements=product(call.specs[-1].shape[1:]))
    return [allowed, element_by_element(_APART.sloped("isclose"), call)]


@rule(ops.round)
def rounded(call: Call) -> list[Primitive]:
    """`round(x)`; with decimals `round(x * 10 ** decimals) / 10 ** decimals`."""
    cost = Cost(3, registered=2, hlo=3) if call.layer.decimals else Cost(1, hlo=1)
    return [Elementwise(cost=cost.sloped("round"), elements=call.output.elements)]


@rule(ops.conjugate)
def conjugate(call: Call) -> list[Primitive]:
    """The imaginary part negated; a real number stays what it is."""
    cost = Cost(1, hlo=1) if call.specs[0].dtype.startswith("complex") else Cost(0, slopes=FREE)
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
