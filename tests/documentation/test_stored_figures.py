"""What the tables of the documentation hold as counted is what is counted now."""

import json
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats import Report

DOCS = Path(__file__).parents[2] / "docs"
CONVENTIONS = {"tensorflow": "tf", "jax": "xla", "torch": "2macs"}


def stored(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DOCS / name).read_text(encoding="utf-8"))
    return found


AGREEMENT = [each for each in stored("agreement.json") if each["group"] == "applications"]
FIELDS = {each["network"]: each for each in stored("fields.json")}


@lru_cache(maxsize=40)
def analyzed(name: str) -> Report:
    """The report of a network; those that leave their sizes open are fed what the others have by themselves."""
    # Layers without a name of their own are numbered, as they were when the tables were made.
    keras.utils.clear_session()
    with cnnstats.abstract():
        model = getattr(keras.applications, name)(weights=None)
    return cnnstats.analyze(model, input_shape=(224, 224, 3) if None in model.input_shape[1:] else None)


@pytest.mark.parametrize("name", FIELDS)
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


@pytest.mark.parametrize("name", FIELDS)
def test_a_network_sees_what_is_stored(name: str) -> None:
    report = analyzed(name)
    for check in FIELDS[name]["checks"]:
        found = getattr(report[check["map"]], check["field"])
        assert ["all" if each == inf else each for each in found] == check["counted"], check["map"]
