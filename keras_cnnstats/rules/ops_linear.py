"""Rules of the remaining products of maps that have one definition; what factorizes or transforms is a gap."""

from typing import Any

from keras import ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.primitives import (
    Contraction,
    Cost,
    Elementwise,
    Gather,
    Primitive,
    Rearrangement,
    Shuffle,
    product,
)
from keras_cnnstats.rules.registry import RuleGapError, rule


@rule(ops.cross)
def cross(call: Call) -> list[Primitive]:
    """Each part of the vector product: two products and their difference."""
    cost = Cost(3, hlo=3)
    return [Elementwise(cost=cost, elements=call.output.elements), Rearrangement(Shuffle(None))]


@rule(ops.vdot)
def vdot(call: Call) -> list[Primitive]:
    """The sum of the products of all values."""
    return [Contraction(inputs=call.input.elements, outputs=1, weights=False, looks=Gather(None), maps=call.maps)]


@rule(ops.tensordot)
def tensordot(call: Call) -> list[Primitive]:
    """Sums of products over the last axes of one map and the first of the other, or over axes that are named."""
    if len(call.specs) > 1:
        raise RuleGapError("it pairs the values of each sample with those of all others: there is no cost per sample")
    summed = _summed(call.layer.axes, len(call.input.shape))
    if 0 in summed or not isinstance(call.args[0], TensorSpec):
        raise RuleGapError("it adds up samples: there is no cost per sample")
    outputs = call.output.elements
    looks = Shuffle(None)
    return [
        Contraction(
            inputs=call.input.sizes(summed),
            outputs=1,
            positions=outputs,
            weights=False,
            looks=looks,
            maps=call.maps[:2],
        ),
    ]


def _summed(axes: Any, rank: int) -> tuple[int, ...]:
    """The axes of the first map that are summed over."""
    if isinstance(axes, int):
        return tuple(range(rank - axes, rank))
    first = axes[0]
    return tuple(axis % rank for axis in (first if isinstance(first, (tuple, list)) else (first,)))


@rule(ops.cdist)
def cdist(call: Call) -> list[Primitive]:
    """The distance of each vector from each other one: `sqrt(sum((a - b) ** 2))`."""
    size = call.input.shape[-1]
    if len(call.input.shape) < 3 or size is None:
        raise RuleGapError("it pairs the samples of a batch, or vectors of an unknown size")
    distance = Cost(3 * size - 1, 1, registered=3 * size - 1, hlo=3 * size - 1)
    return [Elementwise(cost=distance, elements=call.output.elements), Rearrangement(Gather((-1,), "replaced"))]


@rule(ops.solve_triangular)
def solve_triangular(call: Call) -> list[Primitive]:
    """Substitution: of `n` unknowns, the `k`-th takes `k - 1` products, as many subtractions, and a division."""
    unknowns = call.input.shape[-1]
    if len(call.input.shape) < 3 or unknowns is None:
        raise RuleGapError("its first axis is that of the equations and not of the samples, or their number is unknown")
    # 1 + 3 + 5 + ... = n * n for each column.
    cost = Cost(unknowns, hlo=unknowns)
    return [Elementwise(cost=cost, elements=call.output.elements), Rearrangement(Shuffle(None))]


@rule(ops.linspace, ops.logspace, ops.geomspace)
def spaced(call: Call) -> list[Primitive]:
    """`start + i * step`; with powers of a base on top; or `start * ratio ** i`. The step is found first."""
    if call.layer.axis == 0:
        raise RuleGapError("its new axis stands before that of the samples, which cannot be told apart any more")
    steps, lines = call.layer.num, call.input.elements
    powers = Cost(2, hlo=2) if call.target is ops.linspace else Cost(2, 1, hlo=2)
    if call.target is ops.geomspace:
        powers = Cost(1, 1, hlo=1)
    first = Cost(1, 1, hlo=1) if call.target is ops.geomspace else Cost(2, hlo=2)
    return [
        Elementwise(cost=first, elements=lines),
        Elementwise(cost=powers, elements=product((lines, steps))),
        Rearrangement(Shuffle(None)),
    ]
