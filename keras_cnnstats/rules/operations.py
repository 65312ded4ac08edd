"""Rules of the functions of `keras.ops`: what stands between layers, such as `x + y`."""

from keras import config, ops

from keras_cnnstats.capture import Constant
from keras_cnnstats.graph import Call, FeatureMap
from keras_cnnstats.primitives import (
    MAXIMUM,
    MEAN,
    SUM,
    AdaptivePooling,
    Convolution,
    Gather,
    Join,
    Kept,
    Map,
    Pooling,
    Primitive,
    Rearrangement,
    Reduction,
    Regroup,
    Route,
    Shuffle,
    Stretch,
    TransposedConvolution,
    Window,
    axes_of,
    more,
    moved,
    swapped,
)
from keras_cnnstats.rules.registry import RuleGapError, rule
from keras_cnnstats.rules.windows import sliding, transposed

# Values that only move.


@rule(Constant)
def made_beforehand(call: Call) -> list[Primitive]:
    """What depends on weights and sizes alone is the same for each sample, and worked out once."""
    return [Kept(weights=call.held)]


@rule(ops.cast, ops.copy)
def unchanged(call: Call) -> list[Primitive]:
    """The values stay where they are."""
    return [Rearrangement()]


@rule(ops.stop_gradient)
def stopped(call: Call) -> list[Primitive]:
    """The values stay where they are, and no gradient comes back."""
    return [Rearrangement(follows=False)]


@rule(ops.reshape, ops.ravel, ops.expand_dims, ops.squeeze)
def reshape(call: Call) -> list[Primitive]:
    """The values keep their order and are cut into axes anew."""
    return [Rearrangement(Regroup())]


@rule(ops.transpose)
def transpose(call: Call) -> list[Primitive]:
    """The axes in another order: backwards where none is given."""
    return [Rearrangement(Route(tuple(call.layer.axes or reversed(range(len(call.specs[0].shape))))))]


@rule(ops.concatenate)
def concatenate(call: Call) -> list[Primitive]:
    """The maps, one behind the other."""
    return [Rearrangement(Join(call.layer.axis))]


@rule(ops.depth_to_space)
def depth_to_space(call: Call) -> list[Primitive]:
    """Blocks of channels become positions: `block_size` times as many rows and columns."""
    return [Rearrangement(Stretch(call.layer.block_size, grow=True))]


@rule(ops.space_to_depth)
def space_to_depth(call: Call) -> list[Primitive]:
    """Blocks of positions become channels."""
    return [Rearrangement(Stretch(call.layer.block_size, grow=False))]


@rule(ops.swapaxes, ops.moveaxis)
def exchange(call: Call) -> list[Primitive]:
    """Axes change their places."""
    layer, rank = call.layer, len(call.specs[0].shape)
    if call.target is ops.swapaxes:
        return [Rearrangement(Route(swapped(rank, layer.axis1, layer.axis2)))]
    return [Rearrangement(Route(moved(rank, layer.source, layer.destination)))]


@rule(ops.full_like, ops.ones_like, ops.zeros_like)
def made(call: Call) -> list[Primitive]:
    """Values are made of nothing."""
    return [Rearrangement(follows=False)]


@rule(ops.broadcast_to)
def broadcast(call: Call) -> list[Primitive]:
    """Values are repeated to fill a larger map; what comes back from each is added up."""
    return [Rearrangement(added=more(call.output.elements, call.input.elements))]


@rule(ops.split, ops.roll, ops.flip)
def along_axes(call: Call) -> list[Primitive]:
    """Values are cut along one axis, or turned along one or several."""
    return [Rearrangement(Shuffle(axes_of(call.layer.axis, len(call.input.shape))))]


@rule(ops.repeat)
def repeat(call: Call) -> list[Primitive]:
    """Values are repeated along one axis."""
    axis = call.layer.axis
    moves = Shuffle(None if axis is None else (axis,))
    return [Rearrangement(moves, added=more(call.output.elements, call.input.elements))]


@rule(ops.take, ops.take_along_axis)
def taken(call: Call) -> list[Primitive]:
    """Values are taken by their index along one axis, and what comes back is added where they were."""
    axis = call.layer.axis
    return [Rearrangement(Shuffle(None if axis is None else (axis,)), added=call.output.elements)]


@rule(ops.triu, ops.tril)
def triangle(call: Call) -> list[Primitive]:
    """The values above, or below, a diagonal are kept, the others become 0."""
    return [Rearrangement()]


@rule(ops.tile)
def tile(call: Call) -> list[Primitive]:
    """A map is repeated side by side."""
    return [Rearrangement(Shuffle(None), added=more(call.output.elements, call.input.elements))]


