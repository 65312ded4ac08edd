"""The variables that a layer or an operation holds, as plain records: none of their values is read."""

from math import prod
from typing import Any

import keras

from keras_cnnstats.graph import Weight
from keras_cnnstats.units import dtype_bytes


def weights_of(holder: Any, trainable: bool) -> tuple[Weight, ...]:
    """Returns the variables of a layer, or those among the arguments of an operation's node."""
    if not isinstance(holder, keras.layers.Layer):
        arguments = holder.arguments
        if len(arguments._flat_arguments) == len(arguments.keras_tensors):
            return ()
        own = [each for each in arguments._flat_arguments if isinstance(each, keras.Variable)]
    elif holder._layers:
        # `weights` also looks through the layers inside, which few have.
        own = holder.weights
    else:
        own = holder._trainable_variables + holder._non_trainable_variables
    return tuple([weight_of(weight, trainable) for weight in own])


def weight_of(variable: Any, trainable: bool) -> Weight:
    """Returns the record of a variable; `trainable` says whether the layers that hold it are."""
    size, dtype = prod(variable._shape), variable._dtype
    return Weight(id(variable), size, trainable and variable.trainable, size * (dtype_bytes(dtype) or 0), dtype)


def adapted(operation: Any) -> str:
    """Returns what was made of a layer's weights since it was built."""
    if getattr(operation, "lora_enabled", False):
        return "low rank"
    return "quantised" if getattr(operation, "quantization_mode", None) else ""
