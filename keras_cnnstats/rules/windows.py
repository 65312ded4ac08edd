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
    return tuple(map(Window, *arguments, sizes, positions))


def transposed(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any, padding: Any, output_padding: Any, dilation: Any
) -> tuple[Upwindow, ...]:
    """The windows of a transposed convolution of `x` that makes `y`."""
    rank = len(x.spatial)
    arguments = [_each(argument, rank) for argument in (kernel, strides, dilation, padding, output_padding)]
    return tuple(map(Upwindow, *arguments, x.spatial, y.spatial))


def _each(value: Any, rank: int) -> tuple[Any, ...]:
    if type(value) is tuple and len(value) == rank:
        return value
    each = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(each) != rank:
        raise ValueError(f"expected a value for each of {rank} axes. Received: {value!r}")
    return each
