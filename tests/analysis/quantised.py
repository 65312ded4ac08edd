"""Small models of one layer each, and the ways to quantise and to adapt it."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers
from keras.quantizers import AbsMaxQuantizer, AWQConfig, GPTQConfig, Int4QuantizationConfig, Int8QuantizationConfig


def chain(shape: tuple[int, ...], *stack: layers.Layer, dtype: str = "float32") -> keras.Model:
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def dense(shape: tuple[int, ...] = (5,), units: int = 7, **arguments: Any) -> keras.Model:
    return chain(shape, layers.Dense(units, **arguments))


def einsum() -> keras.Model:
    return chain((3, 6), layers.EinsumDense("abc,cde->abde", (3, 4, 5), bias_axes="de"))


def back() -> keras.Model:
    """The heads brought together again: two axes are summed over."""
    return chain((3, 4, 5), layers.EinsumDense("abde,dec->abc", (3, 7), bias_axes="c"))


def tokens() -> keras.Model:
    return chain((5,), layers.Embedding(11, 6), dtype="int32")


def convolution() -> keras.Model:
    return chain((6, 6, 3), layers.Conv2D(4, 3))


WEIGHTS_ALONE = Int8QuantizationConfig(activation_quantizer=None)
BLOCKS = Int4QuantizationConfig(block_size=4)
ONE_SCALE = Int4QuantizationConfig(block_size=None)
GPTQ = GPTQConfig(dataset=None, tokenizer=None, group_size=4)
GPTQ_8 = GPTQConfig(dataset=None, tokenizer=None, group_size=4, weight_bits=8)
AWQ = AWQConfig(dataset=None, tokenizer=None, group_size=4)


def both() -> Int4QuantizationConfig:
    """Inputs of 8 bits, weights of 4."""
    return Int4QuantizationConfig(activation_quantizer=AbsMaxQuantizer(axis=-1), block_size=None)


def quantised(model: keras.Model, mode: str | None = None, config: Any = None, rank: int = 0, alpha: int = 0) -> Any:
    """The model with its last layer quantised, then adapted."""
    layer = model.layers[-1]
    if mode or config:
        layer.quantize(mode, config=config)
    if rank:
        layer.enable_lora(rank, lora_alpha=alpha or None)
    return model


def calibrated(model: keras.Model, config: Any) -> keras.Model:
    """The model with its last layer as calibration leaves it; the values do not matter here."""
    layer = model.layers[-1]
    layer.quantize(config.mode, config=config)
    setattr(layer, f"is_{config.mode}_calibrated", True)
    del layer._kernel
    return model


ADAPTED: dict[str, Callable[[keras.Model], keras.Model]] = {
    "plain": lambda m: m,
    "int8": lambda m: quantised(m, "int8"),
    "int8 weights": lambda m: quantised(m, config=WEIGHTS_ALONE),
    "int4": lambda m: quantised(m, "int4"),
    "int4, one scale": lambda m: quantised(m, config=ONE_SCALE),
    "int4, int8 inputs": lambda m: quantised(m, config=both()),
    "int4, blocks": lambda m: quantised(m, config=BLOCKS),
    "float8": lambda m: quantised(m, "float8"),
    "gptq": lambda m: calibrated(m, GPTQ),
    "gptq, 8 bits": lambda m: calibrated(m, GPTQ_8),
    "awq": lambda m: calibrated(m, AWQ),
    "low rank": lambda m: quantised(m, rank=2),
    "low rank, scaled": lambda m: quantised(m, rank=2, alpha=8),
    "low rank, int8": lambda m: quantised(m, "int8", rank=2),
    "low rank, int8, scaled": lambda m: quantised(m, "int8", rank=2, alpha=8),
    "low rank, int4": lambda m: quantised(m, "int4", rank=2),
}
"""Ways to quantise and adapt the last layer of a model."""
