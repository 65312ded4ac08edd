"""Rules of preprocessing layers that keep numbers: rescaling, normalization, resizing, cropping."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Primitive, Resampling
from keras_cnnstats.rules.registry import rule


@rule(layers.Rescaling)
def rescaling(call: Call) -> list[Primitive]:
    """`x * scale + offset`."""
    cost = Cost(2, registered=2, hlo=2)
    return [Elementwise(cost=cost, elements=call.output.elements, name="preprocessing")]


@rule(layers.Normalization)
def normalization(call: Call) -> list[Primitive]:
    """`(x - mean) / sqrt(variance)`; mean, variance and a count are weights where the layer is to be adapted."""
    weights = sum(weight.size for weight in call.weights)
    cost = Cost(2, registered=2, hlo=2)
    return [Elementwise(cost=cost, elements=call.output.elements, weights=weights, name="preprocessing")]


@rule(layers.Resizing)
def resizing(call: Call) -> list[Primitive]:
    """Each axis stretched or shrunk to a given size."""
    layer, x, y = call.layer, call.input, call.output
    return [
        Resampling(
            sizes=x.spatial,
            positions=y.spatial,
            channels=x.channels,
            interpolation=layer.interpolation,
            antialias=layer.antialias,
        )
    ]
