"""The dense matrix of a convolution gives what the convolution gives."""

from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from keras_cnnstats import layers as reference
from keras_cnnstats.equivalence import ConvolutionMatrix, conv_to_dense, dense_to_conv
from tests.layers.configurations import SOME, WITH_TWIN, Configuration
from tests.layers.running import assert_close, numbers, weights_like

CONVOLUTIONS = [
    row
    for row in WITH_TWIN
    if "Conv" in row.layer and "Separable" not in row.layer and (row.rank < 3 or row.label in SOME)
]
assert len(CONVOLUTIONS) > 150

OTHERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Conv1D, causal": (lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2), (9, 2)),
    "Conv2D": (lambda: layers.Conv2D(3, (3, 2), strides=(2, 1), padding="same"), (7, 6, 2)),
    "Conv3D": (lambda: layers.Conv3D(2, 2, strides=2, padding="same"), (5, 4, 3, 2)),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same"), (9, 3)),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3, strides=2), (9, 8, 3)),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(3, 3, strides=2, padding="same"), (5, 2)),
    "Conv1DTranspose, output_padding": (lambda: layers.Conv1DTranspose(3, 4, strides=3, output_padding=2), (5, 2)),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(3, 2, strides=3), (4, 5, 2)),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(2, 3, strides=2, padding="same"), (3, 2, 4, 2)),
    "one output": (lambda: layers.Conv2D(4, (7, 6)), (7, 6, 2)),
    "taps that see padding alone": (lambda: layers.Conv1D(2, 7, padding="same"), (2, 3)),
}


def built(layer: Any, shape: tuple[int, ...]) -> Any:
    layer.build((None, *shape))
    layer.set_weights(weights_like(layer, 4))
    return layer


def flat(x: Any, layer: Any) -> np.ndarray:
    """The values of a map in the order of the matrix: position by position, channels last."""
    x = np.moveaxis(x, 1, -1) if layer.data_format == "channels_first" else x
    return np.asarray(x).reshape(len(x), -1)


def assert_is_matrix_of(matrix: ConvolutionMatrix, layer: Any, x: np.ndarray) -> None:
    dense = matrix.to_dense()
    assert dense.shape == matrix.shape
    rows, columns = matrix.indices
    assert np.unique(rows * matrix.shape[1] + columns).size == matrix.connections == matrix.values.size
    sums = flat(x, layer) @ dense + (0 if matrix.bias is None else matrix.bias)
    expected = layer(keras.ops.convert_to_tensor(x, layer.compute_dtype))
    assert tuple(expected.shape) == (len(x), *matrix.output_shape)
    activated = numbers(layer.activation(keras.ops.convert_to_tensor(sums, layer.compute_dtype)))
    assert_close(activated, flat(numbers(expected), layer), 1e-10)


@pytest.mark.parametrize("configuration", CONVOLUTIONS, ids=str)
def test_matrix_gives_what_the_reference_layer_gives(configuration: Configuration) -> None:
    layer = configuration.built("float64")
    layer.set_weights(weights_like(layer, configuration.seed))
    x = np.random.default_rng(5).normal(size=configuration.shape)
    assert_is_matrix_of(conv_to_dense(layer, configuration.shape[1:]), layer, x)


@pytest.mark.parametrize("name", OTHERS)
def test_matrix_gives_what_the_layer_of_keras_gives(name: str) -> None:
    make, shape = OTHERS[name]
    with_policy = built(make().__class__.from_config({**make().get_config(), "dtype": "float64"}), shape)
    x = np.random.default_rng(5).normal(size=(2, *shape))
    assert_is_matrix_of(conv_to_dense(with_policy, shape), with_policy, x)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_dense_layer_between_flattened_maps_gives_the_same(data_format: str, activation: str) -> None:
    shape = (5, 4, 2) if data_format == "channels_last" else (2, 5, 4)
    layer = built(
        reference.ReferenceConv2D(3, 3, padding=1, activation=activation, data_format=data_format, name="maps"), shape
    )
    dense = conv_to_dense(layer, shape).to_layer()
    flatten = layers.Flatten(data_format=data_format)
    x = np.random.default_rng(5).normal(size=(2, *shape)).astype("float32")
    assert_close(numbers(dense(flatten(x))), numbers(flatten(layer(x))), 1e-5)
    assert (dense.name, dense.use_bias, dense.activation) == ("maps", True, layer.activation)


