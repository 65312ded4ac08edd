"""A dense layer over a flattened map becomes a convolution whose kernels are as large as the map."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import keras
from keras import activations, layers, ops

from keras_cnnstats.capture.state import random_untouched
from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.layers.maps import map_shape, spatial

CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}

CARRIED = (
    "name", "trainable", "dtype", "activation", "use_bias", "kernel_initializer", "bias_initializer",
    "kernel_regularizer", "bias_regularizer", "activity_regularizer", "bias_constraint",
)  # fmt: skip
"""Arguments that mean the same for a dense layer and a convolution."""

ACROSS_UNITS = (activations.softmax, activations.log_softmax, activations.sparsemax, activations.glu)
"""Activations that mix the units of a layer, along the last axis."""


def dense_to_conv(
    dense: Any, input_shape: Sequence[int], data_format: str | None = None, flattened: str | None = None
) -> Any:
    """Returns the convolution that gives of a map what a dense layer gives of the flattened map.

    It has as many kernels as the layer has units, each of the map's size, so that its output has a single position.
    Weights are copied; the layer is left as it is.

    Args:
        dense: a built `keras.layers.Dense`.
        input_shape: shape of the map, without the batch axis: one to three spatial axes and the channels. A vector
            `(n,)` stands for a map `(1, 1, n)`.
        data_format: where the channels of the map are.
        flattened: the `data_format` of the `keras.layers.Flatten` before the layer, that of the map where it is `None`.

    Raises:
        ModelError: `dense` is no dense layer, is not built, is quantised, or mixes its units with an activation that
            takes no channels first.
        InputShapeError: the map has another number of values than the layer has inputs.

    >>> dense = keras.layers.Dense(4096, dtype="bfloat16")
    >>> dense.build((None, 2 * 2 * 8))
    >>> conv = dense_to_conv(dense, (2, 2, 8))
    >>> conv.kernel_size, conv.compute_output_shape((None, 2, 2, 8)), conv.compute_output_shape((None, 5, 4, 8))
    ((2, 2), (None, 1, 1, 4096), (None, 4, 3, 4096))
    """
    data_format = data_format or keras.config.image_data_format()
    check_dense(dense)
    is_vector = len(input_shape) == 1
    shape = map_shape((1, 1), input_shape[0], (None,), data_format) if is_vector else (None, *input_shape)
    inputs = dense.kernel.shape[0]
    known = all(isinstance(size, int) for size in shape[1:])
    if not 3 <= len(shape) <= 5 or not known or prod(shape[1:]) != inputs:
        raise InputShapeError(
            f"input_shape: expected the shape of a map of {inputs} values, the inputs of the dense layer "
            f"`{dense.name}`, with one to three spatial axes and without the batch axis. Received: {input_shape}."
        )
    with random_untouched():
        return over_map(dense, shape, data_format, flattened or data_format)


def over_map(dense: Any, shape: Sequence[Any], data_format: str, flattened: str) -> Any:
    """Returns the convolution over a map of this shape, batch axis included."""
    positions = spatial(shape, data_format)
    conv = CONVOLUTIONS[len(positions)].from_config(
        {name: value for name, value in dense.get_config().items() if name in CARRIED}
        | {"filters": dense.units, "kernel_size": positions, "data_format": data_format}
        | {"kernel_constraint": _constraint(dense, len(positions)), "activation": over_channels(dense, data_format)}
    )
    kernel = _as_kernel(dense.kernel, shape, data_format, flattened)
    return built_with(conv, shape, kernel, dense.bias if dense.use_bias else None)


def check_dense(layer: Any) -> None:
    """Refuses what is no dense layer with weights that can be read."""
    if not isinstance(layer, layers.Dense) or type(layer).call is not layers.Dense.call:
        raise ModelError(f"dense: expected a built keras.layers.Dense. Received: {layer!r}.")
    check_weights(layer)


def check_weights(layer: Any) -> None:
    """Refuses a layer that is not built or whose kernel is quantised."""
    if not layer.built:
        raise ModelError(f"layer `{layer.name}`: it is not built, so that it has no weights. Call layer.build(shape).")
    if layer.quantization_mode:
        raise ModelError(
            f"layer `{layer.name}`: expected weights that are not quantised, which convolutions and dense layers store "
            f"alike. Received: {layer.quantization_mode}. Convert first, quantise then."
        )


def over_channels(layer: Any, data_format: str) -> Any:
    """Returns the activation that does to the channels of a map what the layer's does to its units.

    Raises:
        ModelError: the channels are to come first, and nobody knows the activation of units along another axis.
    """
    activation = layer.activation
    if data_format == "channels_last" or not mixes_units(activation):
        return activation
    if activation is activations.softmax:
        return layers.Softmax(axis=1, dtype=layer.dtype_policy, name="over_channels")
    raise ModelError(
        f"layer `{layer.name}`: its activation {name_of(activation)} runs along the last axis, where a map with "
        "channels first has positions. Put it into a layer of its own behind the converted one."
    )


def mixes_units(activation: Any) -> bool:
    """Whether an activation may mix the values of its last axis: some of Keras' own do, and nobody knows of others."""
    own = getattr(activations, name_of(activation), None)
    return own is not activation or activation in ACROSS_UNITS


def name_of(activation: Any) -> str:
    """Returns what an activation is called."""
    return str(getattr(activation, "__name__", type(activation).__name__))


def built_with(layer: Any, input_shape: Sequence[int | None], kernel: Any, bias: Any) -> Any:
    """Returns the layer, built with copies of these weights; nothing is drawn at random first."""
    later = layer.kernel_initializer, layer.bias_initializer
    layer.kernel_initializer, layer.bias_initializer = _copying(kernel), _copying(bias)
    layer.build(input_shape)
    layer.kernel_initializer, layer.bias_initializer = later
    return layer


def _copying(values: Any) -> Callable[..., Any]:
    # Without a copy, two layers would share memory on some backends, and training one would change the other.
    return lambda shape, dtype=None: ops.copy(ops.cast(ops.reshape(values, shape), dtype))


def _as_kernel(weights: Any, shape: Sequence[Any], data_format: str, flattened: str) -> Any:
    """The matrix `(values of the map, units)` as `(*positions, channels, units)`."""
    rank = len(shape) - 2
    stored = [rank, *range(rank)] if data_format == "channels_first" else [*range(rank), rank]
    # A Flatten with channels first puts the axis behind the batch last, whatever it holds.
    order = [*stored[1:], stored[0]] if flattened == "channels_first" else stored
    sizes = dict(zip(stored, shape[1:], strict=True))
    unflattened = ops.reshape(weights, (*(sizes[axis] for axis in order), weights.shape[-1]))
    places = [order.index(axis) for axis in range(rank + 1)]
    return unflattened if places == sorted(places) else ops.transpose(unflattened, (*places, rank + 1))


def _constraint(dense: Any, rank: int) -> Any:
    """The constraint on the weights of each unit, which are those of all axes but the last."""
    kept = keras.constraints.serialize(dense.kernel_constraint)
    own = kept.get("config", {}) if isinstance(kept, dict) else {}
    if own.get("axis") in (0, [0]):
        return {**kept, "config": {**own, "axis": list(range(rank + 1))}}
    return kept
