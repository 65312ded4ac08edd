"""The zeros among the weights of a model: the one place where values of weights are read, and only when asked for."""

from typing import Any

import keras
import numpy as np

from keras_cnnstats.capture.adapted import mode_of, packed
from keras_cnnstats.errors import ModelError


def zeros_of(model: Any) -> dict[int, int]:
    """Returns how many values of each weight are zero, by the identity of the variable; packed ones are unpacked.

    Raises:
        ModelError: the weights have no values.
    """
    found: dict[int, int] = {}
    for layer in _layers(model):
        own = layer._trainable_variables + layer._non_trainable_variables
        meant = {id(variable): (variable, rows, columns) for variable, rows, columns in packed(layer)}
        for variable in own:
            if id(variable) not in found and variable.dtype != "string":
                _check_value(model, variable)
                found[id(variable)] = _zeros(layer, *meant.get(id(variable), (variable, 0, 0)))
    return found


def _layers(model: Any) -> list[Any]:
    if isinstance(model, keras.layers.Layer):
        return list(model._flatten_layers())
    layers = [operation for operation in model.operations if isinstance(operation, keras.layers.Layer)]
    return [inner for layer in layers for inner in layer._flatten_layers()]


def _check_value(model: Any, variable: Any) -> None:
    if variable._value is None:
        raise ModelError(
            f"sparsity: the weights of model `{model.name}` have no values, of which `{variable.path}` is the first: "
            "it was built in abstract(). Build it outside, or analyse it without sparsity=True."
        )


def _zeros(layer: Any, variable: Any, rows: int, columns: int) -> int:
    values = np.asarray(keras.ops.convert_to_numpy(variable.value))
    if rows:
        return int(np.count_nonzero(_levels(layer, variable, rows, columns) == _zero_points(layer, variable)))
    return int(values.size - np.count_nonzero(values))


def _levels(layer: Any, variable: Any, rows: int, columns: int) -> Any:
    """The integers that packed weights are, with the rows of the kernel first."""
    if mode_of(layer) in ("gptq", "awq"):
        values = variable.value
        if values.shape[0] != columns:
            values = keras.quantizers.unpack_int4(values, columns, axis=0, dtype="uint8")
        return np.asarray(keras.ops.convert_to_numpy(values)).T
    axis, length = (0, rows) if variable is getattr(layer, "reverse_embeddings", None) else (-1, columns)
    return np.asarray(keras.ops.convert_to_numpy(keras.quantizers.unpack_int4(variable.value, length, axis=axis)))


def _zero_points(layer: Any, variable: Any) -> Any:
    """The integers that stand for zero, one for each weight or for all."""
    name = {
        id(getattr(layer, "_embeddings", None)): "embeddings_zero",
        id(getattr(layer, "reverse_embeddings", None)): "reverse_embeddings_zero",
    }.get(id(variable), "kernel_zero")
    if not hasattr(layer, name):
        return 0
    points = np.asarray(keras.ops.convert_to_numpy(getattr(layer, name).value)).astype("int32")
    groups = np.asarray(keras.ops.convert_to_numpy(layer.g_idx.value)).astype("int32")
    if mode_of(layer) in ("gptq", "awq"):
        return points[:, groups].T
    return points[:, groups] if name == "embeddings_zero" else points[groups]
