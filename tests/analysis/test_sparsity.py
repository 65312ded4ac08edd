"""Zero weights and the products that remain without them, against loops that multiply out and skip zeros."""

from collections.abc import Callable, Iterator
from itertools import product as every
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.quantizers import AWQConfig, GPTQConfig, Int4QuantizationConfig

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report


def chain(shape: tuple[int, ...], *stack: layers.Layer, dtype: str = "float32") -> keras.Model:
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def kernels(model: keras.Model) -> Iterator[Any]:
    return (weight for weight in model.weights if "kernel" in weight.name)


# Five ways to prune a kernel by hand


def scattered(values: Any) -> Any:
    """Each weight by itself."""
    return np.where(np.random.default_rng(0).random(values.shape) < 0.5, 0.0, values)


def channels(values: Any) -> Any:
    """Whole output channels."""
    values[..., ::2] = 0
    return values


def rows(values: Any) -> Any:
    """All that is multiplied with the first of the inputs, or the first rows of a window."""
    values[:1] = 0
    return values


def everything(values: Any) -> Any:
    return np.zeros_like(values)


def nothing(values: Any) -> Any:
    return values


PRUNED = {how.__name__: how for how in (scattered, channels, rows, everything, nothing)}


def pruned(model: keras.Model, how: Callable[[Any], Any]) -> keras.Model:
    for kernel in kernels(model):
        kernel.assign(how(np.array(ops.convert_to_numpy(kernel.value))))
    return model


# The loops: each goes through all products of a layer, and counts those whose weight is not zero


def at_each(kernel: Any, positions: int) -> int:
    """A kernel all of which is used at each position: of the output, or of the input of a transposed convolution."""
    count = 0
    for _ in range(positions):
        for index in every(*map(range, kernel.shape)):
            count += kernel[index] != 0
    return count


# name: model, and how often each of its kernels is used
LAYERS: dict[str, tuple[Callable[[], keras.Model], tuple[int, ...]]] = {
    "dense": (lambda: chain((5,), layers.Dense(4)), (1,)),
    "dense on positions": (lambda: chain((3, 5), layers.Dense(4)), (3,)),
    "heads": (lambda: chain((3, 4), layers.EinsumDense("abc,cde->abde", (3, 2, 5), bias_axes="de")), (3,)),
    "convolution": (lambda: chain((7, 7, 2), layers.Conv2D(4, 3)), (25,)),
    "padded": (lambda: chain((7, 7, 2), layers.Conv2D(4, 3, padding="same")), (49,)),
    "strided": (lambda: chain((7, 7, 2), layers.Conv2D(4, 3, strides=2, padding="same")), (16,)),
    "grouped": (lambda: chain((5, 5, 4), layers.Conv2D(4, 3, groups=2)), (9,)),
    "depthwise": (lambda: chain((5, 5, 4), layers.DepthwiseConv2D(3, depth_multiplier=2)), (9,)),
    "separable": (lambda: chain((5, 5, 4), layers.SeparableConv2D(6, 3)), (9, 9)),
    "transposed": (lambda: chain((3, 3, 4), layers.Conv2DTranspose(2, 3, strides=2)), (9,)),
    "recurrent": (lambda: chain((5, 4), layers.SimpleRNN(3)), (5, 5)),
    "long and short": (lambda: chain((5, 4), layers.LSTM(3)), (5, 5)),
    "gated": (lambda: chain((5, 4), layers.GRU(3)), (5, 5)),
    "both ways": (lambda: chain((5, 4), layers.Bidirectional(layers.LSTM(3))), (5, 5, 5, 5)),
    "over time": (lambda: chain((5, 4), layers.TimeDistributed(layers.Dense(3))), (5,)),
    "convolution over time": (lambda: chain((2, 4, 4, 2), layers.ConvLSTM2D(2, 3, padding="same")), (32, 32)),
}


@pytest.mark.parametrize("how", PRUNED.values(), ids=PRUNED)
@pytest.mark.parametrize(("make", "uses"), LAYERS.values(), ids=LAYERS)
def test_loops_that_skip_zeros(
    make: Callable[[], keras.Model], uses: tuple[int, ...], how: Callable[[Any], Any]
) -> None:
    model = pruned(make(), how)
    held = [ops.convert_to_numpy(kernel.value) for kernel in kernels(model)]
    row = cnnstats.analyze(model, sparsity=True).rows[-1]
    assert row.remaining_macs == sum(map(at_each, held, uses))
    assert row.zero_weights == sum(int((kernel == 0).sum()) for kernel in held)
    assert row.sparsity is not None
    assert row.sparsity.weights == sum(kernel.size for kernel in held)


