"""Vector-Jacobian products by the backend that Keras runs on: how strongly outputs pull at what they are made of."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

Run = Callable[[Sequence[Any]], list[Any]]
"""A function from tensors to tensors."""


def pullback(run: Run, inputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """Returns the gradient at each input of the outputs' sum, weighted; `None` where the backend has none.

    Args:
        run: the function.
        inputs: tensors of floating-point numbers.
        cotangents: arrays, the weights of the values of each output.
    """
    backends = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    return backends[keras.backend.backend()](run, inputs, cotangents)


def _tensorflow(run: Run, inputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = run(inputs)
    found = tape.gradient(outputs, list(inputs), output_gradients=_like(outputs, cotangents))
    return [None if each is None else tf.convert_to_tensor(each) for each in found]


def _jax(run: Run, inputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    import jax

    outputs, pull = jax.vjp(lambda *tensors: tuple(run(tensors)), *inputs)
    return list(pull(tuple(_like(outputs, cotangents))))


def _torch(run: Run, inputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    import torch

    leaves = [each.detach().requires_grad_() for each in inputs]
    with torch.enable_grad():
        outputs = run(leaves)
    pairs = zip(outputs, _like(outputs, cotangents), strict=True)
    reached = [(output, weights) for output, weights in pairs if output.requires_grad]
    if not reached:
        return [None] * len(leaves)
    made, weights = zip(*reached, strict=True)
    return list(torch.autograd.grad(made, leaves, weights, allow_unused=True))


def _like(outputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """The weights as tensors of the outputs' own dtypes."""
    pairs = zip(outputs, cotangents, strict=True)
    return [
        keras.ops.convert_to_tensor(weights, keras.backend.standardize_dtype(each.dtype)) for each, weights in pairs
    ]
