"""What an operation of a backend costs by its shapes: in the terms of the primitives, whatever the backend calls it."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from keras_cnnstats.primitives import FUNCTIONS, Contraction, Cost, Elementwise, Reduction, Softmax
from keras_cnnstats.primitives.lattice import taps_inside
from keras_cnnstats.units import NO_WORK, Work

Sizes = tuple[int, ...]

BRANCHES = "the branches of a condition cost differently"
TURNS = "how often a loop runs depends on the values"
SIZES = "a size depends on the values"


class CannotMeasureError(Exception):
    """A call that the backend cannot count; the message is the reason, in a few words.

    Attributes:
        failure: what the call itself raised, if it did.
    """

    failure: Exception | None = None


class Result(NamedTuple):
    """What the backend found out about one call.

    Attributes:
        work: the work of all its operations.
        shapes: the shapes of the tensors that it makes.
    """

    work: Work
    shapes: tuple[Sizes, ...]


NOTHING = Cost(0)
ONE = Cost(1, registered=1, hlo=1)
CHOICE = Cost(0, hlo=1)  # of one value or another, or of bits: XLA counts a step all the same

COSTS: dict[str, Cost] = {
    **FUNCTIONS,
    # What the tables of the backends call by one name, because it costs the same
    "compare": ONE,
    **dict.fromkeys(("round", "remainder", "is_nan"), Cost(1, hlo=1)),
    **dict.fromkeys(("sine", "gamma"), Cost(0, 1)),
    **dict.fromkeys(("select", "logic", "convert"), CHOICE),
    # What only a backend has
    "squared_difference": Cost(2, registered=2, hlo=2),
    "update": ONE,  # of one value among many: an addition
}
"""What a function of each element costs, by the name that Keras or the tables of the backends give it."""


def each(name: str, elements: int) -> Work:
    """Returns the work of a function of each of so many elements."""
    return Elementwise(cost=COSTS[name], elements=elements).work() or NO_WORK


def power(exponent: float, elements: int) -> Work:
    """Returns the work of a power: of multiplications where the exponent is a small whole number.

    >>> [power(exponent, 10).arithmetic for exponent in (1, 2, 3, 4, -1)]
    [0, 10, 20, 20, 10]
    """
    if exponent != int(exponent):
        return each("sqrt" if exponent == 0.5 else "power", elements)
    whole = abs(int(exponent))
    steps = max(whole.bit_length() + whole.bit_count() - 2, 0) + (exponent < 0)
    return Elementwise(cost=Cost(steps, registered=steps, hlo=steps), elements=elements).work() or NO_WORK


def reduction(values: int, outputs: int, *, average: bool = False, registered: bool = False) -> Work:
    """Returns the work of bringing so many values together to so many outputs."""
    count = values // outputs if outputs else 1
    return Reduction(count=max(count, 1), outputs=outputs, average=average, registered=registered).work() or NO_WORK


def softmax(groups: int, size: int, *, log: bool = False) -> Work:
    """Returns the work of a softmax, or of its logarithm, over so many groups of `size` values."""
    return Softmax(groups=groups, size=size, log=log).work() or NO_WORK


def contraction(inputs: int, outputs: int, bias: bool = False) -> Work:
    """Returns the work of so many outputs, each a sum of `inputs` products."""
    return Contraction(inputs=inputs, outputs=outputs, bias=int(bias)).work() or NO_WORK


def matrices(a: Sizes, result: Sizes) -> Work:
    """Returns the work of a product of (stacks of) matrices, of which `a` is the first, not transposed."""
    return contraction(a[-1], prod(result))


def einsum(equation: str, operands: Sequence[Sizes]) -> Work:
    """Returns the work of an einsum of one map or two.

    >>> einsum("ij,jk->ik", [(2, 3), (3, 4)]).macs, einsum("...ij,...jk->...ik", [(8, 2, 3), (1, 3, 4)]).macs
    (24, 192)
    """
    terms, _, result = equation.partition("->")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms.split(","), operands, strict=True):
        if "..." in term:
            letters = len(term) - 3
            hidden = [str(place) for place in range(len(shape) - letters)][::-1]
            before, _, behind = term.partition("...")
            letters_of = [*before, *hidden, *behind]
        else:
            letters_of = [*term]
        for letter, size in zip(letters_of, shape, strict=True):
            # What is broadcast has a size of 1 in one of the maps.
            sizes[letter] = max(size, sizes.get(letter, 1))
    kept = [size for letter, size in sizes.items() if letter in result or ("..." in result and letter.isdigit())]
    outputs = prod(kept)
    if len(operands) == 1:
        return reduction(prod(sizes.values()), outputs, registered=True)
    if len(operands) > 2:
        raise CannotMeasureError("an einsum of more than two maps has no single order of products")
    return contraction(prod(sizes.values()) // max(outputs, 1), outputs)


class Axis(NamedTuple):
    """A convolution on one spatial axis.

    Attributes:
        size: positions of the input.
        positions: positions of the output.
        kernel: taps.
        stride: input positions from one output to the next.
        dilation: input positions from one tap to the next.
        before: padding in front.
        holes: output positions from one input to the next, of a transposed one.
    """

    size: int
    positions: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    holes: int = 1


def convolution(
    samples: int, axes: Sequence[Axis], inputs: int, filters: int, *, bias: bool = False, transposed: bool = False
) -> Work:
    """Returns the work of a convolution, plain, grouped or dilated.

    Args:
        samples: samples in the batch.
        axes: the spatial axes.
        inputs: input channels that one filter reads.
        filters: output channels.
        bias: whether a bias is added to each output.
        transposed: whether it is counted from the input: each value times the kernel, those that are cropped included.
    """
    channels, positions = inputs * filters, prod(axis.positions for axis in axes)
    taps, area = prod(_inside(axis) for axis in axes), prod(axis.kernel for axis in axes)
    if transposed:
        macs = prod(axis.size for axis in axes) * area * channels
        outputs = prod(_touched(axis) for axis in axes) * filters
    else:
        macs, outputs = positions * area * channels, positions * filters
    biases = positions * filters if bias else 0
    return Work(macs=macs, inside=taps * channels, outputs=outputs, biases=biases).times(samples)


def _inside(axis: Axis) -> int:
    if axis.holes == 1:
        return taps_inside(axis.size, axis.positions, axis.kernel, axis.stride, axis.dilation, axis.before)
    # The products that stay are those of the convolution that goes the other way, its taps in reverse order.
    before = (axis.kernel - 1) * axis.dilation - axis.before
    return taps_inside(axis.positions, axis.size, axis.kernel, axis.holes, axis.dilation, before)


def _touched(axis: Axis) -> int:
    starts = range(0, axis.size * axis.holes, axis.holes)
    return len({start + tap * axis.dilation for start in starts for tap in range(axis.kernel)})