@pytest.mark.parametrize("how", PRUNED.values(), ids=PRUNED)
def test_attention_multiplies_maps_too(how: Callable[[Any], Any]) -> None:
    x, y = keras.Input((5, 6)), keras.Input((3, 6))
    model = pruned(keras.Model([x, y], layers.MultiHeadAttention(2, 4)(x, y)), how)
    query, key, value, output = [ops.convert_to_numpy(kernel.value) for kernel in kernels(model)]
    of_maps = 2 * (5 * 3 * 4 + 5 * 3 * 4)
    row = cnnstats.analyze(model, sparsity=True).rows[-1]
    assert row.remaining_macs == of_maps + at_each(query, 5) + at_each(key, 3) + at_each(value, 3) + at_each(output, 5)


def test_a_convolution_multiplied_out() -> None:
    layer = layers.Conv2D(3, (2, 3), strides=(2, 1), padding="same", use_bias=False)
    model = pruned(chain((4, 5, 2), layer), scattered)
    kernel = ops.convert_to_numpy(layer.kernel)
    image = np.pad(np.random.default_rng(1).random((4, 5, 2)), ((0, 0), (1, 1), (0, 0)))
    made, count = np.zeros((2, 5, 3)), 0
    for i, j, k, a, b, c in every(range(2), range(5), range(3), range(2), range(3), range(2)):
        if kernel[a, b, c, k] != 0:
            made[i, j, k] += kernel[a, b, c, k] * image[2 * i + a, j + b, c]
            count += 1
    assert cnnstats.analyze(model, sparsity=True).rows[0].remaining_macs == count
    seen = model(image[None, :, 1:-1].astype("float32"))
    assert np.allclose(ops.convert_to_numpy(seen)[0], made, atol=1e-5)


def test_the_batch_multiplies_what_remains() -> None:
    model = pruned(chain((7, 7, 2), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)), scattered)
    one, many = (cnnstats.analyze(model, sparsity=True, batch_size=n).totals.sparsity for n in (1, 8))
    assert one is not None
    assert many == one._replace(macs=8 * (one.macs or 0))


def test_a_shared_layer_counts_its_weights_once_and_its_products_twice() -> None:
    x = keras.Input((4, 4, 3))
    layer = layers.Conv2D(3, 3, padding="same")
    model = pruned(keras.Model(x, layer(layer(x))), channels)
    first, second = cnnstats.analyze(model, sparsity=True)
    assert (first.zero_weights, second.zero_weights) == (27 * 2, 0)
    assert first.remaining_macs == second.remaining_macs == 16 * 27


def test_the_weight_of_an_operation() -> None:
    class Own(layers.Layer):
        def build(self, shape: Any) -> None:
            self.own = self.add_weight(shape=(shape[-1], 3), name="own", initializer="ones")

        def call(self, x: Any) -> Any:
            return ops.relu(ops.matmul(x, self.own))

    model = chain((5, 4), Own())
    model.layers[0].own.assign(np.eye(4, 3))
    report = cnnstats.analyze(model, sparsity=True)
    assert report.totals.macs == 5 * 4 * 3
    assert report.totals.sparsity == (9, 12, 5 * 3)


def test_columns_sum_to_the_totals() -> None:
    model = pruned(chain((7, 7, 2), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()), scattered)
    report = cnnstats.analyze(model, sparsity=True)
    frame, found = report.to_dataframe(), report.totals.sparsity
    assert found is not None
    assert (frame["zero_weights"].sum(), frame["remaining_macs"].sum()) == (found.zeros, found.macs)
    assert found.share == pytest.approx((found.zeros or 0) / 72)


# Quantised weights: what is packed stands for other values


def meaning(layer: Any) -> Any:
    """The kernel that a quantised layer stands for: its outputs for each input alone, without a bias."""
    size = layer.input_spec.axes[-1] if layer.input_spec.axes else layer.input_spec.shape[-1]
    return ops.convert_to_numpy(layer(np.eye(size, dtype="float32")))


def dense_of_few_levels() -> keras.Model:
    model = chain((6,), layers.Dense(5, use_bias=False))
    # Numbers that quantisers of 4 and of 8 bits keep as they are, with zeros among them.
    model.layers[0].kernel.assign(np.random.default_rng(2).integers(-2, 3, (6, 5)).astype("float32"))
    return model


@pytest.mark.parametrize(
    "config",
    [None, Int4QuantizationConfig(block_size=None), Int4QuantizationConfig(block_size=2)],
    ids=["int8", "int4, one scale", "int4, blocks"],
)
def test_zeros_are_those_of_the_values_that_are_meant(config: Any) -> None:
    model = dense_of_few_levels()
    model.layers[0].quantize("int8" if config is None else None, config=config)
    kernel = meaning(model.layers[0])
    row = cnnstats.analyze(model, sparsity=True).rows[0]
    assert row.zero_weights == int((kernel == 0).sum()) > 0
    assert row.remaining_macs == at_each(kernel, 1)


