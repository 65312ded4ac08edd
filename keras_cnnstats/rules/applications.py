"""Rules of layers that networks of `keras.applications` define for themselves."""

from keras_cnnstats.capture import application_layer
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Primitive
from keras_cnnstats.rules.registry import rule


@rule(application_layer("convnext", "LayerScale"))
def layer_scale(call: Call) -> list[Primitive]:
    """`x * gamma`, a learned factor for each channel."""
    cost = Cost(1, registered=1, hlo=1)
    weights = sum(weight.size for weight in call.weights)
    return [Elementwise(cost=cost, elements=call.output.elements, weights=weights)]


@rule(application_layer("inception_resnet_v2", "CustomScaleLayer"))
def scaled_residual(call: Call) -> list[Primitive]:
    """`x + scale * y`."""
    return [Elementwise(cost=Cost(2, registered=2, hlo=2), elements=call.output.elements, name="merging")]
