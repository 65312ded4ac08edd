"""Rules of layers that act in training alone: at inference the values pass through."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Primitive, Rearrangement
from keras_cnnstats.rules.registry import rule


@rule(
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)
def nothing_at_inference(call: Call) -> list[Primitive]:
    """The values pass through."""
    return [Rearrangement()]