@pytest.mark.parametrize(
    "config",
    [
        GPTQConfig(dataset=None, tokenizer=None, group_size=2),
        GPTQConfig(dataset=None, tokenizer=None, group_size=2, weight_bits=8),
        AWQConfig(dataset=None, tokenizer=None, group_size=2),
    ],
    ids=["gptq", "gptq, 8 bits", "awq"],
)
def test_zeros_of_calibrated_weights(config: Any) -> None:
    model = dense_of_few_levels()
    layer = model.layers[0]
    layer.quantize(config.mode, config=config)
    setattr(layer, f"is_{config.mode}_calibrated", True)
    del layer._kernel
    draw = np.random.default_rng(3)
    layer.quantized_kernel.assign(draw.integers(0, 4, layer.quantized_kernel.shape).astype("uint8"))
    layer.kernel_zero.assign(draw.integers(0, 4, layer.kernel_zero.shape).astype("uint8"))
    layer.g_idx.assign(np.arange(6) // 2)
    kernel = meaning(layer)
    row = cnnstats.analyze(model, sparsity=True).rows[0]
    assert row.zero_weights == int((kernel == 0).sum()) > 0
    assert row.remaining_macs == at_each(kernel, 1)


@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning")  # Keras on PyTorch, of a vector of scales
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("size", [None, 2])
def test_zeros_of_a_table_in_reverse(size: int | None, tied: bool) -> None:
    table = layers.ReversibleEmbedding(7, 6, tie_weights=tied)
    table.build(None)
    for weight in table.weights:
        weight.assign(np.random.default_rng(4).integers(-2, 3, weight.shape).astype("float32"))
    table.quantize(config=Int4QuantizationConfig(block_size=size))
    x = keras.Input((3, 6))
    row = cnnstats.analyze(keras.Model(x, table(x, reverse=True)), sparsity=True).rows[-1]
    kernel = ops.convert_to_numpy(table(np.eye(6, dtype="float32"), reverse=True))
    assert (row.zero_weights, row.remaining_macs) == (int((kernel == 0).sum()), at_each(kernel, 3))


def test_thin_matrices_beside_a_quantised_kernel() -> None:
    model = dense_of_few_levels()
    layer = model.layers[0]
    layer.quantize("int8")
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.eye(2, 5))
    row = cnnstats.analyze(model, sparsity=True).rows[0]
    kernel = ops.convert_to_numpy(layer._kernel.value)
    assert row.remaining_macs == at_each(kernel, 1) + 12 + 2


# What is unknown, and what is an error


def unmatched(report: Report) -> None:
    assert report.rows[0].sparsity == (None, None, None)
    assert report.totals.unknown_sparsity_rows == 1
    assert "1 of 1 layers unknown" in str(report)


def test_a_kernel_that_is_adapted_before_it_is_used_is_unknown() -> None:
    model = dense_of_few_levels()
    model.layers[0].enable_lora(2)
    unmatched(cnnstats.analyze(model, sparsity=True))


def test_a_kernel_of_another_name_or_size_is_unknown() -> None:
    class Own(layers.Dense):
        def build(self, shape: Any) -> None:
            super().build(shape)
            self._tracker.unlock()
            self.more = self.add_weight(shape=(5,), name="more_kernel")
            self._tracker.lock()

    unmatched(cnnstats.analyze(chain((4,), Own(3)), sparsity=True))


def test_without_being_asked_no_value_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain((4,), layers.Dense(3))

    def refuse(*_: Any) -> None:
        raise AssertionError("a value was read")

    monkeypatch.setattr(keras.Variable, "value", property(refuse))
    report = cnnstats.analyze(model)
    assert report.rows[0].sparsity is report.totals.sparsity is None
    assert "Zero weights" not in str(report)
    with pytest.raises(AssertionError, match="a value was read"):
        cnnstats.analyze(model, sparsity=True)


def test_not_asked_for_is_not_a_number() -> None:
    frame = cnnstats.analyze(chain((4,), layers.Dense(3))).to_dataframe()
    assert frame[["zero_weights", "remaining_macs"]].isna().all().all()


def test_weights_without_values_are_an_error() -> None:
    with cnnstats.abstract():
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="classes")], name="big")
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(model, sparsity=True)
    assert str(caught.value) == (
        "sparsity: the weights of model `big` have no values, of which `big/classes/kernel` is the first: it was built "
        "in abstract(). Build it outside, or analyse it without sparsity=True."
    )


def test_it_is_printed_and_stored() -> None:
    report = cnnstats.analyze(pruned(chain((4,), layers.Dense(4)), channels), sparsity=True)
    text = str(report)
    assert "Zero weights" in text
    assert "50.0% of 16 that are multiplied with" in text
    assert "Remaining MACs" in text
    assert Report.from_json(report.to_json()) == report


def test_the_model_stays_as_it_was() -> None:
    model = pruned(chain((4,), layers.Dense(4), layers.Dense(2)), scattered)
    before = [ops.convert_to_numpy(weight.value).copy() for weight in model.weights]
    cnnstats.analyze(model, sparsity=True)
    after = [ops.convert_to_numpy(weight.value) for weight in model.weights]
    assert all(map(np.array_equal, before, after))
