"""Rules of attention layers."""

from itertools import chain
from typing import Any

from keras import layers

from keras_cnnstats.capture import inner_layers
from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.primitives import (
    DROPOUT,
    FREE,
    FUNCTIONS,
    SUM,
    Contraction,
    Cost,
    Disturbance,
    Elementwise,
    Map,
    Mix,
    Primitive,
    Rearrangement,
    Reduction,
    Size,
    Softmax,
    attention,
    computed,
    ends,
    more,
    product,
)
from keras_cnnstats.rules.adapted import adapted
from keras_cnnstats.rules.registry import rule

_WEIGHTED = Cost(1, registered=1, hlo=1).sloped("multiply")
"""A product with a weight."""


def _projection(
    dense: Any, inputs: Size, outputs: Size, positions: Size, bias: bool, source: int | None = -1
) -> list[Primitive]:
    """What a dense layer inside computes of what stands before it, or of one of the inputs."""
    contraction = Contraction(
        inputs=inputs, outputs=outputs, positions=positions, bias=outputs if bias and outputs else 0
    )
    # It may have been quantised or adapted by itself.
    return computed(adapted(dense), contraction, product((inputs, positions)), source, is_first=False)


def _projected(call: Call, dense: Any, spec: TensorSpec, outputs: Size) -> list[Primitive]:
    """The projection of one of the inputs."""
    shape = spec.shape
    return _projection(dense, shape[-1], outputs, product(shape[1:-1]), call.layer.use_bias, call.place(spec))


def _repeated(spec: TensorSpec, values: Size, repeated: Size) -> Rearrangement:
    """Values of each position, repeated for the heads that share them."""
    return Rearrangement(added=product((spec.shape[1], more(repeated, values))))


def _gate(call: Call, dense: Any, asking: TensorSpec, values: Size) -> list[Primitive]:
    """The share of each value that a query lets through: the sigmoid of one more projection of it."""
    sigmoid = Elementwise(cost=FUNCTIONS["sigmoid"], elements=product((*asking.shape[1:-1], values)), name="activation")
    return [*_projected(call, dense, asking, values), sigmoid]


def _let_through(gate: list[Primitive], attended: list[Primitive], values: Size) -> list[Primitive]:
    """What was attended to, multiplied by the gate that was made before it."""
    maps = tuple(Map(values, place) for place in reversed(ends(gate, attended)))
    return [Elementwise(cost=_WEIGHTED, elements=values, maps=maps)] if gate else []


def _projections(layer: Any) -> dict[str, Any]:
    """The dense layers inside by their names; without those that are not made yet."""
    return {each.name: each for each in inner_layers(layer, layers.EinsumDense)}


def _is_masked(call: Call, window: Any = None) -> bool:
    """Whether scores are masked: by an argument, or beyond a window around each query."""
    names = ("attention_mask", "query_mask", "value_mask", "key_mask", "use_causal_mask", "mask")
    return window is not None or any(call.kwargs.get(name) not in (None, False) for name in names)


def _asked(call: Call) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
    """Query, value and key; the value is the key where none is given."""
    query, value = call.argument(0, "query"), call.argument(1, "value")
    key = call.argument(2, "key")
    return query, value, value if key is None else key


@rule(layers.MultiHeadAttention)
def multi_head_attention(call: Call) -> list[Primitive]:
    """Queries, keys and values are projected to heads; each head attends; the heads are projected back."""
    layer, settings = call.layer, call.layer.get_config()
    asking, summed, asked = _asked(call)
    query, key = asking.shape, asked.shape
    # A layer that was followed in a model that is not built has forgotten the axes again.
    axes, heads = layer.attention_axes or tuple(range(len(query)))[1:-1], layer.num_heads
    # What is attended over along `axes` is attended over for each position along the others.
    beside = product(size for place, size in enumerate(query[1:-1], 1) if place not in axes)
    queries, keys = product(query[axis] for axis in axes), product(key[axis] for axis in axes)
    dense, compared, values = _projections(layer), product((heads, layer.key_dim)), product((heads, layer.value_dim))
    # What is made of each query may have several axes.
    positions, outputs = product(query[1:-1]), product(call.results[0].shape[len(query[:-1]) :])
    gate = _gate(call, dense.get("gate"), asking, values) if settings.get("use_gate") else []
    projected = (
        _projected(call, dense.get("query"), asking, compared),
        _projected(call, dense.get("key"), asked, compared),
        _projected(call, dense.get("value"), summed, values),
    )
    attended = attention(
        queries,
        keys,
        product((heads, beside)),
        layer.key_dim,
        layer.value_dim,
        _is_masked(call, settings.get("sliding_window")),
        tuple(axes),
        sources=ends(*projected),
        dropout=layer.dropout > 0,
    )
    made = [*chain(*projected), *attended]
    return [
        *gate,
        *made,
        *_let_through(gate, made, product((*query[1:-1], values))),
        *_projection(dense.get("attention_output"), values, outputs, positions, layer.use_bias),
    ]


