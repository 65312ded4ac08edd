"""Pooling: the largest value, or the mean, of each window; of each channel by itself."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_cnnstats.layers.axes import Axis, axes_of
from keras_cnnstats.layers.taps import padded, sent_back, sum_over_taps, views, with_gradient
from keras_cnnstats.layers.windows import Windowed


def largest(x: Any, axes: Sequence[Axis]) -> Any:
    """Returns the largest value of each window; no padded position is ever the largest.

    The gradient goes to it alone: of several that are equally large, to the first one in reading order.
    """

    def forwards(x: Any) -> Any:
        return _first_largest(x, axes)[0]

    def towards(x: Any, back: Any) -> Any:
        return sum_over_taps(_sent_by_winners(tuple(axes)), axes, x, _first_largest(x, axes)[1], back)

    return with_gradient(forwards, towards)(padded(x, axes, value=_least(x)))


@lru_cache(maxsize=512)
def _sent_by_winners(axes: tuple[Axis, ...]) -> Callable[..., Any]:
    """What a tap sends to the positions that it saw: what comes back to the outputs that it won."""

    def sends(tap: Any, x: Any, place: Any, back: Any) -> Any:
        return sent_back(ops.where(place == tap, back, 0), tap, axes, ops.shape(x)[1:-1])

    return sends


def _least(x: Any) -> float:
    """What no value of the map is below."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return int(np.iinfo(dtype).min) if "int" in dtype else -float("inf")


def _first_largest(x: Any, axes: Sequence[Axis]) -> tuple[Any, Any]:
    """The largest value of each window, and the number of the tap that is the first to see it."""
    first, *others = views(x, axes)
    value, place = first, ops.zeros_like(first, dtype="int32")
    for tap, seen in enumerate(others, start=1):
        larger = ops.greater(seen, value)
        value, place = ops.where(larger, seen, value), ops.where(larger, tap, place)
    return value, place


def mean(x: Any, axes: Sequence[Axis]) -> Any:
    """Returns the mean of the positions of each window that lie inside the input; padded ones do not count."""
    total = reduce(ops.add, views(padded(x, axes), axes))
    return ops.divide(total, ops.cast(_positions_inside(x, total, axes), total.dtype))


def _positions_inside(x: Any, y: Any, axes: Sequence[Axis]) -> Any:
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


class Pooling(Windowed):
    """One value for each window of each channel."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._check_padding()
        if not all(self.strides):
            raise ValueError(f"`strides` must be at least 1. Received: strides={self.strides!r}.")

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(f"`padding` must be 'valid', 'same' or integers. Received: padding={self.padding!r}.")
        elif any(2 * margin > size for margin, size in zip(self.padding, self.pool_size, strict=True)):
            raise ValueError(
                "`padding` must be at most half of `pool_size`, so that no window lies outside the input. "
                f"Received: padding={self.padding!r}, pool_size={self.pool_size!r}."
            )

    @property
    def axes(self) -> Sequence[Axis]:
        """The window on each axis."""
        return axes_of(self.pool_size, self.strides, (1,) * self.dimensions, self.padding)


class MaxPooling(Pooling):
    """The largest value of each window."""

    def formula(self, x: Any) -> Any:
        """The largest value of each window."""
        return largest(x, self.axes)


class AveragePooling(Pooling):
    """The mean of each window."""

    def formula(self, x: Any) -> Any:
        """The mean of each window."""
        return mean(x, self.axes)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling1D(MaxPooling, layers.MaxPooling1D):
    """The largest value of each window of steps, equal to `keras.layers.MaxPooling1D`.

    >>> ReferenceMaxPooling1D(2).compute_output_shape((None, 9, 3))
    (None, 4, 3)
    """

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling2D(MaxPooling, layers.MaxPooling2D):
    """The largest value of each window of rows and columns, equal to `keras.layers.MaxPooling2D`.

    >>> ReferenceMaxPooling2D(2).compute_output_shape((None, 9, 7, 3))
    (None, 4, 3, 3)
    """

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceMaxPooling3D(MaxPooling, layers.MaxPooling3D):
    """The largest value of each window of a volume, equal to `keras.layers.MaxPooling3D`.

    >>> ReferenceMaxPooling3D(2).compute_output_shape((None, 9, 7, 5, 3))
    (None, 4, 3, 2, 3)
    """

    dimensions = 3


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling1D(AveragePooling, layers.AveragePooling1D):
    """The mean of each window of steps, equal to `keras.layers.AveragePooling1D`.

    >>> ReferenceAveragePooling1D(2).compute_output_shape((None, 9, 3))
    (None, 4, 3)
    """

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling2D(AveragePooling, layers.AveragePooling2D):
    """The mean of each window of rows and columns, equal to `keras.layers.AveragePooling2D`.

    >>> ReferenceAveragePooling2D(2).compute_output_shape((None, 9, 7, 3))
    (None, 4, 3, 3)
    """

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceAveragePooling3D(AveragePooling, layers.AveragePooling3D):
    """The mean of each window of a volume, equal to `keras.layers.AveragePooling3D`.

    >>> ReferenceAveragePooling3D(2).compute_output_shape((None, 9, 7, 5, 3))
    (None, 4, 3, 2, 3)
    """

    dimensions = 3
