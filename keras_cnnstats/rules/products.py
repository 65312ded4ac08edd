"""Rules of products of maps: matrix products, einsum, attention."""

from keras import ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.primitives import Contraction, Gather, Primitive, attention, einsum_product, matrix_product, product
from keras_cnnstats.rules.registry import RuleGapError, rule


@rule(ops.matmul)
def matmul(call: Call) -> list[Primitive]:
    """The product of two matrices, or of as many as the axes before the last two hold."""
    a, b = call.args
    return [matrix_product(a.shape, b.shape, call.results[0].shape, call.maps)]


@rule(ops.dot, ops.inner)
def dot(call: Call) -> list[Primitive]:
    """Sums of products over the last axis of the first map."""
    inputs, shape = call.args[0].shape[-1], call.results[0].shape
    return [
        Contraction(
            inputs=inputs,
            outputs=shape[-1] if len(shape) > 1 else 1,
            positions=product(shape[1:-1]),
            weights=False,
            looks=Gather((-1,), "replaced"),
            maps=call.maps,
        )
    ]


@rule(ops.einsum)
def einsum(call: Call) -> list[Primitive]:
    """Products of two maps, summed over the letters that the result does not have."""
    operands = [each for each in call.args if isinstance(each, TensorSpec)]
    if len(operands) != 2 or "->" not in call.layer.subscripts:
        raise RuleGapError("an einsum of other than two maps, or without a result, may be computed in several ways")
    return [einsum_product(call.layer.subscripts, operands[0].shape, operands[1].shape, call.maps)]


@rule(ops.dot_product_attention)
def dot_product_attention(call: Call) -> list[Primitive]:
    """Softmax of the scaled products of queries and keys, then the sum of the values with these weights."""
    asking, asked, summed = (call.argument(place, name) for place, name in enumerate(("query", "key", "value")))
    query, key, value = asking.shape, asked.shape, summed.shape
    masked, biased = call.argument(4, "mask") is not None, call.argument(3, "bias") is not None
    return attention(
        query[1],
        key[1],
        query[2],
        query[3],
        value[3],
        masked=masked or call.layer.is_causal,
        biased=biased,
        sources=(call.place(asking), call.place(asked), call.place(summed)),
    )