@rule(layers.GroupQueryAttention)
def group_query_attention(call: Call) -> list[Primitive]:
    """As multi-head attention, with heads of keys and values that several heads of queries share."""
    layer, y = call.layer, call.results[0].shape
    asking, summed, asked = _asked(call)
    query, key = asking.shape, asked.shape
    size, dense = layer.head_dim, _projections(layer)
    shared, values = product((layer.num_key_value_heads, size)), product((layer.num_query_heads, size))
    gate = _gate(call, dense.get("gate"), asking, values) if getattr(layer, "use_gate", False) else []
    projected = (
        _projected(call, dense.get("query"), asking, values),
        [*_projected(call, dense.get("key"), asked, shared), _repeated(asked, shared, values)],
        [*_projected(call, dense.get("value"), summed, shared), _repeated(summed, shared, values)],
    )
    attended = attention(
        query[1],
        key[1],
        layer.num_query_heads,
        size,
        size,
        _is_masked(call, getattr(layer, "sliding_window", None)),
        sources=ends(*projected),
        dropout=layer.dropout > 0,
    )
    made = [*chain(*projected), *attended]
    return [
        *gate,
        *made,
        *_let_through(gate, made, product((query[1], values))),
        *_projection(dense.get("attention_output"), values, y[-1], y[1], layer.use_bias),
    ]


def _inputs(call: Call) -> tuple[Any, Any, Any]:
    """Shapes of query, value and key; the value is the key where none is given."""
    shapes = [spec.shape for spec in call.argument(0, "inputs")]
    return shapes[0], shapes[1], shapes[2] if len(shapes) > 2 else shapes[1]


def _scores(call: Call) -> int:
    """Place of the key among the inputs; the value is the key where none is given."""
    return 2 if len(call.inputs) > 2 else 1


@rule(layers.Attention)
def dot_attention(call: Call) -> list[Primitive]:
    """Each query's products with all keys, a softmax, and the sum of the values with these weights."""
    if call.layer.score_mode != "dot":
        return _additive(call)
    query, value, key = _inputs(call)
    pairs = product((query[1], key[1]))
    scaled = [*_scaled(call.layer.use_scale, pairs), *_masked(call, pairs)]
    products, _, *rest = attention(
        query[1],
        key[1],
        1,
        query[2],
        value[2],
        masked=False,
        sources=(0, _scores(call), 1),
        dropout=call.layer.dropout > 0,
    )
    return [products, *scaled, *rest]


def _scaled(is_scaled: bool, values: Size) -> list[Primitive]:
    """One weight for all values, where there is one."""
    return [Elementwise(cost=_WEIGHTED, elements=values, weights=1)] if is_scaled else []


def _masked(call: Call, scores: Size) -> list[Primitive]:
    """A large number is taken off scores that are masked."""
    cost = Cost(1, registered=1, hlo=1, slopes=FREE)
    return [Elementwise(cost=cost, elements=scores)] if _is_masked(call) else []


@rule(layers.AdditiveAttention)
def additive_attention(call: Call) -> list[Primitive]:
    """The sum of tanh(query + key) over their values, for each pair; a softmax; the sum of the values."""
    return _additive(call)


def _additive(call: Call) -> list[Primitive]:
    query, value, key = _inputs(call)
    pairs, rows = product((query[1], key[1])), query[1]
    each = product((pairs, query[2]))
    # A weight of all scores, which the layer of that name does not have.
    weighted = not isinstance(call.layer, layers.AdditiveAttention)
    asking, asked = Map(product(query[1:]), 0), Map(product(key[1:]), _scores(call))
    # The layer of that name learns a scale for each value, the other one a scale for all.
    scales = (query[2] if not weighted else 1) if call.layer.use_scale else 0
    return [
        Elementwise(cost=Cost(1, registered=1, hlo=1).sloped("add"), elements=each, maps=(asking, asked)),
        *([Elementwise(cost=_WEIGHTED, elements=each, weights=scales)] if scales else []),
        Elementwise(cost=FUNCTIONS["tanh"], elements=each),
        Reduction(count=query[2], outputs=pairs, registered=True, over=Mix((1,)), slopes=SUM),
        *_scaled(weighted, pairs),
        *_masked(call, pairs),
        Softmax(groups=rows, size=key[1]),
        *([Disturbance(cost=DROPOUT, elements=pairs)] if call.layer.dropout > 0 else []),
        Contraction(
            inputs=key[1],
            outputs=value[2],
            positions=rows,
            weights=False,
            maps=(Map(pairs, -1), Map(product(value[1:]), 1)),
        ),
    ]
