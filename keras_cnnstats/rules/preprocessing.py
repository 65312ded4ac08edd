"""Rules of preprocessing layers that keep numbers: rescaling, normalization, resizing, cropping."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Primitive, Resampling
from keras_cnnstats.rules.registry import RuleGapError, rule


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
    # TensorFlow also sees that each deviation is kept from 0, anew at each call.
    kept = Cost(0, registered=1)
    return [
        Elementwise(cost=cost, elements=call.output.elements, weights=weights, name="preprocessing"),
        Elementwise(cost=kept, elements=call.input.sizes(call.layer.axis), name="preprocessing"),
    ]


@rule(layers.Resizing)
def resizing(call: Call) -> list[Primitive]:
    """Each axis stretched or shrunk to a given size."""
    layer, x, y = call.layer, call.input, call.output
    if layer.pad_to_aspect_ratio:
        raise RuleGapError("resizing with pad_to_aspect_ratio=True interpolates a part of the output alone")
    return [
        Resampling(
            # What is cropped to keep the aspect ratio leaves open which positions are read.
            sizes=(None,) * len(x.spatial) if layer.crop_to_aspect_ratio else x.spatial,
            positions=y.spatial,
            channels=x.channels,
            interpolation=layer.interpolation,
            antialias=layer.antialias,
        )
    ]
