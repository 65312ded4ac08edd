"""Convolutions that run in double precision, as TensorFlow's gradient of them may end the process.

With oneDNN, which TensorFlow 2.21 uses on processors with AVX512 for networks, the gradient towards the input of a
convolution of one tap with a stride writes behind the end of that tensor. oneDNN has no double precision: there
TensorFlow has a way of its own.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verify.calls import specs_of

_LAYERS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)


def is_doubled(call: Call) -> bool:
    """Whether a call has to run in double precision."""
    if keras.backend.backend() != "tensorflow":
        return False
    if isinstance(call.layer, _LAYERS):
        kernel = call.layer.kernel_size
    elif call.target is ops.conv:
        kernel = specs_of(call)[-1].shape[:-2]
    else:
        return False
    return {*kernel} == {1} != {*keras.tree.flatten(call.layer.strides)}


def doubled(spec: TensorSpec) -> TensorSpec:
    """Returns shape and dtype of the same numbers in double precision."""
    return spec._replace(dtype="float64") if "float" in spec.dtype else spec


def doubled_layer(layer: Any, specs: Sequence[TensorSpec]) -> Any:
    """Returns a layer that does the same in double precision; an operation does as it is fed."""
    if not isinstance(layer, layers.Layer):
        return layer
    twin = type(layer).from_config(layer.get_config() | {"dtype": "float64"})
    twin.build(specs[0].shape)
    return twin
