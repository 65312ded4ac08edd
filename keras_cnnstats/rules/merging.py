"""Rules of layers that merge several maps into one."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Join, Primitive, Rearrangement, batch_dot
from keras_cnnstats.rules.registry import rule


def _merging(call: Call, per_element: int) -> list[Primitive]:
    cost = Cost(per_element, registered=per_element, hlo=per_element)
    return [Elementwise(cost=cost, elements=call.output.elements, name="merging")]


@rule(layers.Add, layers.Subtract, layers.Multiply, layers.Maximum, layers.Minimum)
def merge(call: Call) -> list[Primitive]:
    """`m` maps become one in `m - 1` steps for each element."""
    return _merging(call, len(call.inputs) - 1)


@rule(layers.Average)
def average(call: Call) -> list[Primitive]:
    """`m - 1` additions and a division for each element."""
    return _merging(call, len(call.inputs))


@rule(layers.Concatenate)
def concatenate(call: Call) -> list[Primitive]:
    """The maps, one behind the other."""
    return [Rearrangement(Join(call.layer.axis))]


@rule(layers.Dot)
def dot(call: Call) -> list[Primitive]:
    """Sums of products over an axis of both maps, each set to length 1 first where asked for."""
    a, b = call.specs
    return batch_dot(a.shape, b.shape, call.layer.axes, call.layer.normalize)
