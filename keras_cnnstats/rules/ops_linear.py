"""Rules of the remaining products of maps that have one definition; what factorizes or transforms is a gap."""

from typing import Any

from keras import ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.primitives import (
    Contraction,
    Cost,
    Distances,
    Elementwise,
    Gather,
    Map,
    Primitive,
    Rearrangement,
    Shuffle,
    Slope,
    Substitution,
    axes_of,
    more,
    product,
)
from keras_cnnstats.rules.registry import RuleGapError, rule

_CROSSED = Cost(3, hlo=3, slopes=(Slope(3, hlo=6), Slope(3, hlo=5)))  # b x g, g x a


@rule(ops.cross)
def cross(call: Call) -> list[Primitive]:
    """Each part of the vector product: two products and their difference."""
    return [Elementwise(cost=_CROSSED, elements=call.output.elements, maps=call.maps), Rearrangement(Shuffle(None))]


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
    return tuple(range(rank))[more(rank, axes) :] if isinstance(axes, int) else axes_of(axes[0], rank)


@rule(ops.cdist)
def cdist(call: Call) -> list[Primitive]:
    """The distance of each vector from each other one: `sqrt(sum((a - b) ** 2))`."""
    size = call.input.shape[-1]
    if len(call.input.shape) < 3 or size is None:
        raise RuleGapError("it pairs the samples of a batch, or vectors of an unknown size")
    return [Distances(pairs=call.output.elements, size=size, maps=call.maps)]


@rule(ops.solve_triangular)
def solve_triangular(call: Call) -> list[Primitive]:
    """Substitution: of `n` unknowns, the `k`-th takes `k - 1` products, as many subtractions, and a division."""
    unknowns = call.input.shape[-1]
    if len(call.input.shape) < 3 or unknowns is None:
        raise RuleGapError("its first axis is that of the equations and not of the samples, or their number is unknown")
    return [Substitution(unknowns=unknowns, solutions=call.output.elements, maps=call.maps)]


_ONE, _POWER = Cost(1, hlo=1), Cost(0, 1, registered=1, slopes=(Slope(2, hlo=2),))  # g * y * log(base)
_STEPS = _ONE.sloped("subtract"), _ONE.sloped("deg2rad"), _ONE.sloped("multiply"), _ONE.sloped("add")
_RATIOS = _ONE.sloped("divide"), Cost(0, 1).sloped("power"), Cost(0, 1).sloped("power"), _ONE.sloped("multiply")
_SPACED = {ops.linspace: _STEPS, ops.logspace: _STEPS, ops.geomspace: _RATIOS}
"""How the ends are set off against each other, the step found, taken so many times, and joined with the start."""


@rule(ops.linspace, ops.logspace, ops.geomspace)
def spaced(call: Call) -> list[Primitive]:
    """`start + i * step`; with powers of a base on top; or `start * ratio ** i`. The step is found first."""
    if call.layer.axis == 0:
        raise RuleGapError("its new axis stands before that of the samples, which cannot be told apart any more")
    steps, lines = call.layer.num, call.input.elements
    values, (start, stop) = product((lines, steps)), call.maps
    apart, parted, moved, joined = _SPACED[call.target]
    powers = [Elementwise(cost=_POWER, elements=values)] if call.target is ops.logspace else []
    return [
        Elementwise(cost=apart, elements=lines, maps=(stop, start)),
        Elementwise(cost=parted, elements=lines),
        Elementwise(cost=moved, elements=values, maps=(Map(lines, -1), Map(steps, None))),
        Elementwise(cost=joined, elements=values, maps=(start, Map(values, -1))),
        *powers,
        Rearrangement(Shuffle(None)),
    ]
