"""The variables that a layer or an operation holds, as plain records: none of their values is read."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import Any

import keras

from keras_cnnstats.capture.adapted import is_plain, roles
from keras_cnnstats.capture.views import Views
from keras_cnnstats.graph import TensorSpec, Weight
from keras_cnnstats.units import dtype_bytes

_AS_BUILT: Mapping[int, tuple[int, bool]] = MappingProxyType({})


def variables_within(layer: Any) -> list[Any]:
    """Returns the variables of a layer and of all inside it, each once, in the order of `Layer.weights`.

    That goes through what is nested level by level, once more for each level that it is nested in.
    """
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [layer]
    usual = keras.layers.Layer.weights
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            is_own = type(each).weights is not usual
            for one in each.weights if is_own else _own(each):
                found.setdefault(id(one), one)
            if not is_own and each._layers:
                waiting.extend(reversed(each._layers))
    return list(found.values())


def sizes_within(model: Any) -> dict[int, int] | None:
    """Returns the values that each layer inside a model holds, with all inside it, by the layer's identity.

    `None` where something is held in two places, so that what two layers hold cannot be added up.
    """
    layers: dict[int, Any] = {}
    counted: set[int] = set()
    waiting = [model]
    while waiting:
        each = waiting.pop()
        own = [id(one) for one in _own(each)]
        is_usual = type(each).weights is keras.layers.Layer.weights and len(set(own)) == len(own)
        if id(each) in layers or not is_usual or not counted.isdisjoint(own):
            return None
        layers[id(each)] = each
        counted.update(own)
        waiting.extend(each._layers)
    sizes: dict[int, int] = {}
    for each in reversed(layers.values()):
        sizes[id(each)] = values_of(_own(each)) + sum([sizes[id(inner)] for inner in each._layers])
    return sizes


def values_of(variables: Iterable[Any]) -> int:
    """Returns how many values some variables have."""
    return sum([prod(each._shape) for each in variables])


def _own(layer: Any) -> list[Any]:
    own: list[Any] = layer._trainable_variables + layer._non_trainable_variables
    return own


def weights_of(layer: Any, trainable: bool) -> tuple[Weight, ...]:
    """Returns the variables of a layer."""
    known = _AS_BUILT
    if layer._layers:
        # `weights` also looks through the layers inside, which few have.
        own, known = layer.weights, roles(layer)
    else:
        own = _own(layer)
        if not is_plain(layer):
            known = roles(layer)
    return tuple([weight_of(variable, trainable, known) for variable in own]) if own else ()


def weights_given(node: Any, trainable: bool, views: Views) -> tuple[Weight, ...]:
    """Returns the variables among the arguments of an operation, and those that it is given views of."""
    arguments = node.arguments
    if len(arguments._flat_arguments) == len(arguments.keras_tensors):
        return ()
    given = [views.weight(each) for each in arguments._flat_arguments if isinstance(each, keras.Variable)]
    distinct = {id(each): each for each in given if each is not None}
    return tuple([weight_of(each, trainable) for each in distinct.values()])


def weight_of(variable: Any, trainable: bool, known: Mapping[int, tuple[int, bool]] = _AS_BUILT) -> Weight:
    """Returns the record of a variable.

    Args:
        variable: the variable.
        trainable: whether the layers that hold it are.
        known: what variables of quantised layers stand for.
    """
    key, dtype = id(variable), variable._dtype
    stored, size_in_bytes = _stored(variable._shape, dtype)
    if key not in known:
        return Weight(key, stored, trainable and variable._trainable, size_in_bytes, dtype, variable._name)
    size, is_state = known[key]
    trained = trainable and variable._trainable and not is_state
    return Weight(key, size, trained, size_in_bytes, dtype, variable._name, is_state)


@lru_cache(maxsize=4096)
def _stored(shape: tuple[int, ...], dtype: str) -> tuple[int, int]:
    """The values of a variable, and the bytes that they are stored in."""
    values = prod(shape)
    return values, values * (dtype_bytes(dtype) or 0)


def multiplied_in(operation: Any, specs: tuple[TensorSpec, ...], results: tuple[TensorSpec, ...]) -> str:
    """Returns the dtype that a layer or an operation multiplies in."""
    is_layer = isinstance(operation, keras.layers.Layer)
    if is_layer and operation.autocast:
        own = operation._dtype_policy._compute_dtype if is_plain(operation) else operation.compute_dtype
        return str(own or keras.config.floatx())
    read = [spec.dtype for spec in specs]
    if not is_layer:
        made = results[0].dtype if results else "float32"
        # Products of integers are added up in wider ones.
        return common_dtype(read) if "int" in made and read else made
    own = operation.compute_dtype or keras.config.floatx()
    return common_dtype([own, *[name for name in read if "float" in name]])


def common_dtype(names: list[str]) -> str:
    """Returns the dtype that values of several dtypes are brought to; the first where Keras has no rule for one."""
    try:
        return names[0] if len(set(names)) == 1 else str(keras.backend.result_type(*names))
    except (ValueError, TypeError):
        return names[0]
