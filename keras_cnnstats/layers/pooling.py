"""Pooling: the largest value, or the mean, of each window; of each channel by itself."""

from functools import reduce
from typing import Any, ClassVar

import keras
from keras import layers, ops

from keras_cnnstats.layers.taps import (
    Axis,
    axes_of,
    channels_last,
    in_format,
    map_shape,
    padded,
    padding_argument,
    shifts,
    spatial,
)


def largest(x: Any, axes: tuple[Axis, ...]) -> Any:
    """Returns the largest value of each window; no padded position is ever the largest.

    Of several that are equally large, the first one in reading order is the one: the gradient goes to it alone.
    """
    windows = (seen for _, seen in shifts(padded(x, axes, value=-float("inf")), axes))
    return reduce(lambda best, seen: ops.where(seen > best, seen, best), windows)


def mean(x: Any, axes: tuple[Axis, ...]) -> Any:
    """Returns the mean of the positions of each window that lie inside the input; padded ones do not count."""
    total = reduce(ops.add, (seen for _, seen in shifts(padded(x, axes), axes)))
    return ops.divide(total, ops.cast(_positions_inside(x, total, axes), total.dtype))


def _positions_inside(x: Any, y: Any, axes: tuple[Axis, ...]) -> Any:
    """How many positions of each window lie inside the input."""
    counts: Any = 1
    for place, axis in enumerate(axes, start=1):
        size, outputs = ops.shape(x)[place], ops.shape(y)[place]
        if axis.margins(size) == (0, 0):
            counts = counts * axis.kernel
        else:
            first = ops.arange(outputs) * axis.stride - axis.margins(size)[0]
            inside = ops.minimum(first + axis.kernel, size) - ops.maximum(first, 0)
            counts = counts * ops.reshape(inside, [-1 if axis_ == place else 1 for axis_ in range(len(x.shape))])
    return counts


class Pooling(layers.Layer):
    """What all poolings have in common: of the layer of Keras they are, all but the arithmetic.

    Args:
        pool_size: positions of the window on each axis.
        strides: input positions from one window to the next; `None`: those of the window.
        padding: `"valid"`, `"same"`; or an integer, or one for each axis: positions on both sides.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: name, dtype, as Keras' layer takes them.
    """

    dimensions: ClassVar[int]

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            pool_size=pool_size,
            strides=strides,
            padding=padding_argument(padding, self.dimensions),
            data_format=data_format,
            **kwargs,
        )
        if self.padding in ("same", "valid"):
            pass
        elif isinstance(self.padding, str):
            raise ValueError(f"`padding` must be 'valid', 'same' or integers. Received: padding={padding!r}.")
        elif any(2 * margin > size for margin, size in zip(self.padding, self.pool_size, strict=True)):
            raise ValueError(
                "`padding` must be at most half of `pool_size`, so that no window lies outside the input. "
                f"Received: padding={padding!r}, pool_size={pool_size!r}."
            )
        if not all(self.strides):
            raise ValueError(f"`strides` must be at least 1. Received: strides={strides!r}.")

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The window on each axis."""
        return axes_of(self.pool_size, self.strides, (1,) * self.dimensions, self.padding)

    def pooled(self, x: Any) -> Any:
        """One value for each window of a map whose channels are last."""
        return largest(x, self.axes) if self.pool_mode == "max" else mean(x, self.axes)

    def call(self, inputs: Any) -> Any:
        """One value for each window."""
        return in_format(self.pooled(channels_last(inputs, self.data_format)), self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        return map_shape(positions, channels, input_shape, self.data_format)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling1D(Pooling, layers.MaxPooling1D):
    """The largest value of each window of steps, equal to `keras.layers.MaxPooling1D`."""

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling2D(Pooling, layers.MaxPooling2D):
    """The largest value of each window of rows and columns, equal to `keras.layers.MaxPooling2D`."""

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling3D(Pooling, layers.MaxPooling3D):
    """The largest value of each window of a volume, equal to `keras.layers.MaxPooling3D`."""

    dimensions = 3


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling1D(Pooling, layers.AveragePooling1D):
    """The mean of each window of steps, equal to `keras.layers.AveragePooling1D`."""

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling2D(Pooling, layers.AveragePooling2D):
    """The mean of each window of rows and columns, equal to `keras.layers.AveragePooling2D`."""

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling3D(Pooling, layers.AveragePooling3D):
    """The mean of each window of a volume, equal to `keras.layers.AveragePooling3D`."""

    dimensions = 3
