"""Outputs and gradients of a layer, on whichever backend Keras runs, as arrays."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import ops

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
"""Relative to the largest value of the array."""


def each(configurations: Sequence[Any]) -> Any:
    """A test of each configuration."""
    return pytest.mark.parametrize("configuration", configurations, ids=str)


class Values(NamedTuple):
    """What a layer computes, forwards and backwards.

    Attributes:
        output: its output.
        gradients: towards its input, then towards each of its weights, of the sum of its outputs times `upstream`.
    """

    output: np.ndarray
    gradients: list[np.ndarray]


def upstream(shape: tuple[int, ...]) -> np.ndarray:
    """What comes back to an output of this shape: numbers that float32 holds, and sums of a few of them, exactly."""
    return np.random.default_rng(shape).integers(-99, 100, size=shape) / 64


def weights_like(layer: Any, seed: int) -> list[np.ndarray]:
    """Random values for its weights, the bias too."""
    generator = np.random.default_rng(seed + 1)
    return [generator.normal(size=tuple(weight.shape)) for weight in layer.weights]


def run(layer: Any, x: np.ndarray, back: np.ndarray | None = None, compiled: bool | None = None) -> Values:
    """Calls the layer, and takes its gradients with `back` (random where it is `None`) coming to its output.

    Compiled where that is asked for; by default on JAX, which else compiles each small part by itself for seconds.
    """
    compiled = keras.backend.backend() == "jax" if compiled is None else compiled
    dtype = keras.backend.standardize_dtype(layer.compute_dtype)
    x = ops.convert_to_tensor(x, dtype)
    back = upstream(tuple(layer.compute_output_shape(x.shape))) if back is None else back
    name = keras.backend.backend()
    output, gradients = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[name](
        layer, x, ops.convert_to_tensor(back, dtype), compiled
    )
    return Values(numbers(output), [numbers(gradient) for gradient in gradients])


def numbers(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(ops.cast(x, "float64")))


def _tensorflow(layer: Any, x: Any, back: Any, compiled: bool) -> Any:
    import tensorflow as tf

    def both(x: Any) -> Any:
        variables = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return y, tape.gradient(y, [x, *variables], output_gradients=back)

    return tf.function(both, jit_compile=True)(x) if compiled else both(x)


def _jax(layer: Any, x: Any, back: Any, compiled: bool) -> Any:
    import jax

    weights = [weight.value for weight in layer.trainable_weights]

    def both(x: Any, weights: Any, back: Any) -> Any:
        y, pull = jax.vjp(lambda x, weights: layer.stateless_call(weights, [], x)[0], x, weights)
        towards_x, towards_weights = pull(back)
        return y, [towards_x, *towards_weights]

    return (jax.jit(both) if compiled else both)(x, weights, back)


def _torch(layer: Any, x: Any, back: Any, compiled: bool) -> Any:  # noqa: ARG001  (nothing to compile)
    import torch

    x = x.detach().clone().requires_grad_(True)
    y = layer(x)
    return y, torch.autograd.grad(y, [x, *(weight.value for weight in layer.trainable_weights)], back)


def assert_close(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert actual.shape == expected.shape
    scale = max(np.abs(expected).max(initial=0.0), 1e-3)
    assert np.abs(actual - expected).max(initial=0.0) <= tolerance * scale


def assert_equal(actual: Values, expected: Values, dtype: str) -> None:
    """Outputs and all gradients are the same, within the tolerance of the dtype."""
    assert_close(actual.output, expected.output, TOLERANCE[dtype])
    assert len(actual.gradients) == len(expected.gradients)
    for ours, theirs in zip(actual.gradients, expected.gradients, strict=True):
        assert_close(ours, theirs, TOLERANCE[dtype])
