"""Vector-Jacobian products by the backend that Keras runs on: how strongly outputs pull at what they are made of."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

Run = Callable[[Sequence[Any]], list[Any]]
"""A function from tensors to tensors."""


def pullback(run: Run, inputs: Sequence[Any]) -> list[Any]:
    """Returns the gradient at each input of the sum of all outputs; `None` where the backend has none.

    Args:
        run: the function.
        inputs: tensors of floating-point numbers.
    """
    backends = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    return backends[keras.backend.backend()](run, inputs)


def _tensorflow(run: Run, inputs: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = run(inputs)
    return [None if each is None else tf.convert_to_tensor(each) for each in tape.gradient(outputs, list(inputs))]


def _jax(run: Run, inputs: Sequence[Any]) -> list[Any]:
    import jax

    outputs, pull = jax.vjp(lambda *tensors: tuple(run(tensors)), *inputs)
    return list(pull(tuple(keras.ops.ones_like(each) for each in outputs)))


def _torch(run: Run, inputs: Sequence[Any]) -> list[Any]:
    import torch

    leaves = [each.detach().requires_grad_() for each in inputs]
    with torch.enable_grad():
        reached = [each.sum() for each in run(leaves) if each.requires_grad]
    if not reached:
        return [None] * len(leaves)
    return list(torch.autograd.grad(reached, leaves, allow_unused=True))