@pytest.mark.parametrize("policy", ["float16", "mixed_bfloat16"])
def test_dense_layer_keeps_policy_and_flags(policy: str) -> None:
    layer = built(layers.Conv1D(2, 3, dtype=policy, use_bias=False, trainable=False), (6, 2))
    matrix = conv_to_dense(layer, (6, 2))
    dense = matrix.to_layer()
    assert (dense.dtype_policy.name, dense.trainable, dense.use_bias) == (policy, False, False)
    assert str(matrix.to_dense().dtype) == layer.kernel.dtype == dense.kernel.dtype


def test_there_and_back() -> None:
    """Of the matrix of a convolution, the convolution over the whole map is that matrix again."""
    layer = built(layers.Conv2D(2, 3, padding="same"), (4, 5, 3))
    matrix = conv_to_dense(layer, (4, 5, 3))
    whole = dense_to_conv(matrix.to_layer(), (4, 5, 3))
    assert np.array_equal(conv_to_dense(whole, (4, 5, 3)).to_dense(), matrix.to_dense())


# B1: sparse interaction and parameter sharing.


@settings(max_examples=30)
@given(k=st.integers(1, 6), more=st.integers(0, 20))
def test_k_n_connections_and_k_shared_weights_of_m_n(k: int, more: int) -> None:
    m, n = k + more, more + 1
    layer = layers.Conv1D(1, k, use_bias=False)
    layer.build((None, m, 1))
    matrix = conv_to_dense(layer, (m, 1))
    assert (matrix.dense_parameters, matrix.connections, matrix.parameters) == (m * n, k * n, k)
    assert matrix.sparsity == pytest.approx(1 - k / m)
    assert np.array_equal(np.bincount(matrix.shared), np.full(k, n))


@settings(max_examples=20)
@given(data=st.data())
def test_entries_are_those_of_the_definition(data: st.DataObject) -> None:
    """`output i` takes `input i * stride + tap * dilation`, counted one by one."""
    kernel, stride, dilation = (data.draw(st.integers(1, 3)) for _ in range(3))
    padding, size = data.draw(st.integers(0, 3)), data.draw(st.integers(7, 11))
    layer = reference.ReferenceConv1D(4, kernel, padding=padding, groups=2, **spacing(stride, dilation))
    layer.build((None, size, 2))
    matrix = conv_to_dense(layer, (size, 2))
    stride, dilation = layer.strides[0], layer.dilation_rate[0]
    outputs = (size + 2 * padding - (kernel - 1) * dilation - 1) // stride + 1
    expected = set()
    for i, f, tap in product(range(outputs), range(4), range(kernel)):
        place, channel = i * stride + tap * dilation - padding, f // 2
        if 0 <= place < size:
            expected.add((place * 2 + channel, i * 4 + f, tap * 4 + f))
    found = zip(*matrix.indices.tolist(), matrix.shared.tolist(), strict=True)
    assert set(found) == expected


def spacing(stride: int, dilation: int) -> dict[str, int]:
    """Keras has strides or dilation."""
    return {"strides": stride} if stride > 1 else {"dilation_rate": dilation}


def test_numbers_are_known_where_the_matrix_could_never_be_written() -> None:
    layer = layers.Conv2D(64, 3, padding="same")
    layer.build((None, 224, 224, 64))
    matrix = conv_to_dense(layer, (224, 224, 64))
    assert matrix.shape == (224 * 224 * 64, 224 * 224 * 64)
    assert matrix.connections == (3 * 224 - 2) ** 2 * 64 * 64
    assert matrix.parameters == layer.count_params() == 36_928
    assert matrix.dense_parameters == (224 * 224 * 64) ** 2 + 224 * 224 * 64
    assert repr(matrix) == "ConvolutionMatrix(shape=(3211264, 3211264), connections=1838694400, parameters=36928)"


def test_weights_are_copied() -> None:
    layer = built(layers.Conv1D(1, 2), (4, 1))
    matrix = conv_to_dense(layer, (4, 1))
    before = matrix.values.copy()
    dense = matrix.to_layer()
    dense.kernel.assign(dense.kernel + 1)
    layer.kernel.assign(layer.kernel * 2)
    assert np.array_equal(matrix.values, before)
    assert np.array_equal(numbers(layer.kernel).ravel(), 2 * before[:2])