@rule(ops.where, ops.logical_and, ops.logical_or, ops.logical_not, ops.one_hot)
def chosen(call: Call) -> list[Primitive]:
    """One value or the other, without arithmetic."""
    return [Rearrangement()]


# Windows, with the kernel as a second map.


def _maps(call: Call) -> tuple[FeatureMap, FeatureMap]:
    channels_first = (call.layer.data_format or config.image_data_format()) == "channels_first"
    return FeatureMap(call.specs[0].shape, channels_first), FeatureMap(call.results[0].shape, channels_first)


def _kernel(call: Call) -> tuple[int, ...]:
    return tuple(call.argument(1, "kernel").shape)


@rule(ops.conv)
def conv(call: Call) -> list[Primitive]:
    """A convolution whose kernel is an argument, of shape (*window, channels of a group, output channels)."""
    (x, y), layer, kernel = _maps(call), call.layer, _kernel(call)
    windows = sliding(x, y, kernel[:-2], layer.strides, layer.padding, layer.dilation_rate)
    return [Convolution.of_kernel(windows, x.channels, kernel, call.maps[:2])]


@rule(ops.depthwise_conv)
def depthwise_conv(call: Call) -> list[Primitive]:
    """A depthwise convolution whose kernel is an argument, of shape (*window, channels, multiplier)."""
    (x, y), layer, kernel = _maps(call), call.layer, _kernel(call)
    windows = sliding(x, y, kernel[:-2], layer.strides, layer.padding, layer.dilation_rate)
    return [Convolution.depthwise(windows, x.channels, kernel[-1], weights=False, maps=call.maps[:2])]


@rule(ops.separable_conv)
def separable_conv(call: Call) -> list[Primitive]:
    """A depthwise convolution, then a 1x1 convolution; both kernels are arguments."""
    (x, y), layer, kernel = _maps(call), call.layer, tuple(call.args[1].shape)
    windows = sliding(x, y, kernel[:-2], layer.strides, layer.padding, layer.dilation_rate)
    pointwise = tuple(Window(kernel=1, size=size, positions=size) for size in y.spatial)
    fed, first, second = call.maps[:3]
    depthwise = Convolution.depthwise(windows, x.channels, kernel[-1], weights=False, maps=(fed, first))
    mixed = Convolution.of_kernel(pointwise, depthwise.c_out, tuple(call.args[2].shape), (Map(None, -1), second))
    return [depthwise, mixed]


@rule(ops.conv_transpose)
def conv_transpose(call: Call) -> list[Primitive]:
    """A transposed convolution whose kernel is an argument, of shape (*window, output channels, input channels)."""
    (x, y), layer, kernel = _maps(call), call.layer, _kernel(call)
    windows = transposed(x, y, kernel[:-2], layer.strides, layer.padding, layer.output_padding, layer.dilation_rate)
    return [
        TransposedConvolution(windows=windows, c_in=x.channels, c_out=y.channels, weights=False, maps=call.maps[:2])
    ]


@rule(ops.max_pool, ops.average_pool)
def pool(call: Call) -> list[Primitive]:
    """The largest value, or the mean, of each window."""
    (x, y), layer = _maps(call), call.layer
    windows = sliding(x, y, layer.pool_size, layer.strides or layer.pool_size, layer.padding)
    return [Pooling(windows=windows, channels=x.channels_if_known, average=call.target is ops.average_pool)]


@rule(ops.adaptive_max_pool, ops.adaptive_average_pool)
def adaptive_pool(call: Call) -> list[Primitive]:
    """The largest value, or the mean, of each of a given number of cells."""
    x, y = _maps(call)
    if len(x.shape) != len(y.shape):
        # Keras 3.15 forgets to take the rows off where the channels stand last.
        raise RuleGapError(f"Keras infers the shape {y.shape} for it, which is not that of a pooled map; use the layer")
    average = call.target is ops.adaptive_average_pool
    return [AdaptivePooling(sizes=x.spatial, positions=y.spatial, channels=x.channels_if_known, average=average)]


# Many values become one.


@rule(ops.sum, ops.mean, ops.max, ops.min, ops.amax, ops.amin)
def reduce(call: Call) -> list[Primitive]:
    """A sum, mean, maximum or minimum over some axes."""
    layer, x = call.layer, call.input
    axes = axes_of(layer.axis, len(x.shape))
    return [
        Reduction(
            count=x.sizes(axes),
            outputs=call.output.elements,
            average=call.target is ops.mean,
            over=Gather(axes, "kept" if layer.keepdims else "dropped"),
            registered=call.target in (ops.mean, ops.sum),
            slopes={ops.mean: MEAN, ops.sum: SUM}.get(call.target, MAXIMUM),
        )
    ]
