"""Rules of attention layers."""

from typing import Any

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    FUNCTIONS,
    Contraction,
    Cost,
    Elementwise,
    Kept,
    Mix,
    Primitive,
    Reduction,
    Size,
    Softmax,
    attention,
    product,
)
from keras_cnnstats.rules.registry import RuleGapError, rule


def _projection(inputs: Size, outputs: int, positions: Size, bias: bool) -> Contraction:
    return Contraction(inputs=inputs, outputs=outputs, positions=positions, bias=outputs if bias else 0)


def argument(call: Call, place: int, name: str) -> Any:
    """An argument of a call, by its place or by its name; `None` where it was not given."""
    return call.args[place] if len(call.args) > place else call.kwargs.get(name)


def _is_masked(call: Call) -> bool:
    names = ("attention_mask", "query_mask", "value_mask", "key_mask", "use_causal_mask", "mask")
    return any(call.kwargs.get(name) not in (None, False) for name in names)


@rule(layers.MultiHeadAttention)
def multi_head_attention(call: Call) -> list[Primitive]:
    """Queries, keys and values are projected to heads; each head attends; the heads are projected back."""
    layer, y = call.layer, call.results[0].shape
    if layer.get_config().get("use_gate"):
        raise RuleGapError("no rule for MultiHeadAttention with use_gate=True")
    query, value = (argument(call, place, name).shape for place, name in enumerate(("query", "value")))
    key = getattr(argument(call, 2, "key"), "shape", None) or value
    # A layer that was followed in a model that is not built has forgotten the axes again.
    axes, heads = layer.attention_axes or tuple(range(1, len(query) - 1)), layer.num_heads
    # What is attended over along `axes` is attended over for each position along the others.
    beside = product(size for place, size in enumerate(query[1:-1], 1) if place not in axes)
    queries, keys = product(query[axis] for axis in axes), product(key[axis] for axis in axes)
    bias = layer.use_bias
    return [
        _projection(query[-1], heads * layer.key_dim, product(query[1:-1]), bias),
        _projection(key[-1], heads * layer.key_dim, product(key[1:-1]), bias),
        _projection(value[-1], heads * layer.value_dim, product(value[1:-1]), bias),
        *attention(
            queries, keys, product((heads, beside)), layer.key_dim, layer.value_dim, _is_masked(call), tuple(axes)
        ),
        _projection(heads * layer.value_dim, y[-1] or 0, product(y[1:-1]), bias),
    ]


@rule(layers.GroupQueryAttention)
def group_query_attention(call: Call) -> list[Primitive]:
    """As multi-head attention, with heads of keys and values that several heads of queries share."""
    layer, y = call.layer, call.results[0].shape
    if layer.use_gate:
        raise RuleGapError("no rule for GroupQueryAttention with use_gate=True")
    query, value = (argument(call, place, name).shape for place, name in enumerate(("query", "value")))
    key = getattr(argument(call, 2, "key"), "shape", None) or value
    size, shared = layer.head_dim, layer.num_key_value_heads * layer.head_dim
    return [
        _projection(query[-1], layer.num_query_heads * size, query[1], layer.use_bias),
        _projection(key[-1], shared, key[1], layer.use_bias),
        _projection(value[-1], shared, value[1], layer.use_bias),
        *attention(query[1], key[1], layer.num_query_heads, size, size, _is_masked(call)),
        _projection(layer.num_query_heads * size, y[-1] or 0, y[1], layer.use_bias),
    ]


def _inputs(call: Call) -> tuple[Any, Any, Any]:
    """Shapes of query, value and key; the value is the key where none is given."""
    shapes = [spec.shape for spec in argument(call, 0, "inputs")]
    return shapes[0], shapes[1], shapes[2] if len(shapes) > 2 else shapes[1]


def _held(call: Call) -> list[Primitive]:
    return [Kept(weights=sum(weight.size for weight in call.weights))] if call.weights else []


@rule(layers.Attention)
def dot_attention(call: Call) -> list[Primitive]:
    """Each query's products with all keys, a softmax, and the sum of the values with these weights."""
    if call.layer.score_mode != "dot":
        return _additive(call)
    query, value, key = _inputs(call)
    scaled = int(call.layer.use_scale) + _is_masked(call)
    parts = attention(query[1], key[1], 1, query[2], value[2], masked=False)
    return [*_held(call), parts[0], *_scaled(scaled, product((query[1], key[1]))), *parts[2:]]


def _scaled(steps: int, scores: Size) -> list[Primitive]:
    """So many additions and multiplications of each score."""
    return [Elementwise(cost=Cost(steps, registered=steps, hlo=steps), elements=scores)] if steps else []


@rule(layers.AdditiveAttention)
def additive_attention(call: Call) -> list[Primitive]:
    """The sum of tanh(query + key) over their values, for each pair; a softmax; the sum of the values."""
    return _additive(call)


def _additive(call: Call) -> list[Primitive]:
    query, value, key = _inputs(call)
    pairs, rows = product((query[1], key[1])), query[1]
    steps = 1 + bool(call.layer.use_scale)
    # A weight of all scores, which the layer of that name does not have; and a mask.
    scaled = (not isinstance(call.layer, layers.AdditiveAttention)) + _is_masked(call)
    summed = Cost(steps + FUNCTIONS["tanh"].arithmetic, FUNCTIONS["tanh"].transcendentals, steps, steps)
    return [
        *_held(call),
        Elementwise(cost=summed, elements=product((pairs, query[2]))),
        Reduction(count=query[2], outputs=pairs, registered=True, over=Mix((1,))),
        *_scaled(scaled, pairs),
        Softmax(groups=rows, size=key[1]),
        Contraction(inputs=key[1], outputs=value[2], positions=rows, weights=False),
    ]
