"""The image as a model or a layer takes it, checked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.explaining.records import Values


class Sample(NamedTuple):
    """An image that a model takes.

    Attributes:
        values: its numbers in the order of the model's axes, without the batch axis.
        dtype: dtype that the model takes them in.
    """

    values: NDArray[Any]
    dtype: str

    @property
    def batch(self) -> Any:
        """The image as a batch of one."""
        return keras.ops.convert_to_tensor(self.values[None].astype(self.dtype))


def sample_for_model(image: Any, model: Any) -> Sample:
    """Returns the image as a model takes it.

    Raises:
        ModelError: the model has several inputs.
        InputShapeError: the image is not an image, or of another shape than the model's input.
    """
    values = _numbers(image)
    inputs = getattr(model, "inputs", None)
    if not inputs:  # a model that writes its own `call` does not say what it takes
        return Sample(values, keras.config.floatx())
    if len(inputs) != 1:
        raise ModelError(f"explain: expected a model with one input. `{model.name}` has {len(inputs)}.")
    (taken,) = inputs
    last = keras.config.image_data_format() == "channels_last"
    values = _fitted(values, tuple(taken.shape[1:]), -1 if last else 0)
    return Sample(values, keras.backend.standardize_dtype(taken.dtype))


def sample_for_layer(image: Any, layer: Any) -> Sample:
    """Returns the image as a layer takes it.

    Raises:
        InputShapeError: the image is not one, or does not have the axes or the channels that the layer was built for.
    """
    values = _numbers(image)
    spec = layer.input_spec
    if spec is None or isinstance(spec, (list, tuple)):
        return Sample(values, layer.compute_dtype)
    rank = (spec.ndim or spec.min_ndim or values.ndim + 1) - 1
    sizes: list[int | None] = [None] * rank
    for axis, size in (spec.axes or {}).items():
        sizes[axis - 1 if axis > 0 else axis] = size
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    return Sample(_fitted(values, tuple(sizes), -1 if last else 0), layer.compute_dtype)


def with_channels_last(values: Values, layer: Any, sizes: Sequence[int | None] | None = None) -> Values:
    """Returns a map with its channels behind the positions.

    Args:
        values: the map, without the batch axis.
        layer: the layer that takes it or makes it, whose data format it has.
        sizes: sizes of the axes of positions, which decide where the map does not have them in that order.
    """
    last = getattr(layer, "data_format", None) or keras.config.image_data_format()
    orders = [values, np.moveaxis(values, 0, -1)] if last == "channels_last" else [np.moveaxis(values, 0, -1), values]
    return next((order for order in orders if sizes is None or order.shape[:-1] == tuple(sizes)), orders[0])


def _fitted(values: NDArray[Any], shape: tuple[int | None, ...], channel_axis: int) -> NDArray[Any]:
    """The image; one without an axis of channels gets one."""
    given = values
    if values.ndim == len(shape) - 1 and shape[channel_axis] in (None, 1):
        values = np.expand_dims(values, channel_axis)
    fits = values.ndim == len(shape) and all(size in (None, own) for size, own in zip(shape, values.shape, strict=True))
    if not fits:
        expected = f"({', '.join('any' if size is None else str(size) for size in shape)}{',' * (len(shape) == 1)})"
        is_batch = given.ndim == len(shape) + 1
        hint = " Pass one image, without the batch axis." if is_batch else ""
        raise InputShapeError(f"image: expected an array of shape {expected}. Received: {given.shape}.{hint}")
    return values


def _numbers(image: Any) -> NDArray[Any]:
    try:
        values = np.asarray(keras.ops.convert_to_numpy(image) if keras.ops.is_tensor(image) else image)
    except ValueError as error:
        raise InputShapeError(f"image: expected an array of numbers: {error}") from None
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool) or np.iscomplexobj(values):
        raise InputShapeError(f"image: expected an array of real numbers. Received: {_said(image, values)}.")
    if not values.ndim or not values.size:
        raise InputShapeError(f"image: expected an array with numbers in it. Received: shape {values.shape}.")
    wrong = int(values.size - np.isfinite(values).sum())
    if wrong:
        raise InputShapeError(f"image: expected finite numbers. Received: {wrong:,} that are infinite or no number.")
    return values


def _said(image: Any, values: NDArray[Any]) -> str:
    is_array = isinstance(image, np.ndarray)
    return f"an array of dtype {values.dtype}" if is_array else f"{type(image).__name__} ({values.dtype})"
