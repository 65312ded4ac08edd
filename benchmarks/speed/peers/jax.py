"""XLA's cost analysis, by the recipe and as sparingly as it can be asked for."""

from typing import Any

from benchmarks.speed.peers import Peer, Ready


def recipe(model: Any) -> Ready:
    """The model as one writes it down; its weights become constants of the program."""
    import jax
    import jax.numpy as jnp

    image = jnp.zeros((1, *model.input_shape[1:]))

    def run() -> int:
        # A new function each time: what was traced once is kept.
        return int(jax.jit(lambda x: model(x, training=False)).lower(image).cost_analysis()["flops"])

    return run


def sparing(model: Any) -> Ready:
    """The same with shapes in place of the input and of all weights."""
    import jax

    def spec(value: Any) -> Any:
        return jax.ShapeDtypeStruct(value.shape, value.dtype)

    image = jax.ShapeDtypeStruct((1, *model.input_shape[1:]), model.inputs[0].dtype)

    def run() -> int:
        weights = [[spec(each) for each in some] for some in (model.trainable_variables, model.non_trainable_variables)]
        function = jax.jit(lambda *given: model.stateless_call(*given, training=False)[0])
        return int(function.lower(*weights, image).cost_analysis()["flops"])

    return run


PEERS = (
    Peer("XLA's cost analysis", "`jax.jit(model).lower(image).cost_analysis()`, not compiled", recipe),
    Peer("XLA's cost analysis, of shapes", "the same by `stateless_call`, with shapes in place of weights", sparing),
)
