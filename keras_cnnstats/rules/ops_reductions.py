"""Rules of the remaining functions that make one value of many, or run along an axis."""

from math import inf
from typing import Any, NamedTuple

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    FREE,
    MEAN,
    ONE,
    PRODUCT,
    STOPS,
    SUM,
    Cost,
    Elementwise,
    Gather,
    Mix,
    Primitive,
    Rearrangement,
    Reduction,
    Shuffle,
    Size,
    Slope,
    Statistics,
    Trapezoids,
    axes_of,
    diagonal,
    differences,
    other_axes,
    product,
)
from keras_cnnstats.rules.registry import RuleGapError, rule


class Recipe(NamedTuple):
    """How a reduction is defined.

    Attributes:
        each: what is done with each value first.
        runs: how often the values are added up, multiplied up or compared through, `K - 1` steps for `K` values.
        last: what is done with each result at the end.
        registered: whether TensorFlow's profiler has a statistic for the runs.
        slopes: what the gradient costs for each value, and for each result; `None` where nobody has written it out,
            nothing where none passes.

    Where Keras does more than the definition says, what TensorFlow registers for it stands with the costs.
    """

    each: Cost = Cost(0)
    runs: int = 1
    last: Cost = Cost(0)
    registered: bool = False
    slopes: tuple[Slope, ...] | None = None


_ONE, _TWO = Cost(1, registered=1, hlo=1), Cost(2, registered=2, hlo=2)
_IS_NAN = Cost(1, hlo=1)  # x != x
# sqrt(sum(x * x)); the gradient x * (g / y)
_LENGTH = Recipe(_ONE, 1, Cost(0, 1), registered=True, slopes=(Slope(1, hlo=3), Slope(1, hlo=2)))
# TensorFlow also looks for values that are no number
_PLACE = Recipe(Cost(0, registered=2), registered=True, slopes=STOPS)
# The mean, the distances from it, their squares, the mean of those; the gradient (x - m) * (g * 2 / n)
_VARIANCE = Recipe(_TWO, 2, _TWO, registered=True, slopes=(Slope(1, hlo=5), Slope(1, hlo=3)))

RECIPES: dict[Any, Recipe] = {
    ops.all: Recipe(Cost(1, hlo=1), 0),  # x != 0 for each; joining truth values is no arithmetic
    ops.any: Recipe(Cost(1, hlo=1), 0),
    ops.argmax: _PLACE,
    ops.argmin: _PLACE,
    ops.count_nonzero: Recipe(_ONE, registered=True),  # x != 0, then the sum
    # m + log(sum(exp(x - m))) with m = max(x)
    ops.logsumexp: Recipe(
        Cost(1, 1, hlo=1),
        2,
        Cost(1, 1, registered=3, hlo=1),
        registered=True,
        slopes=(Slope(1, hlo=1), Slope(1, hlo=10)),  # exp(x - m), which was kept, times g / sum
    ),
    ops.moments: _VARIANCE._replace(slopes=(Slope(2, hlo=6), Slope(2, hlo=4))),  # that of the mean is added
    ops.nanargmax: _PLACE._replace(each=Cost(1, registered=2, hlo=1)),
    ops.nanargmin: _PLACE._replace(each=Cost(1, registered=2, hlo=1)),
    ops.nanmax: Recipe(_IS_NAN, slopes=(Slope(1, hlo=8), Slope(0, hlo=1))),
    # The sum, divided by how many there are
    ops.nanmean: Recipe(_IS_NAN, 2, _ONE, registered=True, slopes=(Slope(0, hlo=6), ONE)),
    ops.nanmin: Recipe(_IS_NAN, slopes=(Slope(1, hlo=8), Slope(0, hlo=1))),
    ops.nanprod: Recipe(_IS_NAN, slopes=(Slope(1, hlo=6), Slope(1, hlo=-4))),
    # As the variance; x != x, and how many there are
    ops.nanstd: Recipe(
        Cost(3, registered=3, hlo=3),
        3,
        Cost(2, 1, registered=1, hlo=2),
        registered=True,
        slopes=(Slope(1, hlo=18), Slope(2, hlo=8)),  # (x - m) * (g / (n * y))
    ),
    ops.nansum: Recipe(_IS_NAN, registered=True, slopes=(Slope(0, hlo=2), Slope(0))),
    ops.nanvar: Recipe(
        Cost(3, registered=3, hlo=3),
        3,
        Cost(2, registered=1, hlo=2),
        registered=True,
        slopes=(Slope(1, hlo=18), Slope(2, hlo=5)),  # (x - m) * (g * 2 / n), where n has to be counted
    ),
    ops.prod: Recipe(slopes=PRODUCT),
    # max(x) - min(x); the gradient g where x == max, less g where x == min
    ops.ptp: Recipe(runs=2, last=_ONE, slopes=(Slope(3, hlo=9), Slope(0, hlo=1))),
    ops.std: Recipe(
        _TWO,
        2,
        Cost(2, 1, registered=2, hlo=2),
        registered=True,
        slopes=(Slope(1, hlo=5), Slope(2, hlo=5)),  # (x - m) * (g / (n * y))
    ),
    ops.var: _VARIANCE,
}

