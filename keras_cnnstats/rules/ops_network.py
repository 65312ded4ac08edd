"""Rules of the rest of `keras.ops.nn` and `keras.ops.image`: losses, normalizations, resizing, filters."""

from typing import Any

from keras import ops

from keras_cnnstats.graph import Call, FeatureMap
from keras_cnnstats.primitives import (
    FREE,
    ONE,
    SUM,
    Contraction,
    Convolution,
    Cost,
    Elementwise,
    Gather,
    GivenNormalization,
    Map,
    Primitive,
    Rearrangement,
    Reduction,
    Regroup,
    Size,
    Slope,
    Statistics,
    axes_of,
    other_axes,
    reading,
)
from keras_cnnstats.rules.activations import softmax
from keras_cnnstats.rules.normalization import normalized
from keras_cnnstats.rules.ops_reductions import NORMS, POWER_NORM, reduced
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding

_ONE = Cost(1, registered=1, hlo=1)

# Losses


# The gradients: towards `t`, then g * (t / p - (1 - t) / (1 - p)) towards `p`, or g * (sigmoid(x) - t) towards logits.
_BINARY = Cost(5, 2, registered=10, hlo=8, slopes=(Slope(2, hlo=5), Slope(4, hlo=19)))
_BINARY_OF_LOGITS = Cost(6, 2, registered=5, hlo=22, slopes=(Slope(2, hlo=6), Slope(4, hlo=21)))


@rule(ops.binary_crossentropy)
def binary_crossentropy(call: Call) -> list[Primitive]:
    """`t * log(p) + (1 - t) * log(1 - p)`; of logits `max(x, 0) - x * t + log(1 + exp(-abs(x)))`."""
    cost = _BINARY_OF_LOGITS if call.layer.from_logits else _BINARY
    return [Elementwise(cost=cost, elements=call.output.elements, maps=call.maps)]


# Other counters see that Keras divides the shares by their sum first, keeps them from 0 and 1, and changes the sign.
_LOGARITHM = Cost(0, 1, registered=5, hlo=4, slopes=(Slope(1, hlo=18),))  # g / p
_SHARED, _SIGN = Cost(0, slopes=(Slope(0, hlo=3),)), Cost(0, hlo=1, slopes=(Slope(0, hlo=1),))


@rule(ops.categorical_crossentropy)
def categorical_crossentropy(call: Call) -> list[Primitive]:
    """The sum over the classes of `t * log(p)`; of logits, `log(p)` is their log-softmax."""
    axis, logits, (targets, shares) = call.layer.axis, call.layer.from_logits, call.maps
    y = FeatureMap(call.args[1].shape)
    axes, outputs = axes_of(axis, len(y.shape)), call.output.elements
    logarithms: list[Primitive] = (
        softmax(y, axis, log=True) if logits else [Elementwise(cost=_LOGARITHM, elements=y.elements)]
    )
    return [
        *reading(logarithms, (shares,)),
        Elementwise(
            # Of logits, TensorFlow does all of it in one operation that has no figure.
            cost=_ONE._replace(registered=int(not logits)).sloped("multiply"),
            elements=y.elements,
            maps=(targets, Map(y.elements, -1)),
        ),
        Reduction(count=y.sizes(axes), outputs=outputs, over=Gather(axes), registered=not logits, slopes=SUM),
        Elementwise(cost=_SIGN if logits else _SHARED, elements=outputs),
    ]


# Other counters see that Keras makes a row of zeros with a one of each class, and does the same as above with it.
_SEEN, _NAMED = (
    Cost(0, registered=3, hlo=8, slopes=(Slope(0, hlo=19),)),
    Cost(0, 1, hlo=-1, slopes=(Slope(1, hlo=3),)),
)  # g / p
# exp(x - m); the gradient exp(x - m) / sum * g, less g for the one that is named
_POWERS, _LOGIT = Cost(1, 1, hlo=6, slopes=(Slope(2, hlo=5),)), Cost(2, 1, hlo=1, slopes=(Slope(1, hlo=1),))


@rule(ops.sparse_categorical_crossentropy)
def sparse_categorical_crossentropy(call: Call) -> list[Primitive]:
    """`log(p)` of the class that is named; of logits `log(sum(exp(x)))` less the one that is named."""
    outputs, (_, shares), classes = call.output.elements, call.maps, call.args[1].shape[call.layer.axis]
    if not call.layer.from_logits:
        seen = Elementwise(cost=_SEEN, elements=shares.elements)
        return [*reading([seen], (shares,)), Elementwise(cost=_NAMED, elements=outputs)]
    # The largest is found and taken off first, as in a softmax.
    run = Reduction(count=classes, outputs=outputs, over=Statistics(()), slopes=SUM)
    powers, named = Elementwise(cost=_POWERS, elements=shares.elements), Elementwise(cost=_LOGIT, elements=outputs)
    return [*reading([run], (shares,)), powers, run, named]


