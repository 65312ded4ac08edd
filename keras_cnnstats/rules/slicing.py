"""Rules of the functions of `keras.ops` that take positions of maps apart, or put some around them."""

from keras import ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Primitive, Rearrangement, padded, sliced, spanned, stacked, unstacked
from keras_cnnstats.rules.registry import rule


@rule(ops.get_item)
def get_item(call: Call) -> list[Primitive]:
    """`map[key]`: the positions that the key names."""
    return [Rearrangement(sliced(call.input.shape, call.args[1]))]


@rule(ops.slice)
def slice_of(call: Call) -> list[Primitive]:
    """So many positions of each axis from a first one on."""
    return [Rearrangement(spanned(call.input.shape, call.args[1], call.layer.shape))]


@rule(ops.pad)
def pad(call: Call) -> list[Primitive]:
    """Positions before and behind the others; what a reflection repeats is not followed."""
    return [Rearrangement(padded(call.layer.pad_width, call.layer.mode))]


@rule(ops.stack)
def stack(call: Call) -> list[Primitive]:
    """The maps side by side along a new axis."""
    return [Rearrangement(stacked(len(call.input.shape), call.layer.axis))]


@rule(ops.unstack)
def unstack(call: Call) -> list[Primitive]:
    """A map for each position of an axis, which they no longer have."""
    return [Rearrangement(unstacked(len(call.input.shape), call.layer.axis))]
