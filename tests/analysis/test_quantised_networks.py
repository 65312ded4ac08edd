"""Whole networks, quantised, adapted and calibrated: nothing unknown, parameters and products accounted for."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from keras.quantizers import AWQConfig, GPTQConfig

import keras_cnnstats as cnnstats


def network() -> keras.Model:
    """A convolution, then attention over its positions, an embedding beside them, and dense layers."""
    image, words = keras.Input((8, 8, 3)), keras.Input((6,), dtype="int32")
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 2, strides=2)(image))
    y = layers.Embedding(20, 8)(words)
    x = layers.MultiHeadAttention(2, 4)(x, y)
    x = layers.TimeDistributed(layers.Dense(8, activation="relu"))(x)
    x = layers.GroupQueryAttention(4, 4, 2)(x, x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model([image, words], layers.Dense(3)(x))


SKIPPED = "ignore:(Layer .* does not have a `quantize` method|Invalid quantization mode):UserWarning"
"""Keras warns of each layer that it leaves as it is."""


SLOW = pytest.mark.slow
"""Keras takes long to pack a network by groups; each of its layers by itself is tested elsewhere, in all modes."""

MODES = {"int8": "int8", "int4": "float32 x int4", "float8": "float8_e4m3fn"}


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("mode", ["int8", "float8", pytest.param("int4", marks=SLOW)])
def test_a_quantised_network_keeps_its_parameters_and_products(mode: str) -> None:
    model = network()
    before = cnnstats.analyze(model).totals
    model.quantize(mode)
    report = cnnstats.analyze(model, strict=True)
    assert (report.totals.params, report.totals.macs) == (before.params, before.macs)
    assert sum(report.totals.macs_by_type.values()) == report.totals.macs
    assert report.totals.quantizer_params > 0
    assert [each.code for each in report.disagreements if not each.explained] == []
    assert MODES[mode] in report.totals.macs_by_type


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("mode", [None, "int8", pytest.param("int4", marks=SLOW)])
def test_an_adapted_network_has_its_thin_matrices_beside(mode: str | None) -> None:
    model = network()
    before = cnnstats.analyze(model).totals
    if mode:
        model.quantize(mode)
    adapted = [layer for layer in model._flatten_layers() if hasattr(layer, "enable_lora")]
    for layer in adapted:
        layer.enable_lora(4)
    report = cnnstats.analyze(model, strict=True)
    thin = [weight for layer in adapted for weight in layer.weights if weight.name.startswith("lora")]
    assert report.totals.params == before.params + sum(int(np.prod(weight.shape)) for weight in thin)
    assert report.totals.macs > before.macs
    assert [each.code for each in report.disagreements if not each.explained] == []
    assert "P7" in {each.code for each in report.disagreements}


class Block(layers.Layer):
    """Two dense layers and heads, as calibration wants them: a layer of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = layers.MultiHeadAttention(2, 8)
        self.wide, self.narrow = layers.Dense(24, activation="relu"), layers.Dense(16)

    def call(self, x: Any) -> Any:
        return self.narrow(self.wide(x + self.heads(x, x)))


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("config", [pytest.param(GPTQConfig, marks=SLOW), AWQConfig])
def test_a_calibrated_network(config: Any) -> None:
    words = keras.Input((6,), dtype="int32")
    table, block = layers.Embedding(20, 16), Block()
    model = keras.Model(words, layers.Dense(3)(layers.GlobalAveragePooling1D()(block(table(words)))))
    before = cnnstats.analyze(model).totals
    model.quantize(
        config=config(
            dataset=[np.arange(6, dtype="int32")[None] % 20],
            tokenizer=lambda x: x,
            num_samples=1,
            sequence_length=6,
            group_size=8,
            quantization_layer_structure={"pre_block_layers": [table], "sequential_blocks": [block]},
        )
    )
    report = cnnstats.analyze(model, strict=True)
    assert (report.totals.params, report.totals.macs) == (before.params, before.macs)
    # Heads, a wide and a narrow layer; the embedding and the last layer stay.
    assert report.totals.macs_by_type["float32 x int4"] == 6 * (4 * 16 * 16 + 16 * 24 + 24 * 16)
    assert [each.code for each in report.disagreements if not each.explained] == []
