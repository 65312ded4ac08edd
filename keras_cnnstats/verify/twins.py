"""What stands in for a call that picks one of several values: the same windows, and each value in them counts.

The gradient of a maximum reaches the winner alone; that of a mean or a sum reaches all that took part.
"""

from collections.abc import Callable
from typing import Any

from keras import layers, ops

from keras_cnnstats import layers as reference
from keras_cnnstats.graph import Call

_LAYERS: dict[type, type] = {
    layers.MaxPooling1D: layers.AveragePooling1D,
    layers.MaxPooling2D: layers.AveragePooling2D,
    layers.MaxPooling3D: layers.AveragePooling3D,
    layers.GlobalMaxPooling1D: layers.GlobalAveragePooling1D,
    layers.GlobalMaxPooling2D: layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling3D: layers.GlobalAveragePooling3D,
    layers.AdaptiveMaxPooling1D: layers.AdaptiveAveragePooling1D,
    layers.AdaptiveMaxPooling2D: layers.AdaptiveAveragePooling2D,
    layers.AdaptiveMaxPooling3D: layers.AdaptiveAveragePooling3D,
    layers.Maximum: layers.Add,
    layers.Minimum: layers.Add,
    reference.ReferenceMaxPooling1D: reference.ReferenceAveragePooling1D,
    reference.ReferenceMaxPooling2D: reference.ReferenceAveragePooling2D,
    reference.ReferenceMaxPooling3D: reference.ReferenceAveragePooling3D,
}


PICKING_INSIDE = (layers.AutoContrast, layers.Equalization)
"""Layers that pick values on the way, and for which nothing stands in."""


def _mean(operation: Any) -> Callable[..., Any]:
    return lambda x, *_, **__: ops.mean(x, axis=operation.axis, keepdims=operation.keepdims)


def _average_pool(operation: Any) -> Callable[..., Any]:
    window = operation.pool_size, operation.strides, operation.padding, operation.data_format
    return lambda x: ops.average_pool(x, *window)


def _adaptive_average_pool(operation: Any) -> Callable[..., Any]:
    return lambda x: ops.adaptive_average_pool(x, operation.output_size, operation.data_format)


def _sum(_: Any) -> Callable[..., Any]:
    # Truth values have no sum: as numbers they have.
    return lambda x1, x2: ops.add(ops.multiply(x1, 1.0), x2)


SAYING_WHICH: dict[Any, Callable[[Any], Callable[..., Any]]] = {
    ops.argmax: _mean,
    ops.argmin: _mean,
    ops.equal: _sum,
    ops.not_equal: _sum,
    ops.greater: _sum,
    ops.greater_equal: _sum,
    ops.less: _sum,
    ops.less_equal: _sum,
}
"""Operations that make an index or a truth value, which has no slope; what stands in makes numbers."""

_OPERATIONS: dict[Any, Callable[[Any], Callable[..., Any]]] = {
    **SAYING_WHICH,
    ops.max: _mean,
    ops.min: _mean,
    ops.amax: _mean,
    ops.amin: _mean,
    ops.maximum: _sum,
    ops.minimum: _sum,
    ops.max_pool: _average_pool,
    ops.adaptive_max_pool: _adaptive_average_pool,
}


def twin_of(call: Call) -> Any:
    """Returns what runs in the place of a call's layer or operation; itself where it picks nothing."""
    for cls, twin in _LAYERS.items():
        if isinstance(call.layer, cls) and type(call.layer).call is cls.call:  # type: ignore[attr-defined]
            return twin.from_config(call.layer.get_config())  # type: ignore[attr-defined]
    replaced = _OPERATIONS.get(call.target)
    return call.layer if replaced is None else replaced(call.layer)
