"""Windows of a layer, axis by axis, from the arguments that Keras layers name alike."""

from typing import Any

from keras_cnnstats.graph import FeatureMap
from keras_cnnstats.primitives import Upwindow, Window


def sliding(
    x: FeatureMap, y: FeatureMap, kernel: Any, strides: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> tuple[Window, ...]:
    """Returns the windows that slide over a map and make another: what the rule of a pooling or a convolution needs.

    An argument that is no sequence stands for all axes.

    Args:
        x: the map that they slide over, such as `call.input`.
        y: the map that they make, such as `call.output`: how many positions it has is the framework's word.
        kernel: taps.
        strides: input positions from one output to the next.
        padding: `"valid"`, `"same"`, `"causal"`, or so many positions on both sides.
        dilation: input positions from one tap to the next.

    Returns:
        A `Window` for each spatial axis.

    Raises:
        ValueError: a sequence has not one value for each spatial axis.

    Example: windows of 3, 2 positions apart.

    >>> nine, four = FeatureMap((None, 9, 8)), FeatureMap((None, 4, 8))
    >>> sliding(nine, four, kernel=3, strides=2, padding="valid")
    (Window(kernel=3, stride=2, dilation=1, padding='valid', size=9, positions=4),)
    """
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
