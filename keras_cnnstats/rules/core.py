"""Rules of the core layers: dense, einsum, embedding, activation, and those that do nothing."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    Contraction,
    Cost,
    Elementwise,
    Gather,
    Lookup,
    Primitive,
    Rearrangement,
    einsum_dense,
)
from keras_cnnstats.rules.activations import activation
from keras_cnnstats.rules.registry import rule


@rule(layers.Dense)
def dense(call: Call) -> list[Primitive]:
    """Each unit: the products of the last axis with its weights, their sum, a bias; at each position alike."""
    layer, x, y = call.layer, call.input, call.output
    contraction = Contraction(
        inputs=x.shape[-1],
        outputs=layer.units,
        positions=y.sizes(range(1, len(y.shape) - 1)),
        bias=layer.units if layer.use_bias else 0,
        looks=Gather((-1,), "replaced"),
    )
    return [contraction, *activation(layer.activation, y)]


@rule(layers.EinsumDense)
def einsum(call: Call) -> list[Primitive]:
    """A dense layer whose axes are named: those that only the input and the kernel have are summed over."""
    layer, x, y = call.layer, call.input, call.output
    contraction = einsum_dense(layer.equation, x.shape, y.shape, layer.bias_axes)
    return [contraction, *activation(layer.activation, y)]


@rule(layers.Embedding)
def embedding(call: Call) -> list[Primitive]:
    """A row of a table for each index."""
    return [Lookup(rows=call.layer.input_dim, width=call.layer.output_dim)]


@rule(layers.Identity)
def nothing(call: Call) -> list[Primitive]:
    """The values pass through."""
    return [Rearrangement()]


@rule(layers.Masking)
def masking(call: Call) -> list[Primitive]:
    """Each value is compared with the mask's; steps where all are equal become 0."""
    return [Elementwise(cost=Cost(1, registered=1, hlo=3), elements=call.output.elements, name="masking")]
