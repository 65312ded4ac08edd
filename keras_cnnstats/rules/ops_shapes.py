"""Rules of the remaining functions that move, repeat or cut values: they cost nothing."""

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import FREE, Elementwise, Join, Primitive, Rearrangement, Shuffle, Slide
from keras_cnnstats.primitives.elementwise import Cost
from keras_cnnstats.rules.registry import RuleGapError, rule
from keras_cnnstats.rules.windows import sliding


@rule(
    ops.append,
    ops.diag,
    ops.diagflat,
    ops.diagonal,
    ops.dsplit,
    ops.dstack,
    ops.extract_sequences,
    ops.fliplr,
    ops.flipud,
    ops.hsplit,
    ops.meshgrid,
    ops.rearrange,
    ops.rot90,
    ops.slice_update,
    ops.unfold,
    ops.vsplit,
    ops.vstack,
)
def picked(call: Call) -> list[Primitive]:
    """Values are picked, put together or repeated; which positions they come from is not followed."""
    return [Rearrangement(Shuffle(None))]


@rule(ops.array_split)
def array_split(call: Call) -> list[Primitive]:
    """Values are cut along one axis."""
    return [Rearrangement(Shuffle((call.layer.axis,)))]


@rule(ops.hstack)
def hstack(call: Call) -> list[Primitive]:
    """The maps, one behind the other along the axis behind the batch."""
    return [Rearrangement(Join(1))]


@rule(ops.ndim, ops.size)
def told_by_the_shape(call: Call) -> list[Primitive]:
    """A number that the shape tells, and no value."""
    return [Rearrangement(Shuffle(None))]


@rule(ops.scatter_update)
def scatter_update(call: Call) -> list[Primitive]:
    """Values take the places of others; what else is done with them depends on the indices."""
    if call.layer.reduction is not None:
        raise RuleGapError(
            f"how many values meet at one position under `{call.layer.reduction}` depends on the indices"
        )
    return [Rearrangement(Shuffle(None))]


@rule(ops.fold)
def fold(call: Call) -> list[Primitive]:
    """Each value of each patch is added to its place in a map of zeros."""
    return [Elementwise(cost=Cost(1, hlo=1, slopes=FREE), elements=call.input.elements), Rearrangement(Shuffle(None))]


@rule(ops.image.crop_images)
def crop_images(call: Call) -> list[Primitive]:
    """Rows and columns cut off before and behind."""
    layer = call.layer
    if layer.top_cropping is None or layer.left_cropping is None:
        return [Rearrangement(Shuffle(tuple(call.input.spatial_dims)))]
    return [Rearrangement.cropped((layer.top_cropping, layer.left_cropping))]


@rule(ops.image.pad_images)
def pad_images(call: Call) -> list[Primitive]:
    """Rows and columns of zeros before and behind."""
    layer = call.layer
    if layer.top_padding is None or layer.left_padding is None:
        return [Rearrangement(Shuffle(tuple(call.input.spatial_dims)))]
    return [Rearrangement.shifted((layer.top_padding, layer.left_padding))]


@rule(ops.image.extract_patches)
def extract_patches(call: Call) -> list[Primitive]:
    """The values under each window, one behind the other in the channels."""
    layer, x, y = call.layer, call.input, call.output
    size = layer.size
    windows = sliding(x, y, size, layer.strides or size, layer.padding, layer.dilation_rate)
    return [Rearrangement(Slide(tuple(window.reach for window in windows)))]
