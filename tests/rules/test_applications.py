"""All networks of `keras.applications`, built without memory.

What holds for each, the totals that are known, and that the tables of the documentation hold what is counted now.
"""

import json
from functools import cache, lru_cache
from math import inf
from pathlib import Path
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report

NETWORKS = [name for name in dir(keras.applications) if name[0].isupper()]
NOT_ON_PYTORCH = {"NASNetLarge", "NASNetMobile"}  # Keras refuses to build them there
SUMMED = ("params", "trainable_params", "macs", "flops", "transcendentals")

# Two per multiply-accumulate pair, as PyTorch's FlopCounterMode counts them.
TWICE_THE_MACS = {"ResNet50": 7_715_946_496, "MobileNetV2": 601_548_544, "ConvNeXtTiny": 8_911_062_528}

DOCS = Path(__file__).parents[2] / "docs"
CONVENTIONS = {"tensorflow": "tf", "jax": "xla", "torch": "2macs"}


def stored(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DOCS / name).read_text(encoding="utf-8"))
    return found


AGREEMENT = [each for each in stored("agreement.json") if each["group"] == "applications"]
FIELDS = {each["network"]: each for each in stored("fields.json")}


@lru_cache(maxsize=1)  # all of them would be walked over, again and again, by the garbage collector
def built(name: str) -> Any:
    if keras.backend.backend() == "torch" and name in NOT_ON_PYTORCH:
        pytest.skip("Keras does not build it on PyTorch")
    # Layers without a name of their own are numbered, as they were when the tables were made.
    keras.utils.clear_session()
    with cnnstats.abstract():
        return getattr(keras.applications, name)(weights=None)


@cache
def analyzed(name: str) -> Report:
    """The report of a network; those that leave their sizes open are fed what the others have by themselves."""
    model = built(name)
    return cnnstats.analyze(model, input_shape=(224, 224, 3) if None in model.input_shape[1:] else None)


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


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_counted_as_it_is_stored(name: str) -> None:
    report = analyzed(name)
    records = {each["backend"]: each for each in AGREEMENT if each["model"] == name}
    assert records.keys() == CONVENTIONS.keys()
    for backend, record in records.items():
        assert (record["params"], record["macs"]) == (report.totals.params, report.totals.macs)
        counted = report.with_convention(CONVENTIONS[backend]).totals.flops
        assert record["flops"]["counted"] == counted, backend
    inside = sum(work.inside for row in report.rows for _, work in row.work or ())
    assert records["jax"]["contractions"]["terms"].get("padding", 0) == inside - report.totals.macs


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_sees_what_is_stored(name: str) -> None:
    report = analyzed(name)
    for check in FIELDS[name]["checks"]:
        found = getattr(report[check["map"]], check["field"])
        assert ["all" if each == inf else each for each in found] == check["counted"], check["map"]
