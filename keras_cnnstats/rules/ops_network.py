"""Rules of the rest of `keras.ops.nn` and `keras.ops.image`: losses, normalizations, resizing, filters."""

from typing import Any

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    Convolution,
    Cost,
    Elementwise,
    Gather,
    Map,
    Normalization,
    Primitive,
    Rearrangement,
    Reduction,
    Regroup,
    Size,
    Softmax,
    Statistics,
)
from keras_cnnstats.rules.ops_reductions import NORMS, POWER_NORM, Recipe, reduced
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding

_ONE = Cost(1, registered=1, hlo=1)

# Losses


@rule(ops.binary_crossentropy)
def binary_crossentropy(call: Call) -> list[Primitive]:
    """`t * log(p) + (1 - t) * log(1 - p)`; of logits `max(x, 0) - x * t + log(1 + exp(-abs(x)))`."""
    cost = Cost(6, 2, registered=5, hlo=20) if call.layer.from_logits else Cost(5, 2, registered=10, hlo=7)
    return [Elementwise(cost=cost, elements=call.output.elements)]


@rule(ops.categorical_crossentropy)
def categorical_crossentropy(call: Call) -> list[Primitive]:
    """The sum over the classes of `t * log(p)`; of logits, `log(p)` is their log-softmax."""
    layer, x = call.layer, call.input
    product_and_sum = Recipe(Cost(1, hlo=1))
    if not layer.from_logits:
        return reduced(call, Recipe(Cost(1, 1, registered=6, hlo=1), registered=True), layer.axis)
    axis = layer.axis % len(x.shape)
    classes, groups = x.shape[axis], call.output.elements
    log_softmax = Softmax(
        groups=groups, size=classes, log=True, last=axis == len(x.shape) - 1, looks=Statistics((axis,))
    )
    return [log_softmax, *reduced(call, product_and_sum, layer.axis)]


@rule(ops.sparse_categorical_crossentropy)
def sparse_categorical_crossentropy(call: Call) -> list[Primitive]:
    """`log(p)` of the class that is named; of logits `log(sum(exp(x)))` less the one that is named."""
    layer = call.layer
    classes = call.specs[1].shape[layer.axis]
    outputs = call.output.elements
    if not layer.from_logits:
        return [Elementwise(cost=Cost(0, 1), elements=outputs)]
    # The largest is found and taken off first, as in a softmax.
    run = Reduction(count=classes, outputs=outputs, over=Statistics(()))
    each = Cost(classes or 0, classes or 0, hlo=classes or 0)
    return [run, Elementwise(cost=each, elements=outputs), run, Elementwise(cost=Cost(2, 1, hlo=2), elements=outputs)]


# Normalizations


def _argument(call: Call, place: int, name: str) -> Any:
    return call.args[place] if len(call.args) > place else call.kwargs.get(name)


def _learned(call: Call, place: int, name: str, registered: int) -> list[Primitive]:
    """A product with a scale, or a sum with a shift, where one is given."""
    if _argument(call, place, name) is None:
        return []
    given = call._replace(args=(_argument(call, place, name),), kwargs={}).maps
    return [
        Elementwise(
            cost=_ONE._replace(registered=registered).sloped("add" if name == "beta" else "multiply"),
            elements=call.output.elements,
            name="normalization",
            maps=(Map(call.output.elements, -1), *given),
        )
    ]


@rule(ops.batch_normalization)
def batch_normalization(call: Call) -> list[Primitive]:
    """`x * a + b`, with `a` and `b` folded from the statistics, scale and shift of each channel."""
    return [Elementwise(cost=Cost(2, registered=2, hlo=2), elements=call.output.elements, name="normalization")]


def _groups(call: Call, axis: Any) -> tuple[tuple[int, ...], Size]:
    """The axes that are normalized over, and how many groups of values extend over them."""
    rank = len(call.input.shape)
    axes = tuple(place % rank for place in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    return axes, call.input.sizes([place for place in range(1, rank) if place not in axes])


def _normalized(call: Call, axis: Any, method: str) -> list[Primitive]:
    axes, groups = _groups(call, axis)
    normalization = Normalization(groups=groups, size=call.input.sizes(axes), method=method, looks=Statistics(axes))
    return [normalization, *normalization.beside]


@rule(ops.layer_normalization)
def layer_normalization(call: Call) -> list[Primitive]:
    """Mean off, divided by the deviation; scaled and shifted where scale and shift are given."""
    method = "deviation" if call.layer.rms_scaling else "layer"
    return [*_normalized(call, call.layer.axis, method), *_learned(call, 1, "gamma", 2), *_learned(call, 2, "beta", 1)]


@rule(ops.rms_normalization)
def rms_normalization(call: Call) -> list[Primitive]:
    """Divided by the root of the mean square; scaled where a scale is given."""
    # What TensorFlow registers for the scale stands with the rest, since the layer always has one.
    return [*_normalized(call, call.layer.axis, "rms"), *_learned(call, 1, "scale", 0)]


@rule(ops.normalize)
def normalize(call: Call) -> list[Primitive]:
    """`x / max(norm(x), epsilon)`."""
    layer = call.layer
    if layer.order == 2:
        return _normalized(call, layer.axis, "unit")
    _, groups = _groups(call, layer.axis)
    length = reduced(call, NORMS.get(layer.order, POWER_NORM), layer.axis, in_place=True)
    kept_from_zero = Elementwise(cost=_ONE, elements=groups, name="normalization")
    divided = Elementwise(cost=_ONE, elements=call.output.elements, name="normalization")
    return [*length, kept_from_zero, divided]


# Images


@rule(ops.image.rgb_to_grayscale)
def rgb_to_grayscale(call: Call) -> list[Primitive]:
    """`0.2989 * red + 0.5870 * green + 0.1140 * blue`."""
    channel = 1 if call.channels_first else -1
    gray = Elementwise(cost=Cost(5, registered=6, hlo=6), elements=call.output.elements)
    return [Rearrangement(Gather((channel,), "kept")), gray]


@rule(ops.image.gaussian_blur)
def gaussian_blur(call: Call) -> list[Primitive]:
    """Each channel is convolved with the same bell."""
    x = call.input
    return [Convolution.depthwise(sliding(x, x, call.layer.kernel_size, 1, "same"), x.channels, 1, weights=False)]


@rule(ops.image.sobel_edges)
def sobel_edges(call: Call) -> list[Primitive]:
    """Each channel is convolved with two 3x3 kernels, for the slope along the rows and along the columns."""
    x = call.input
    edges = Convolution.depthwise(sliding(x, x, 3, 1, "same"), x.channels, 2, weights=False)
    return [edges, Rearrangement(Regroup())]
