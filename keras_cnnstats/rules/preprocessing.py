"""Rules of preprocessing layers that keep numbers: rescaling, normalization, resizing, cropping."""

from keras import layers, ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import ONE, Cost, Elementwise, Primitive, Rearrangement, Resampling, fitted
from keras_cnnstats.rules.registry import rule


@rule(layers.Rescaling)
def rescaling(call: Call) -> list[Primitive]:
    """`x * scale + offset`."""
    cost = Cost(2, registered=2, hlo=2, slopes=(ONE,))
    return [Elementwise(cost=cost, elements=call.output.elements, name="preprocessing")]


@rule(layers.Normalization)
def normalization(call: Call) -> list[Primitive]:
    """`(x - mean) / sqrt(variance)`; mean, variance and a count are weights where the layer is to be adapted."""
    cost = Cost(2, registered=2, hlo=2, slopes=(ONE,))
    return [Elementwise(cost=cost, elements=call.output.elements, weights=call.held, name="preprocessing")]


@rule(layers.Resizing, ops.image.resize)
def resizing(call: Call) -> list[Primitive]:
    """Each axis stretched or shrunk to a given size, what does not fit the aspect ratio cut off or padded first."""
    layer, x, y = call.layer, call.input, call.output
    keeps_ratio = layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio
    margins, sizes = fitted(x.spatial, y.spatial, layer.pad_to_aspect_ratio) if keeps_ratio else ((0, 0), x.spatial)
    resampling = Resampling(
        sizes=sizes,
        positions=y.spatial,
        channels=x.channels_if_known,
        interpolation=layer.interpolation,
        antialias=layer.antialias,
    )
    return [Rearrangement.shifted(margins), resampling]
