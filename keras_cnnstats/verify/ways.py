"""Layers that Keras runs in another way than the one that their definition is counted by; the result is the same."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from keras import layers, ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import specs_of

Way = Callable[[Call], Term | None]


def ways_of(call: Call, batch_size: int, backend: str) -> tuple[Term, ...]:
    """Returns how much more is computed in the way that Keras goes; nothing where it goes the way that is counted."""
    terms = [ways[call.target](call) for ways in (_ANYWHERE, _ON[backend]) if call.target in ways]
    return tuple(term._replace(amount=term.amount * batch_size) for term in terms if term is not None)


def padded_before(call: Call, batch_size: int, backend: str) -> tuple[Term, ...]:
    """Returns the products with padding that a causal convolution has done before it: XLA cannot tell it from a map."""
    if backend != "jax" or call.target is not layers.Conv1D or call.layer.padding != "causal":
        return ()
    layer, (positions, channels) = call.layer, (call.output.area or 0, call.input.channels)
    (taps,), (stride,), (dilation,) = layer.kernel_size, layer.strides, layer.dilation_rate
    outside = sum(min(positions, -(-tap * dilation // stride)) for tap in range(taps))
    amount = 2 * outside * (channels // layer.groups) * layer.filters * batch_size
    return (Term("padded taps", amount, "the input is padded before the convolution, which counts these taps too"),)


def another_algorithm(call: Call, backend: str) -> str:
    """Returns why work beside contractions is not comparable: the backend's algorithm is not the definition at all."""
    if backend == "jax" and call.target in _RESIZED and getattr(call.layer, "interpolation", "nearest") != "nearest":
        return "on JAX an image is resized by matrix products with weights for each axis"
    if backend != "torch" and call.target in _IN_CELLS:
        return "cells of unequal size are picked from windows of both sizes"
    return ""


def _attention_with_scores(call: Call) -> Term | None:
    """Scores that are returned, partly dropped, or between positions on several axes are made step by step."""
    layer = call.layer
    if not _has_scores(call):
        return None
    queries = _queries(call) * (getattr(layer, "head_dim", None) or layer.key_dim)
    return Term("queries", queries - _scores(call), "the queries are scaled, and not the scores")


def _has_scores(call: Call) -> bool:
    return len(_given(call, 0, "query").shape) != 3 or len(call.results) > 1 or bool(call.layer.dropout)


def _queries(call: Call) -> int:
    """Queries of all heads."""
    heads: int = getattr(call.layer, "num_heads", None) or call.layer.num_query_heads
    return heads * _values(_given(call, 0, "query").shape[1:-1])


def _scores(call: Call) -> int:
    """Pairs of a query and a key, of all heads."""
    key = _given(call, 1, "value").shape
    axes = getattr(call.layer, "attention_axes", None) or range(1, len(key) - 1)
    return _queries(call) * _values([key[axis] for axis in axes])


def _zeroed(call: Call) -> Term | None:
    """Behind a softmax, what is masked becomes zero once more."""
    masks = [call.kwargs.get(f"{name}_mask") for name in ("attention", "query", "value", "key")]
    is_masked = call.kwargs.get("use_causal_mask") or any(each is not None for each in masks)
    return _choices(_scores(call)) if is_masked and _has_scores(call) else None


def _masked_softmax(call: Call) -> Term | None:
    """What is masked is chosen before and behind; a mask of numbers is turned into truth values first."""
    mask = call.args[1] if len(call.args) > 1 else call.kwargs.get("mask")
    if mask is None:
        return None
    turned = _turned(mask) if "float" in mask.dtype else 0
    return _choices(2 * _values(call.results[0].shape[1:]) + turned)


def _place(call: Call) -> Term | None:
    """Negative zeros are found and chosen first."""
    return _choices(2 * _values(call.specs[0].shape[1:])) if "float" in call.specs[0].dtype else None


def _additive_attention(call: Call) -> Term | None:
    """Each value of each pair of a query and a key is multiplied by 1."""
    if call.layer.use_scale:
        return None
    query, key = call.specs[0].shape, call.specs[-1].shape
    amount = _values((query[1], key[1], query[2]))
    return Term("scale", amount, "where there is no scale, all values are multiplied by 1")


