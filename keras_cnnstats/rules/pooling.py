"""Rules of poolings."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import MAXIMUM, MEAN, AdaptivePooling, Pooling, Primitive, Reduction, Spatial
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding


def _pooling(call: Call, average: bool) -> list[Primitive]:
    layer, x, y = call.layer, call.input, call.output
    windows = sliding(x, y, layer.pool_size, layer.strides, layer.padding)
    return [Pooling(windows=windows, channels=x.channels_if_known, average=average)]


@rule(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
def max_pooling(call: Call) -> list[Primitive]:
    """The largest value of each window."""
    return _pooling(call, average=False)


@rule(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
def average_pooling(call: Call) -> list[Primitive]:
    """The mean of each window."""
    return _pooling(call, average=True)


def _global_pooling(call: Call, average: bool) -> list[Primitive]:
    x = call.input
    over = Spatial("kept" if call.layer.keepdims else "dropped")
    return [
        Reduction(
            count=x.area,
            outputs=x.channels_if_known,
            average=average,
            over=over,
            masked=average and call.kwargs.get("mask") is not None,
            registered=average,
            slopes=MEAN if average else MAXIMUM,
        )
    ]


@rule(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D)
def global_max_pooling(call: Call) -> list[Primitive]:
    """The largest value of each channel."""
    return _global_pooling(call, average=False)


@rule(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
def global_average_pooling(call: Call) -> list[Primitive]:
    """The mean of each channel."""
    return _global_pooling(call, average=True)


def _adaptive_pooling(call: Call, average: bool) -> list[Primitive]:
    x, y = call.input, call.output
    return [AdaptivePooling(sizes=x.spatial, positions=y.spatial, channels=x.channels_if_known, average=average)]


@rule(layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D, layers.AdaptiveMaxPooling3D)
def adaptive_max_pooling(call: Call) -> list[Primitive]:
    """The largest value of each of `output_size` cells."""
    return _adaptive_pooling(call, average=False)


@rule(layers.AdaptiveAveragePooling1D, layers.AdaptiveAveragePooling2D, layers.AdaptiveAveragePooling3D)
def adaptive_average_pooling(call: Call) -> list[Primitive]:
    """The mean of each of `output_size` cells."""
    return _adaptive_pooling(call, average=True)
