"""Rules of layers that networks of `keras.applications` define for themselves."""

from keras_cnnstats.capture import application_layer
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Map, Primitive
from keras_cnnstats.rules.registry import rule


@rule(application_layer("convnext", "LayerScale"))
def layer_scale(call: Call) -> list[Primitive]:
    """`x * gamma`, a learned factor for each channel."""
    cost = Cost(1, registered=1, hlo=1).sloped("multiply")
    return [Elementwise(cost=cost, elements=call.output.elements, weights=call.held)]


@rule(application_layer("inception_resnet_v2", "CustomScaleLayer"))
def scaled_residual(call: Call) -> list[Primitive]:
    """`x + scale * y`."""
    scaled = Elementwise(
        cost=Cost(1, registered=1, hlo=1).sloped("deg2rad"),
        elements=call.output.elements,
        maps=call.maps[1:2],
        name="merging",
    )
    added = Elementwise(
        cost=Cost(1, registered=1, hlo=1).sloped("add"),
        elements=call.output.elements,
        maps=(call.maps[0], Map(call.output.elements, -1)),
        name="merging",
    )
    return [scaled, added]