_PLACES = frozenset({ops.argmax, ops.argmin, ops.nanargmax, ops.nanargmin})

NORMS: dict[Any, Recipe] = {
    None: _LENGTH,
    "fro": _LENGTH,
    2: _LENGTH,
    # sum(abs(x)); the gradient g if x > 0 else -g
    1: Recipe(_ONE, last=Cost(0, registered=1), registered=True, slopes=(Slope(2, hlo=5), Slope(0))),
    # max(abs(x)); the same where abs(x) == y
    inf: Recipe(Cost(1, hlo=1), slopes=(Slope(3, hlo=9), Slope(0, hlo=7))),
    -inf: Recipe(Cost(1, hlo=1), slopes=(Slope(3, hlo=9), Slope(0, hlo=7))),
    0: Recipe(_ONE, registered=True, slopes=STOPS),  # sum(x != 0)
}
"""By the order of the norm; of any other order `p` it is `sum(abs(x) ** p) ** (1 / p)`."""

POWER_NORM = Recipe(
    Cost(1, 1, registered=1, hlo=1),
    1,
    Cost(0, 1, registered=1),
    registered=True,
    slopes=(Slope(2, 1, hlo=7), Slope(1, 1, hlo=2)),  # x * abs(x) ** (p - 2) * (g * y ** (1 - p))
)


def reduced(call: Call, recipe: Recipe, axis: Any, keepdims: bool = False, in_place: bool = False) -> list[Primitive]:
    """The primitives of a reduction over some axes (`None`: over all but the batch).

    Args:
        call: the call, of which the first input is reduced.
        recipe: what is done.
        axis: the axes.
        keepdims: whether the axes stay, with size 1.
        in_place: whether all values stay, to be changed by what they are reduced to.
    """
    x, rank = call.input, len(call.input.shape)
    axes = axes_of(axis, rank)
    # Where the first axis goes, the next one takes its place as that of the samples.
    count, outputs = x.sizes(axes), x.sizes(other_axes(axes, rank)) if in_place else call.output.elements
    # The gradient of the whole stands with one of its parts.
    flat = STOPS if recipe.slopes == STOPS else SUM
    inner = Reduction(count=count, outputs=outputs, over=Statistics(axes), registered=recipe.registered, slopes=flat)
    over = Statistics(axes) if in_place else Gather(axes, "kept" if keepdims else "dropped")
    outer = (
        Reduction(count=count, outputs=outputs, over=over, registered=recipe.registered, slopes=recipe.slopes)
        if recipe.runs
        else Rearrangement(over)
    )
    each = Elementwise(cost=recipe.each._replace(slopes=FREE), elements=product((count, outputs)))
    last = Elementwise(cost=recipe.last._replace(slopes=FREE), elements=outputs)
    return [each, *([inner] * recipe.runs)[1:], outer, last]


@rule(*RECIPES)
def reduction(call: Call) -> list[Primitive]:
    """Many values become one."""
    axis = call.layer.axes if call.target is ops.moments else call.layer.axis
    recipe = RECIPES[call.target]
    if call.target in (ops.all, ops.any) and call.specs[0].dtype == "bool":
        recipe = recipe._replace(each=Cost(0))  # a truth value is not compared with 0
    if call.target in _PLACES and "float" not in call.specs[0].dtype:
        recipe = _PLACE._replace(each=Cost(0))  # whole numbers are numbers
    return reduced(call, recipe, axis, getattr(call.layer, "keepdims", False))


@rule(ops.average)
def average(call: Call) -> list[Primitive]:
    """The mean over an axis."""
    if len(call.args) > 1 or call.kwargs.get("weights") is not None:
        raise RuleGapError("whether the weights are added up once or for each line depends on their shape")
    return reduced(call, Recipe(last=_ONE, registered=True, slopes=MEAN), call.layer.axis)