def _chosen(call: Call) -> Term:
    """One choice for each value that is made, of truth values that numbers may have to be made to first."""
    condition = _given(call, 0, "condition")
    # In the midst of numbers, whole numbers are places to the referee.
    turned = _turned(condition) if "float" in condition.dtype or not _makes_numbers(call) else 0
    return _choices(_values(call.results[0].shape[1:]) + turned)


def _compared(call: Call) -> Term | None:
    """Where one of the maps is one of numbers, all are made to numbers, and turned into truth values then."""
    specs, first = specs_of(call), call.results[0].shape[:1]
    if all(spec.dtype == "bool" for spec in specs):
        return None
    return _choices(sum(_values(spec.shape[spec.shape[:1] == first :]) for spec in specs))


def _makes_numbers(call: Call) -> bool:
    return any("float" in each.dtype for each in call.results)


def _chosen_once(call: Call) -> Term:
    """One choice for each value that is made."""
    return _choices(_values(call.results[0].shape[1:]))


def _without_bias(call: Call) -> Term:
    """What a recurrence has no bias for is added to zeros at each step."""
    both = (
        (call.layer.forward_layer, call.layer.backward_layer) if call.target is layers.Bidirectional else (call.layer,)
    )
    without = [each for each in both if isinstance(each, layers.GRU) and each.reset_after and not each.use_bias]
    amount = 2 * 3 * sum(each.units for each in without) * _values(call.specs[0].shape[1:2])
    return Term("zeros", amount, "where there is no bias, zeros are added at each step")


def _masked(call: Call) -> Term | None:
    """Scores are chosen by the mask, where that is made of places or has to be merged."""
    if not call.kwargs.get("use_causal_mask"):
        return None
    return _choices(_values((call.specs[0].shape[1], call.specs[-1].shape[1])))


def _hot(call: Call) -> Term | None:
    """Tokens that are written as numbers are compared as numbers."""
    return None if "int" in call.specs[0].dtype else _chosen_once(call)


def _degrees(call: Call) -> Term:
    """The degrees of freedom are worked out, and each variance is chosen where there are any."""
    amount = 3 + _values(call.results[0].shape[1:])
    return Term("degrees of freedom", amount, "it counts that there are degrees of freedom left")


def _turned(spec: TensorSpec) -> int:
    return 0 if spec.dtype == "bool" else _values(spec.shape[1:])


def _choices(amount: int) -> Term:
    return Term("choices", amount, "XLA counts choices and conversions as one operation for each value")


def _given(call: Call, place: int, name: str) -> Any:
    """An argument, by its place or by its name."""
    return call.args[place] if len(call.args) > place else call.kwargs[name]


def _values(sizes: Any) -> int:
    return prod(sizes)


_RESIZED = frozenset({layers.Resizing, layers.UpSampling2D, ops.image.resize})
_IN_CELLS = frozenset(
    {
        layers.AdaptiveAveragePooling1D, layers.AdaptiveAveragePooling2D, layers.AdaptiveAveragePooling3D,
        layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D, layers.AdaptiveMaxPooling3D,
        ops.adaptive_average_pool, ops.adaptive_max_pool,
    }
)  # fmt: skip
_ANYWHERE: Mapping[Any, Way] = {
    layers.MultiHeadAttention: _attention_with_scores,
    layers.GroupQueryAttention: _attention_with_scores,
    layers.AdditiveAttention: _additive_attention,
}
_ON: Mapping[str, Mapping[Any, Way]] = {
    "tensorflow": {},
    "torch": {},
    "jax": {
        **dict.fromkeys((layers.Bidirectional, layers.GRU), _without_bias),
        layers.Softmax: _masked_softmax,
        **dict.fromkeys((layers.MultiHeadAttention, layers.GroupQueryAttention), _zeroed),
        **dict.fromkeys((ops.argmax, ops.argmin), _place),
        **dict.fromkeys((layers.AdditiveAttention, layers.Attention), _masked),
        ops.where: _chosen,
        ops.one_hot: _hot,
        **dict.fromkeys((ops.triu, ops.tril, ops.nancumsum, ops.nancumprod), _chosen_once),
        **dict.fromkeys((ops.std, ops.var), _degrees),
        **dict.fromkeys((ops.logical_and, ops.logical_or, ops.logical_not), _compared),
    },
}
