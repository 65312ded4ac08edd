"""All networks of `keras.applications`, built without memory: what holds for each, and the totals that are known."""

from functools import cache
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report

NETWORKS = [name for name in dir(keras.applications) if name[0].isupper()]
NOT_ON_PYTORCH = {"NASNetLarge", "NASNetMobile"}  # Keras refuses to build them there
OPEN_INPUT = {"MobileNetV3Large", "MobileNetV3Small"}  # networks whose default input has no size
SUMMED = ("params", "trainable_params", "macs", "flops", "transcendentals")

# Two per multiply-accumulate pair, as PyTorch's FlopCounterMode counts them.
TWICE_THE_MACS = {"ResNet50": 7_715_946_496, "MobileNetV2": 601_548_544, "ConvNeXtTiny": 8_911_062_528}


@cache
def built(name: str) -> Any:
    if keras.backend.backend() == "torch" and name in NOT_ON_PYTORCH:
        pytest.skip("Keras does not build it on PyTorch")
    given = {"input_shape": (224, 224, 3)} if name in OPEN_INPUT else {}
    with cnnstats.abstract():
        return getattr(keras.applications, name)(weights=None, **given)


@cache
def analyzed(name: str) -> Report:
    return cnnstats.analyze(built(name))


def test_all_forty_are_there() -> None:
    assert len(NETWORKS) == 40


@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str) -> None:
    model, report = built(name), analyzed(name)
    totals = report.totals
    assert [f"{row.layer}: {row.note}" for row in report.rows if row.work is None] == []
    assert totals.params == model.count_params()
    assert {column: sum(getattr(row, column) for row in report.rows) for column in SUMMED} == {
        column: getattr(totals, column) for column in SUMMED
    }
    assert [(found.layer, found.code) for found in report.disagreements if not found.explained] == []
    assert totals.macs < totals.flops < 2.5 * totals.macs
    assert len(report.rows) == sum(not isinstance(layer, keras.layers.InputLayer) for layer in leaves(model))


def leaves(model: Any) -> list[Any]:
    """The operations of a model and of those nested in it, once for each call."""
    found = []
    for operation in getattr(model, "operations", model.layers):
        nested = isinstance(operation, keras.Model)
        found += leaves(operation) if nested else [operation]
    return found


@pytest.mark.parametrize(("name", "flops"), TWICE_THE_MACS.items(), ids=list(TWICE_THE_MACS))
def test_total_is_that_of_an_independent_counter(name: str, flops: int) -> None:
    assert analyzed(name).with_convention("2macs").totals.flops == flops
