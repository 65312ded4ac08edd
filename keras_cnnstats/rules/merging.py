"""Rules of layers that merge several maps into one."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import ONE, Cost, Elementwise, Join, Primitive, Rearrangement, batch_dot, merging
from keras_cnnstats.rules.elements import element_by_element
from keras_cnnstats.rules.registry import entry, rule

STEPS = {
    layers.Add: "add",
    layers.Average: "add",
    layers.Maximum: "maximum",
    layers.Minimum: "minimum",
    layers.Multiply: "multiply",
    layers.Subtract: "subtract",
}
"""What is done with each two of the maps."""


def _merging(call: Call, name: str) -> Elementwise:
    return element_by_element(merging(name, len(call.inputs)), call, "merging")


@rule(layers.Add, layers.Subtract, layers.Multiply, layers.Maximum, layers.Minimum)
def merge(call: Call) -> list[Primitive]:
    """`m` maps become one in `m - 1` steps for each element."""
    return [_merging(call, entry(STEPS, call.target))]


@rule(layers.Average)
def average(call: Call) -> list[Primitive]:
    """`m - 1` additions and a division for each element."""
    divided = Elementwise(
        cost=Cost(1, registered=1, hlo=1, slopes=(ONE,)), elements=call.output.elements, name="merging"
    )
    return [_merging(call, "add"), divided]


@rule(layers.Concatenate)
def concatenate(call: Call) -> list[Primitive]:
    """The maps, one behind the other."""
    return [Rearrangement(Join(call.layer.axis))]


@rule(layers.Dot)
def dot(call: Call) -> list[Primitive]:
    """Sums of products over an axis of both maps, each set to length 1 first where asked for."""
    a, b = call.specs
    return batch_dot(a.shape, b.shape, call.layer.axes, call.layer.normalize)
