"""Rules of layers that act in training alone: at inference the values pass through."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import DROPOUT, FREE, ONE, Cost, Disturbance, Primitive, Rearrangement, Slope
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
    strength = getattr(call.layer, "rate", None) or getattr(call.layer, "stddev", None)
    return [Rearrangement(), *(_in_training(entry(DISTURBED, call.target), call) if strength else ())]


@rule(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)
def spatial_dropout(call: Call) -> list[Primitive]:
    """The values pass through; in training whole channels are left out."""
    compared = Disturbance(cost=Cost(1, slopes=FREE), elements=call.input.channels)
    return [Rearrangement(), compared, *_in_training(Cost(1, slopes=DROPOUT.slopes), call)]


def _in_training(cost: Cost, call: Call) -> list[Primitive]:
    return [Disturbance(cost=cost, elements=call.output.elements)]
