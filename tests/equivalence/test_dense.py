"""A dense layer over a flattened map gives what its convolution gives."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_cnnstats.equivalence import dense_to_conv
from tests.layers.running import TOLERANCE, assert_close, numbers, run, weights_like

# Keras multiplies matrices in float32 on PyTorch, also those of float64.
CLOSE = TOLERANCE["float32" if keras.backend.backend() == "torch" else "float64"]
MAPS = {1: (5, 3), 2: (4, 3, 2), 3: (2, 3, 4, 2)}


def made(inputs: int, units: int = 6, **kwargs: Any) -> Any:
    dense = layers.Dense(units, **kwargs)
    dense.build((None, inputs))
    dense.set_weights(weights_like(dense, 3))
    return dense


def called(layer: Any, x: Any) -> np.ndarray:
    """What it gives; TensorFlow has channels first on the CPU only when XLA compiles."""
    x = keras.ops.convert_to_tensor(x, layer.compute_dtype)
    if keras.backend.backend() != "tensorflow":
        return numbers(layer(x))
    import tensorflow as tf

    return numbers(tf.function(layer, jit_compile=True)(x))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("flattened", [None, "channels_last", "channels_first"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", MAPS)
def test_convolution_gives_what_flatten_and_dense_give(
    rank: int, data_format: str, flattened: str | None, use_bias: bool
) -> None:
    shape = MAPS[rank] if data_format == "channels_last" else (MAPS[rank][-1], *MAPS[rank][:-1])
    dense = made(int(np.prod(shape)), use_bias=use_bias, activation="tanh", dtype="float64")
    conv = dense_to_conv(dense, shape, data_format, flattened)
    x = np.random.default_rng(1).normal(size=(3, *shape))
    expected = called(dense, called(layers.Flatten(data_format=flattened or data_format, dtype="float64"), x))
    found = called(conv, x)
    assert found.shape == (3, *([1] * rank), 6) if data_format == "channels_last" else (3, 6, *([1] * rank))
    assert_close(found.reshape(3, 6), expected, CLOSE)


def test_a_vector_is_a_map_of_one_position() -> None:
    """B2: 4096 -> 4096 is 4096 kernels 1x1x4096; here with fewer."""
    conv = dense_to_conv(made(48, 32, activation="softmax"), (48,))
    assert isinstance(conv, layers.Conv2D)
    assert tuple(conv.kernel.shape) == (1, 1, 48, 32)
    dense = made(48, 32, activation="softmax")
    x = np.random.default_rng(1).normal(size=(2, 48)).astype("float32")
    assert_close(numbers(conv(x[:, None, None])).reshape(2, 32), numbers(dense(x)), 1e-5)


def test_a_map_of_7x7x512_into_4096_units_is_4096_kernels() -> None:
    """B2, with an eighth of the channels and units."""
    dense = made(7 * 7 * 64, 512)
    conv = dense_to_conv(dense, (7, 7, 64))
    assert tuple(conv.kernel.shape) == (7, 7, 64, 512)
    assert conv.compute_output_shape((None, 7, 7, 64)) == (None, 1, 1, 512)
    assert conv.count_params() == dense.count_params()
    assert np.array_equal(numbers(conv.kernel).ravel(), numbers(dense.kernel).ravel())


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "float64"])
def test_arguments_and_weights_are_carried_over(policy: str) -> None:
    dense = made(
        12,
        activation="relu",
        dtype=policy,
        name="hidden",
        trainable=False,
        kernel_regularizer=keras.regularizers.L2(0.1),
        kernel_constraint=keras.constraints.MaxNorm(2.0, axis=0),
        bias_constraint="non_neg",
    )
    conv = dense_to_conv(dense, (2, 3, 2))
    for name in ("name", "trainable", "activation", "use_bias", "dtype_policy"):
        assert getattr(conv, name) == getattr(dense, name)
    assert conv.kernel.dtype == dense.kernel.dtype
    for ours, theirs in zip(conv.weights, dense.weights, strict=True):
        assert np.array_equal(numbers(ours).ravel(), numbers(theirs).ravel())
    assert conv.kernel_regularizer.l2 == dense.kernel_regularizer.l2
    constrained = numbers(conv.kernel_constraint(conv.kernel)).reshape(12, 6)
    assert_close(constrained, numbers(dense.kernel_constraint(dense.kernel)), 1e-2 if "16" in policy else 1e-6)
    assert type(conv.kernel_initializer) is type(dense.kernel_initializer)
    assert type(conv).from_config(conv.get_config()).get_config() == conv.get_config()


def test_weights_are_copied() -> None:
    dense = made(12)
    conv = dense_to_conv(dense, (2, 3, 2))
    before = numbers(dense.kernel)
    conv.kernel.assign(conv.kernel + 1)
    conv.bias.assign(conv.bias + 1)
    assert np.array_equal(numbers(dense.kernel), before)


def test_nothing_is_drawn_at_random() -> None:
    dense = made(12)
    keras.utils.set_random_seed(1)
    expected = numbers(keras.random.normal((2,)))
    keras.utils.set_random_seed(1)
    dense_to_conv(dense, (2, 3, 2))
    assert np.array_equal(numbers(keras.random.normal((2,))), expected)


def test_gradients_are_those_of_the_dense_layer() -> None:
    dense = made(12, dtype="float64", activation="sigmoid")
    conv = dense_to_conv(dense, (2, 3, 2))
    x = np.random.default_rng(1).normal(size=(3, 12))
    back = np.random.default_rng(2).normal(size=(3, 6))
    theirs = run(dense, x, back)
    ours = run(conv, x.reshape(3, 2, 3, 2), back.reshape(3, 1, 1, 6))
    for own, other in zip(ours.gradients, theirs.gradients, strict=True):
        assert_close(own.reshape(other.shape), other, CLOSE)


def test_softmax_over_units_is_one_over_channels_where_they_come_first() -> None:
    dense = made(12, activation="softmax", dtype="float64")
    conv = dense_to_conv(dense, (2, 2, 3), "channels_first")
    again = type(conv).from_config(conv.get_config())
    again.build((None, 2, 2, 3))
    again.set_weights(conv.get_weights())
    x = np.random.default_rng(1).normal(size=(3, 2, 2, 3))
    expected = called(dense, np.moveaxis(x, 1, -1).reshape(3, 12))
    assert_close(called(conv, x).reshape(3, 6), expected, CLOSE)
    assert_close(called(again, x).reshape(3, 6), expected, CLOSE)
