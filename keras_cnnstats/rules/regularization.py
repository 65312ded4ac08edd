"""Rules of layers that act in training alone: at inference the values pass through."""

from collections.abc import Sequence

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    DROPOUT,
    FREE,
    ONE,
    Cost,
    Primitive,
    Rearrangement,
    Size,
    Slope,
    disturbances,
    product,
)
from keras_cnnstats.rules.registry import entry, rule


@rule(layers.ActivityRegularization)
def activity_regularization(call: Call) -> list[Primitive]:
    """The values pass through; in training a regulariser is told of them."""
    return [Rearrangement()]


DISTURBED = {
    layers.AlphaDropout: Cost(3, slopes=(Slope(2),)),  # (x if kept else c) * a + b
    layers.Dropout: DROPOUT,
    layers.GaussianDropout: Cost(3, slopes=(ONE,)),  # x * (1 + s * random)
    layers.GaussianNoise: Cost(2, slopes=FREE),  # x + s * random
}
"""What training does with each element."""


@rule(*DISTURBED)
def disturbed(call: Call) -> list[Primitive]:
    """The values pass through; in training each is changed at random, unless the layer is set not to."""
    layer, elements = call.layer, call.output.elements
    if not (getattr(layer, "rate", None) or getattr(layer, "stddev", None)):
        return [Rearrangement()]
    cost, drawn = entry(DISTURBED, call.target), getattr(layer, "noise_shape", None)
    if drawn is None:
        return [Rearrangement(), *disturbances(cost, elements, elements)]
    samples, *sizes = _sizes(call, drawn)
    return [Rearrangement(), *disturbances(cost, elements, product(sizes), is_shared=samples == 1)]


def _sizes(call: Call, drawn: Sequence[Size]) -> list[Size]:
    """The shape of what is drawn at random, with the sizes of the map where they are left open."""
    return [size if wanted is None else wanted for wanted, size in zip(drawn, call.input.shape, strict=True)]


@rule(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)
def spatial_dropout(call: Call) -> list[Primitive]:
    """The values pass through; in training whole channels are left out."""
    left_out = disturbances(DROPOUT, call.output.elements, call.input.channels_if_known) if call.layer.rate else []
    return [Rearrangement(), *left_out]
