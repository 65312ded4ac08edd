"""Rules of activations: as layers, and as the functions that other layers end with."""

from typing import Any

from keras import layers

from keras_cnnstats.capture import CannotFollowError, calls_of
from keras_cnnstats.graph import Call, FeatureMap, TensorSpec
from keras_cnnstats.primitives import (
    FREE,
    FUNCTIONS,
    WITH_SLOPE,
    Cost,
    Elementwise,
    Once,
    Part,
    Primitive,
    Softmax,
    Statistics,
    axes_of,
    composed,
    elu,
    other_axes,
    part_of,
    relu,
    share,
)
from keras_cnnstats.rules.registry import RuleGapError, find, is_known, rule, wrapped


def activation(function: Any, y: FeatureMap) -> list[Primitive]:
    """The primitives of the activation function that is applied to `y`, the output of the layer that it ends."""
    if function is None:
        return []
    # A function of the user's may have the name of one of Keras'.
    is_own = str(getattr(function, "__module__", "")).startswith("keras.")
    name = getattr(function, "__name__", None) if is_own else None
    if name == "linear":
        return []
    if name in ("softmax", "log_softmax"):
        return softmax(y, -1, log=name == "log_softmax")
    if isinstance(function, layers.Layer) and _is_counted(function):
        return _layer_activation(function, y)
    if name not in FUNCTIONS:
        return _written_activation(function, y)
    # Its first half times a gate made of the second; the costs are for each output.
    elements = share(y.elements, 2) if name == "glu" else y.elements
    return [Elementwise(cost=FUNCTIONS[name], elements=elements, name="activation")]


def _is_counted(layer: Any) -> bool:
    """Whether an activation layer computes as Keras' own do, and nobody has another rule for it."""
    found = find(type(layer))
    return found.rule is activation_layer and found.is_certain


def _written_activation(function: Any, y: FeatureMap) -> list[Primitive]:
    """The primitives of a function that is not Keras' own: those of the operations that it calls."""
    try:
        holder = function if isinstance(function, layers.Layer) else None
        calls = calls_of(function, TensorSpec(y.shape), holder=holder, is_known=is_known)
    except CannotFollowError as reason:
        raise RuleGapError(
            f"no cost is known for the activation `{_name(function)}`: it cannot be followed ({reason})"
        ) from reason
    parts = [_part(call, y) for call in calls]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        raise RuleGapError(f"the activation `{_name(function)}` is no function of each element by itself")
    return [Elementwise(cost=composed(known), elements=y.elements, name="activation")]


def _part(call: Call, y: FeatureMap) -> Part | None:
    """What one of the operations of a written function computes of each element."""
    if len(call.outputs) != 1 or call.output.elements != y.elements:
        return None
    primitives, is_sloped = wrapped(call, call.layer, call.target), call.results[0].dtype.startswith(WITH_SLOPE)
    return part_of(primitives, y.elements, call.inputs, call.outputs[0], is_sloped)


def _name(function: Any) -> str:
    return getattr(function, "__name__", None) or repr(function)


def softmax(y: FeatureMap, axis: Any, log: bool = False) -> list[Primitive]:
    """A softmax over one or several axes of `y`."""
    rank = len(y.shape)
    axes = axes_of(axis, rank)
    return [
        Softmax(
            groups=y.sizes(other_axes(axes, rank)),
            size=y.sizes(axes),
            log=log,
            axes=len(axes),
            looks=Statistics(axes),
        )
    ]


def _elementwise(cost: Cost, y: FeatureMap, weights: int = 0) -> list[Primitive]:
    return [Elementwise(cost=cost, elements=y.elements, weights=weights, name="activation")]


def _layer_activation(layer: Any, y: FeatureMap) -> list[Primitive]:
    """The primitives of an activation layer, also where it stands inside another layer as its `activation`."""
    if isinstance(layer, layers.ReLU):
        return _elementwise(relu(layer.max_value, layer.negative_slope, layer.threshold), y)
    if isinstance(layer, layers.LeakyReLU):
        return _elementwise(FUNCTIONS["leaky_relu"], y)
    if isinstance(layer, layers.ELU):
        return _elementwise(elu(layer.alpha), y)
    if isinstance(layer, layers.Softmax):
        return softmax(y, layer.axis)
    if isinstance(layer, layers.Activation):
        return activation(layer.activation, y)
    raise RuleGapError(f"no cost is known for the activation layer `{type(layer).__name__}`")


@rule(layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax, layers.Activation)
def activation_layer(call: Call) -> list[Primitive]:
    """A function of each element, or of each group of elements (softmax)."""
    return _layer_activation(call.layer, call.input)


@rule(layers.PReLU)
def prelu(call: Call) -> list[Primitive]:
    """`x` where it is positive, a learned slope times `x` elsewhere."""
    # The other counters also see Keras negate each slope.
    negated = Elementwise(cost=Cost(0, registered=1, hlo=1, slopes=FREE), elements=call.held, name="activation")
    return [Once(primitive=negated), *_elementwise(FUNCTIONS["prelu"], call.output, call.held)]
