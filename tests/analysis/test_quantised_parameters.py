"""Parameters of quantised and adapted layers: those without it, the quantiser's state apart, and what is stored."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import pytest

import keras_cnnstats as cnnstats
from tests.analysis.quantised import AWQ, BLOCKS, GPTQ, GPTQ_8, ONE_SCALE, calibrated, dense, einsum, quantised, tokens


class Held(NamedTuple):
    params: int
    trainable: int
    state: int
    stored: dict[str, int]


# A dense layer from 5 to 7: 35 + 7 parameters. A row of 7 weights is packed in 4 bytes.
# Blocks of 4 make 2 groups of 5 rows: 14 scales, 14 zero points of a byte, 5 numbers of groups.
# float8: three scales and three histories of 1024.
HELD = {
    "plain": (lambda: dense(), Held(42, 42, 0, {"float32": 168})),
    "int8": (lambda: quantised(dense(), "int8"), Held(42, 7, 7, {"float32": 28 + 28, "int8": 35})),
    "int4, one scale": (
        lambda: quantised(dense(), config=ONE_SCALE),
        Held(42, 7, 7, {"float32": 28 + 28, "int8": 20}),
    ),
    "int4, blocks": (
        lambda: quantised(dense(), config=BLOCKS),
        Held(42, 7, 33, {"float32": 28 + 56 + 20, "int8": 20 + 14}),
    ),
    "float8": (lambda: quantised(dense(), "float8"), Held(42, 42, 3 * 1025, {"float32": 4 * (42 + 3 * 1025)})),
    "gptq": (lambda: calibrated(dense(), GPTQ), Held(42, 7, 33, {"float32": 28 + 56 + 20, "uint8": 20 + 14})),
    "gptq, 8 bits": (lambda: calibrated(dense(), GPTQ_8), Held(42, 7, 33, {"float32": 104, "uint8": 35 + 14})),
    "awq": (lambda: calibrated(dense(), AWQ), Held(42, 7, 38, {"float32": 104 + 20, "uint8": 34})),
    "low rank": (lambda: quantised(dense(), rank=2), Held(42 + 24, 7 + 24, 0, {"float32": 4 * 66})),
    "low rank, int8": (
        lambda: quantised(dense(), "int8", rank=2),
        Held(42 + 24, 7 + 24, 7, {"float32": 4 * (7 + 24 + 7), "int8": 35}),
    ),
    "heads, int4": (
        lambda: quantised(einsum(), config=ONE_SCALE),
        Held(140, 20, 20, {"float32": 160, "int8": 60}),
    ),
    "embedding": (lambda: tokens(), Held(66, 66, 0, {"float32": 264})),
    "embedding, int8": (lambda: quantised(tokens(), "int8"), Held(66, 0, 11, {"float32": 44, "int8": 66})),
    "embedding, int4": (
        lambda: quantised(tokens(), config=BLOCKS),
        Held(66, 0, 22 + 22 + 6, {"float32": 88 + 24, "int8": 33 + 22}),
    ),
}


@pytest.mark.parametrize(("make", "held"), HELD.values(), ids=HELD)
def test_parameters_are_logical_and_state_is_apart(make: Callable[[], keras.Model], held: Held) -> None:
    report = cnnstats.analyze(make())
    row = report.rows[-1]
    assert Held(row.params, row.trainable_params, row.quantizer_params, dict(row.stored)) == held
    assert (report.totals.params, report.totals.quantizer_params) == (held.params, held.state)
    assert dict(report.totals.stored) == held.stored
    assert row.param_bytes == sum(held.stored.values())


@pytest.mark.parametrize("make", [make for make, _ in HELD.values()], ids=HELD)
def test_bytes_are_those_of_the_variables(make: Callable[[], keras.Model]) -> None:
    model = make()
    nbytes = sum(keras.ops.convert_to_numpy(weight.value).nbytes for weight in model.weights)
    assert cnnstats.analyze(model).totals.param_bytes == nbytes


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_the_parameters_of_a_dense_layer_stay(mode: str) -> None:
    model = dense((64,), 32)
    assert cnnstats.analyze(model).totals.params == 2080
    assert cnnstats.analyze(quantised(model, mode)).totals.params == 2080


def test_before_calibration_the_layer_computes_with_its_kernel() -> None:
    model = dense()
    model.layers[-1].quantize("gptq", config=GPTQ)
    row = cnnstats.analyze(model).rows[-1]
    assert (row.params, row.macs_by_type) == (42, {"float32": 35})
    # What calibration will fill: the packed weights too.
    assert row.quantizer_params == 20 + 33


@pytest.mark.parametrize("make", [make for make, _ in HELD.values()], ids=HELD)
def test_it_survives_json(make: Callable[[], keras.Model]) -> None:
    report = cnnstats.analyze(make())
    again = cnnstats.Report.from_json(report.to_json())
    assert again == report
    assert again.totals == report.totals


def test_state_has_a_column() -> None:
    frame = cnnstats.analyze(quantised(dense(), "int8")).to_dataframe()
    assert list(frame["quantizer_params"]) == [7]
    assert list(frame["params"]) == [42]
