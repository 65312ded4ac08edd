"""What the rows compute with: layers that are built, models of a few layers, and gradients on any backend."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

import keras_cnnstats as cnnstats


def built(layer: Any, shape: Sequence[int | None], *weights: Any) -> Any:
    """Returns the layer, built for samples of this shape, with these weights where they are given."""
    layer.build((None, *shape))
    if weights:
        layer.set_weights([np.asarray(weight, "float32") for weight in weights])
    return layer


def analyzed(shape: Sequence[int], *layers: Any) -> cnnstats.Report:
    """Returns the report of a model of these layers, one behind the other."""
    return cnnstats.analyze(keras.Sequential([keras.Input(tuple(shape)), *layers]))


def numbers(layer: Any, *samples: Any) -> NDArray[np.float64]:
    """Returns what a layer makes of one sample."""
    made = layer(*(np.asarray(sample, "float32")[None] for sample in samples))
    return np.asarray(ops.convert_to_numpy(made), float)[0]


def difference(one: Any, other: Any) -> float:
    """Returns the largest difference of two arrays."""
    return float(np.abs(np.asarray(one) - np.asarray(other)).max())


def with_gradients(loss: Callable[[list[Any]], Any]) -> Callable[[Sequence[Any]], tuple[Any, list[Any]]]:
    """Returns a function that computes a loss from values, and its gradient towards each of them.

    Raises:
        SystemExit: the backend of Keras computes no gradients.
    """
    backends = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    name = keras.backend.backend()
    if name not in backends:
        raise SystemExit(f"Expected one of the backends {', '.join(backends)}. Received: {name}.")
    both = backends[name](loss)
    return lambda values: both([ops.convert_to_tensor(value) for value in values])


def _tensorflow(loss: Any) -> Any:
    import tensorflow as tf

    @tf.function
    def both(values: list[Any]) -> tuple[Any, list[Any]]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            value = loss(values)
        return value, tape.gradient(value, values)

    return both


def _jax(loss: Any) -> Any:
    import jax

    return jax.jit(jax.value_and_grad(loss))


def _torch(loss: Any) -> Any:
    import torch

    def both(values: list[Any]) -> tuple[Any, list[Any]]:
        leaves = [value.detach().clone().requires_grad_(True) for value in values]
        value = loss(leaves)
        return value.detach(), list(torch.autograd.grad(value, leaves))

    return both