@rule(ops.norm)
def norm(call: Call) -> list[Primitive]:
    """The length of vectors, or of matrices with their values in one line."""
    layer = call.layer
    order = layer.ord
    if order is not None and (layer.axis is None or len(layer.axis) != 1) and order != "fro":
        raise RuleGapError(f"the norm of order {order} of a matrix has no single way to be computed")
    return reduced(call, NORMS.get(order, POWER_NORM), layer.axis, layer.keepdims)


@rule(ops.allclose)
def allclose(call: Call) -> list[Primitive]:
    """`abs(a - b) <= atol + rtol * abs(b)` for all values."""
    return reduced(call, Recipe(Cost(6, registered=5, hlo=6), 0, slopes=STOPS), None)


_DECIBELS = Cost(3, 1, registered=5, hlo=4, slopes=(Slope(2, hlo=4),))  # g * (-10 / log(10)) / m


@rule(ops.psnr)
def psnr(call: Call) -> list[Primitive]:
    """`c - 10 * log10(mean((a - b) ** 2))`, with a constant of the highest value."""
    n, rank = call.input.elements, len(call.input.shape)
    return [
        Elementwise(cost=_ONE.sloped("subtract"), elements=n, maps=call.maps),
        Elementwise(cost=_ONE.sloped("square"), elements=n),
        Reduction(count=n, outputs=1, over=Gather(axes_of(None, rank)), registered=True, slopes=MEAN),
        Elementwise(cost=_DECIBELS, elements=1),
    ]


# Along an axis.


def _line(call: Call, axis: int) -> tuple[int, Size, Size]:
    """An axis, its size, and how many lines run along it."""
    x, rank = call.input, len(call.input.shape)
    (place,) = axes_of(axis, rank)
    return place, x.shape[place], x.sizes(other_axes((place,), rank))


# The gradients are added up in the same way, from the end; of products g * y is, and each sum divided by its x.
_CUMULATED = (Slope(1, hlo=1), Slope(-1, hlo=-1))
_MULTIPLIED_UP = (Slope(3, hlo=3), Slope(-1, hlo=-1))


@rule(ops.cumsum, ops.cumprod, ops.nancumsum, ops.nancumprod)
def cumulated(call: Call) -> list[Primitive]:
    """Each value is joined with all before it along an axis."""
    if call.layer.axis is None:
        raise RuleGapError("it runs through all samples of the batch, one behind the other")
    axis, count, lines = _line(call, call.layer.axis)
    if axis == 0:
        raise RuleGapError("it runs through the samples of the batch")
    is_nan = Cost(1, registered=2, hlo=1) if call.target in (ops.nancumsum, ops.nancumprod) else Cost(0)
    slopes = _CUMULATED if call.target in (ops.cumsum, ops.nancumsum) else _MULTIPLIED_UP
    return [
        Elementwise(cost=is_nan._replace(slopes=FREE), elements=call.input.elements),
        Reduction(count=count, outputs=lines, over=Mix((axis,)), slopes=slopes),
    ]


@rule(ops.diff)
def diff(call: Call) -> list[Primitive]:
    """The differences of neighbours along an axis, `n` times over."""
    axis, size, lines = _line(call, call.layer.axis)
    if size is None or axis == 0:
        raise RuleGapError("it takes the differences of samples, or along an axis of unknown size")
    return differences(size, lines, call.layer.n, axis)


@rule(ops.trapezoid)
def trapezoid(call: Call) -> list[Primitive]:
    """The sum of `(y[i] + y[i + 1]) / 2 * dx` along an axis; with the places given, `dx` is their difference."""
    axis, size, lines = _line(call, call.layer.axis)
    if size is None or axis == 0:
        raise RuleGapError("it adds up samples, or along an axis of unknown size")
    return [Trapezoids(lines=lines, size=size, even=call.layer.x is None, axis=axis)]


@rule(ops.trace)
def trace(call: Call) -> list[Primitive]:
    """The sum of the diagonal that two axes span."""
    layer, x = call.layer, call.input
    axes = axes_of((layer.axis1, layer.axis2), len(x.shape))
    rows, columns = (x.shape[axis] for axis in axes)
    if 0 in axes or rows is None or columns is None:
        raise RuleGapError("its diagonal runs through the samples, or its length is unknown")
    count = diagonal(rows, columns, layer.offset)
    return [Reduction(count=count, outputs=call.output.elements, over=Shuffle(None), slopes=SUM)]
