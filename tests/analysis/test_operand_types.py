"""What products are products of: MACs by the type of their operands."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers
from keras.quantizers import Int8QuantizationConfig

import keras_cnnstats as cnnstats
from tests.analysis.quantised import (
    AWQ,
    GPTQ,
    GPTQ_8,
    WEIGHTS_ALONE,
    both,
    calibrated,
    chain,
    convolution,
    dense,
    einsum,
    quantised,
    tokens,
)

TYPES = {
    "plain": (lambda: dense(), {"float32": 35}),
    "float16": (lambda: dense(dtype="mixed_float16"), {"float16": 35}),
    "bfloat16": (lambda: dense(dtype="mixed_bfloat16"), {"bfloat16": 35}),
    "int8": (lambda: quantised(dense(), "int8"), {"int8": 35}),
    "int8 weights": (lambda: quantised(dense(), config=WEIGHTS_ALONE), {"float32 x int8": 35}),
    "int8 weights, bfloat16": (
        lambda: quantised(dense(dtype="mixed_bfloat16"), config=WEIGHTS_ALONE),
        {"bfloat16 x int8": 35},
    ),
    "int4, float16": (lambda: quantised(dense(dtype="mixed_float16"), "int4"), {"float16 x int4": 35}),
    "int4, int8 inputs": (lambda: quantised(dense(), config=both()), {"int8 x int4": 35}),
    "float8": (lambda: quantised(dense(), "float8"), {"float8_e4m3fn": 35}),
    "gptq": (lambda: calibrated(dense(), GPTQ), {"float32 x int4": 35}),
    "gptq, 8 bits": (lambda: calibrated(dense(), GPTQ_8), {"float32 x int8": 35}),
    "awq": (lambda: calibrated(dense(), AWQ), {"float32 x int4": 35}),
    "low rank": (lambda: quantised(dense(), rank=2), {"float32": 35 + 5 * 2 * 7}),
    "low rank, int8": (lambda: quantised(dense(), "int8", rank=2), {"int8": 35, "float32": 5 * 2 + 2 * 7}),
    "low rank, heads": (
        lambda: quantised(einsum(), "int8", rank=2),
        {"int8": 360, "float32": 3 * (6 * 4 * 2 + 4 * 2 * 5)},
    ),
    "low rank, convolution": (lambda: quantised(convolution(), rank=2), {"float32": 16 * 27 * 4 + 27 * 2 * 4}),
    "low rank, table": (lambda: quantised(tokens(), rank=2), {"float32": 11 * 2 * 6}),
    "low rank, int8 table": (lambda: quantised(tokens(), "int8", rank=2), {"float32": 5 * 2 * 6}),
    "no products": (lambda: tokens(), {}),
}


@pytest.mark.parametrize(("make", "expected"), TYPES.values(), ids=TYPES)
def test_macs_by_type(make: Callable[[], keras.Model], expected: dict[str, int]) -> None:
    report = cnnstats.analyze(make())
    assert report.rows[-1].macs_by_type == report.totals.macs_by_type == expected
    assert report.totals.macs == sum(expected.values())


def test_each_layer_multiplies_in_its_own_dtype() -> None:
    model = chain(
        (8, 8, 3),
        layers.Conv2D(4, 3, dtype="mixed_float16"),
        layers.Flatten(dtype="mixed_float16"),
        layers.Dense(5, dtype="float32"),
        layers.Dense(2, dtype="bfloat16"),
    )
    report = cnnstats.analyze(model)
    assert report.totals.macs_by_type == {"float16": 36 * 27 * 4, "float32": 144 * 5, "bfloat16": 10}


def test_operations_multiply_in_the_dtype_of_their_result() -> None:
    x = keras.Input((4, 6), dtype="float16")
    y = keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1)))
    assert cnnstats.analyze(keras.Model(x, y)).totals.macs_by_type == {"float16": 4 * 4 * 6}
    a, b = keras.Input((4, 6), dtype="int8"), keras.Input((6, 4), dtype="int8")
    report = cnnstats.analyze(keras.Model([a, b], keras.ops.matmul(a, b)))
    assert report.totals.macs_by_type == {"int8": 4 * 4 * 6}


def test_the_weights_of_unknown_work_have_no_type() -> None:
    class Own(keras.quantizers.Quantizer):
        def __call__(self, x: Any, **_: Any) -> Any:
            return x, 1.0

        def get_config(self) -> dict[str, Any]:
            return {}

    model = quantised(dense(), config=Int8QuantizationConfig(activation_quantizer=Own()))
    row = cnnstats.analyze(model).rows[-1]
    assert row.macs is row.macs_by_type is None
    assert row.note == "no cost is known for the quantizer `Own` of its inputs"


def test_types_are_printed_where_they_are_not_the_models_own() -> None:
    assert "int8 MACs" not in str(cnnstats.analyze(dense()))
    model = chain((5,), layers.Dense(7), layers.Dense(3))
    model.layers[0].quantize("int8")
    text = str(cnnstats.analyze(model))
    assert "int8 MACs" in text
    assert "float32 MACs" in text
    assert "Quantiser state" in text
