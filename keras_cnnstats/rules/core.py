"""Rules of the core layers: dense, einsum, embedding, activation, and those that do nothing."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    ONE,
    Contraction,
    Cost,
    Elementwise,
    Gather,
    Lookup,
    Primitive,
    Rearrangement,
    computed,
    einsum_dense,
    looked_up,
    product,
)
from keras_cnnstats.rules.activations import activation
from keras_cnnstats.rules.adapted import adapted
from keras_cnnstats.rules.registry import rule


@rule(layers.Dense)
def dense(call: Call) -> list[Primitive]:
    """Each unit: the products of the last axis with its weights, their sum, a bias; at each position alike."""
    layer, x, y = call.layer, call.input, call.output
    contraction = Contraction(
        inputs=x.shape[-1],
        outputs=layer.units,
        positions=product(y.shape[1:-1]),
        bias=layer.units if layer.use_bias else 0,
        looks=Gather((-1,), "replaced"),
    )
    return [*computed(adapted(layer), contraction, x.elements), *activation(layer.activation, y)]


@rule(layers.EinsumDense)
def einsum(call: Call) -> list[Primitive]:
    """A dense layer whose axes are named: those that only the input and the kernel have are summed over."""
    layer, x, y = call.layer, call.input, call.output
    contraction = einsum_dense(layer.equation, x.shape, y.shape, layer.bias_axes)
    return [*computed(adapted(layer), contraction, x.elements), *activation(layer.activation, y)]


@rule(layers.Embedding)
def embedding(call: Call) -> list[Primitive]:
    """A row of a table for each index."""
    layer, tokens = call.layer, call.input.elements
    table = Lookup(rows=layer.input_dim, width=layer.output_dim, picked=tokens)
    return looked_up(adapted(layer), table)


@rule(layers.Identity)
def nothing(call: Call) -> list[Primitive]:
    """The values pass through."""
    return [Rearrangement()]


@rule(layers.Masking)
def masking(call: Call) -> list[Primitive]:
    """Each value is compared with the mask's; steps where all are equal become 0."""
    return [
        Elementwise(cost=Cost(1, registered=1, hlo=2, slopes=(ONE,)), elements=call.output.elements, name="masking")
    ]
