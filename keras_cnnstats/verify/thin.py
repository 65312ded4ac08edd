"""Layers of a few channels in the place of wide ones: where all channels are treated alike, few show what all look at.

Windows, strides, padding and groups stay as they are, and the layer runs as ever. Where what it shows is not the same
for each channel after all, the wide one runs too.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keras import layers, ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verify.calls import specs_of

FEW = 4
"""So many channels stay: fewer would all be the same behind a normalization, and could not stand in groups."""


class Thin(NamedTuple):
    """What runs in the place of a call.

    Attributes:
        layer: the layer or operation.
        specs: what it is fed.
    """

    layer: Any
    specs: list[TensorSpec]


def thinned(call: Call, layer: Any, specs: Sequence[TensorSpec]) -> Thin | None:
    """Returns a call with few channels; `None` where it has no more, or where they may not be alike.

    Args:
        call: the call.
        layer: what runs in its place so far.
        specs: shape and dtype of each input.
    """
    if max((spec.shape[-1] or 0 for spec in (*specs, *call.results) if spec.shape), default=0) <= FEW:
        return None
    if call.adapted or not specs or any(call.place(spec) is None for spec in specs_of(call)):
        return None
    few = [spec._replace(shape=(*spec.shape[:-1], min(spec.shape[-1] or 0, FEW))) for spec in specs]
    if any(len(spec.shape) < 2 for spec in few) or (getattr(layer, "groups", 1) > 1 and few[0].shape[-1] != FEW):
        return None
    if call.target in _OPERATIONS or (type(layer) in _WEIGHTLESS and _has_channels_last(layer, few[0])):
        return Thin(layer, few)
    changes = _WEIGHTED.get(type(layer))
    if changes is None or not _has_channels_last(layer, few[0]):
        return None
    thin = type(layer).from_config(layer.get_config() | changes(layer))
    thin.build(few[0].shape)
    return Thin(thin, few)


def _has_channels_last(layer: Any, spec: TensorSpec) -> bool:
    axis = getattr(layer, "axis", -1)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    is_last = getattr(layer, "data_format", "channels_last") == "channels_last"
    return is_last and list(axes) in ([-1], [len(spec.shape) - 1])


def _same(_: Any) -> dict[str, Any]:
    return {}


def _filters(layer: Any) -> dict[str, Any]:
    return {"filters": FEW, "groups": min(layer.groups, 2)}


_WEIGHTED: dict[type, Callable[[Any], dict[str, Any]]] = {
    **dict.fromkeys((layers.Conv1D, layers.Conv2D, layers.Conv3D), _filters),
    **dict.fromkeys((layers.SeparableConv1D, layers.SeparableConv2D), lambda _: {"filters": FEW}),
    **dict.fromkeys((layers.DepthwiseConv1D, layers.DepthwiseConv2D), _same),
    **dict.fromkeys((layers.BatchNormalization, layers.LayerNormalization), _same),
    layers.Dense: lambda _: {"units": FEW},
}
"""How the configuration of a layer says that it makes few channels."""

_WEIGHTLESS = frozenset(
    {
        layers.Activation, layers.LeakyReLU, layers.ReLU, layers.Dropout, layers.Rescaling,
        layers.Add, layers.Concatenate, layers.Multiply,
        layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D,
        layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D,
        layers.Cropping1D, layers.Cropping2D, layers.Cropping3D,
        layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D,
    }
)  # fmt: skip
_OPERATIONS = frozenset({ops.add, ops.multiply, ops.subtract})
