"""Rules of normalizations."""

from typing import Any

from keras import layers

from keras_cnnstats.graph import Call, FeatureMap
from keras_cnnstats.primitives import (
    BatchNormalization,
    Disturbance,
    Kept,
    Normalization,
    Primitive,
    Statistics,
    axes_of,
    other_axes,
    share,
    spectral,
)
from keras_cnnstats.rules.registry import rule, wrapped


@rule(layers.BatchNormalization)
def batch_normalization(call: Call) -> list[Primitive]:
    """`x * a + b`, with `a` and `b` folded from the moving statistics, scale and shift of each channel."""
    layer, x = call.layer, call.input
    normalization = BatchNormalization(
        elements=x.elements,
        channels=x.shape[layer.axis] or 0,
        scale=layer.scale,
        center=layer.center,
        statistics=layer.trainable,
        renormalized=getattr(layer, "renorm", False),
    )
    return [normalization, *normalization.beside]


def normalized(x: FeatureMap, axis: Any, method: str, scale: bool = False, center: bool = False) -> list[Primitive]:
    """The values of `x` over `axis`, set by their own statistics; with a scale and a shift for each where learned."""
    rank = len(x.shape)
    axes = axes_of(axis, rank)
    learned = x.sizes(axes) or 0
    normalization = Normalization(
        groups=x.sizes(other_axes(axes, rank)),
        size=x.sizes(axes),
        method=method,
        scale=learned if scale else 0,
        center=learned if center else 0,
        looks=Statistics(axes),
    )
    return [normalization, *normalization.beside]


@rule(layers.LayerNormalization)
def layer_normalization(call: Call) -> list[Primitive]:
    """Each position's values over `axis`: mean off, divided by the deviation, scaled and shifted."""
    layer = call.layer
    if layer.rms_scaling:
        # Keras takes no mean off and learns no shift, but still divides by the deviation.
        return normalized(call.input, layer.axis, "deviation", scale=True)
    return normalized(call.input, layer.axis, "layer", layer.scale, layer.center)


@rule(layers.RMSNormalization)
def rms_normalization(call: Call) -> list[Primitive]:
    """Each position's values over `axis`, divided by the root of their mean square, scaled."""
    return normalized(call.input, call.layer.axis, "rms", scale=True)


@rule(layers.GroupNormalization)
def group_normalization(call: Call) -> list[Primitive]:
    """The channels of a group at all positions: mean off, divided by the deviation, scaled and shifted by channel."""
    layer, x, rank = call.layer, call.input, len(call.input.shape)
    channels = x.shape[layer.axis] or 0
    groups = channels if layer.groups == -1 else layer.groups
    normalization = Normalization(
        groups=groups,
        size=share(x.elements, groups),
        method="group",
        scale=channels if layer.scale else 0,
        center=channels if layer.center else 0,
        looks=Statistics(other_axes(axes_of(layer.axis, rank), rank)),
    )
    return [normalization, *normalization.beside]


@rule(layers.UnitNormalization)
def unit_normalization(call: Call) -> list[Primitive]:
    """The values over `axis`, divided by the root of the sum of their squares."""
    return normalized(call.input, call.layer.axis, "unit")


@rule(layers.SpectralNormalization)
def spectral_normalization(call: Call) -> list[Primitive]:
    """The layer inside: its kernel is divided by its spectral norm in training alone, for which a vector is kept."""
    layer = call.layer
    # In a model that is not built the layer has no vector: it is as long as there are outputs.
    length = layer.vector_u.shape[-1] if layer.built else call.output.channels
    inner = wrapped(call, layer.layer)
    found = spectral(inner, length, layer.power_iterations)
    # What is divided where the kernel was adapted by itself, and in what order, is not counted.
    unknown = [*inner, Disturbance(cost=None, elements=call.output.elements)]
    return [*(found or unknown), Kept(weights=length)]