# Normalizations


def _given(call: Call, place: int, name: str) -> Map:
    """An argument as a map; a constant where it is not given."""
    return next(iter(call._replace(args=(call.argument(place, name),), kwargs={}).maps), Map(0, None))


def _learned(call: Call, place: int, name: str, registered: int) -> list[Primitive]:
    """A product with a scale, or a sum with a shift, where one is given."""
    if call.argument(place, name) is None:
        return []
    return [
        Elementwise(
            cost=_ONE._replace(registered=registered).sloped("add" if name == "beta" else "multiply"),
            elements=call.output.elements,
            name="normalization",
            maps=(Map(call.output.elements, -1), _given(call, place, name)),
        )
    ]


@rule(ops.batch_normalization)
def batch_normalization(call: Call) -> list[Primitive]:
    """`x * a + b`, with `a` and `b` folded from the statistics, scale and shift of each channel."""
    names = ("x", "mean", "variance", "offset", "scale")
    maps = tuple(_given(call, place, name) for place, name in enumerate(names))
    normalization = GivenNormalization(
        elements=call.output.elements,
        channels=call.input.shape[call.layer.axis] or 0,
        scaled=call.argument(4, "scale") is not None,
        shifted=call.argument(3, "offset") is not None,
        maps=maps,
    )
    return [normalization, *normalization.beside]


_UNREGISTERED = Cost(0, registered=-1, slopes=FREE)


def _groups(x: FeatureMap, axis: Any) -> Size:
    """How many groups of values that are normalized together there are."""
    return x.sizes(other_axes(axes_of(axis, len(x.shape)), len(x.shape)))


@rule(ops.layer_normalization)
def layer_normalization(call: Call) -> list[Primitive]:
    """Mean off, divided by the deviation; scaled and shifted where scale and shift are given."""
    method = "deviation" if call.layer.rms_scaling else "layer"
    x, axis = call.input, call.layer.axis
    # With a scale, the mean is multiplied value by value, and no more group by group.
    unregistered = Elementwise(cost=_UNREGISTERED, elements=_groups(x, axis))
    return [
        *normalized(x, axis, method),
        *_learned(call, 1, "gamma", 2),
        *_learned(call, 2, "beta", 1),
        *([] if call.argument(1, "gamma") is None else [unregistered]),
    ]


@rule(ops.rms_normalization)
def rms_normalization(call: Call) -> list[Primitive]:
    """Divided by the root of the mean square; scaled where a scale is given."""
    # What TensorFlow registers for the scale stands with the rest, since the layer always has one.
    bare = Elementwise(cost=_UNREGISTERED, elements=call.output.elements)
    scale = _learned(call, 1, "scale", 0)
    return [*normalized(call.input, call.layer.axis, "rms"), *(scale or [bare])]


_KEPT_FROM_ZERO = _ONE._replace(slopes=(Slope(1, hlo=9),))  # g where the length was larger
_DIVIDED = _ONE._replace(slopes=(ONE, Slope(3, hlo=2)))  # g / length, -g * y / length


@rule(ops.normalize)
def normalize(call: Call) -> list[Primitive]:
    """`x / max(norm(x), epsilon)`."""
    layer = call.layer
    if layer.order == 2:
        return normalized(call.input, layer.axis, "unit")
    groups = _groups(call.input, layer.axis)
    length = reduced(call, NORMS.get(layer.order, POWER_NORM), layer.axis, in_place=True)
    maps = call.maps[0], Map(groups, -1)
    return [
        *length,
        Elementwise(cost=_KEPT_FROM_ZERO, elements=groups, name="normalization"),
        Elementwise(cost=_DIVIDED, elements=call.output.elements, name="normalization", maps=maps),
    ]


# Images


@rule(ops.image.rgb_to_grayscale)
def rgb_to_grayscale(call: Call) -> list[Primitive]:
    """`0.2989 * red + 0.5870 * green + 0.1140 * blue`."""
    channel = 1 if call.channels_first else -1
    weighted = Contraction(
        inputs=3, outputs=1, positions=call.output.elements, weights=False, looks=Gather((channel,), "kept"),
        maps=(call.maps[0], Map(3, None)),
    )  # fmt: skip
    return [weighted]


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
