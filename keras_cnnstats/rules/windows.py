"""Windows of a layer, axis by axis, from the arguments that Keras layers name alike."""

from typing import Any

from keras_cnnstats.graph import FeatureMap
from keras_cnnstats.primitives import Upwindow, Window


def sliding(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any, padding: Any, dilation: Any = 1
) -> tuple[Window, ...]:
    """The windows that slide over `x` and make `y`; an argument that is no sequence stands for all axes."""
    sizes, positions = x.spatial, y.spatial
    rank = len(sizes)
    arguments = [_each(argument, rank) for argument in (kernel, strides, dilation, padding)]
    return tuple([Window(*axis) for axis in zip(*arguments, sizes, positions, strict=True)])


def transposed(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any, padding: Any, output_padding: Any, dilation: Any
) -> tuple[Upwindow, ...]:
    """The windows of a transposed convolution of `x` that makes `y`."""
    rank = len(x.spatial)
    arguments = [_each(argument, rank) for argument in (kernel, strides, dilation, padding, output_padding)]
    return tuple([Upwindow(*axis) for axis in zip(*arguments, x.spatial, y.spatial, strict=True)])


def _each(value: Any, rank: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
