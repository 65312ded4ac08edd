"""Windows of a layer, axis by axis, from the arguments that Keras layers name alike."""

from typing import Any

from keras_cnnstats.graph import FeatureMap
from keras_cnnstats.primitives import Upwindow, Window


def sliding(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any, padding: str, dilation: Any = 1
) -> tuple[Window, ...]:
    """The windows that slide over `x` and make `y`; an integer argument stands for all axes."""
    sizes, positions = x.spatial, y.spatial
    rank = len(sizes)
    axes = zip(_each(kernel, rank), _each(strides, rank), _each(dilation, rank), sizes, positions, strict=True)
    return tuple(
        [Window(kernel=k, stride=s, dilation=d, padding=padding, size=n, positions=m) for k, s, d, n, m in axes]
    )


def transposed(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any, padding: str, output_padding: Any, dilation: Any
) -> tuple[Upwindow, ...]:
    """The windows of a transposed convolution of `x` that makes `y`."""
    rank = len(x.spatial)
    axes = zip(
        _each(kernel, rank),
        _each(strides, rank),
        _each(dilation, rank),
        _each(output_padding, rank),
        x.spatial,
        y.spatial,
        strict=True,
    )
    return tuple(
        Upwindow(kernel=k, stride=s, dilation=d, padding=padding, output_padding=extra, size=n, positions=m)
        for k, s, d, extra, n, m in axes
    )


def _each(value: Any, rank: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
