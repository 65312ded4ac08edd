"""The page on speed is made of the raw times, and of nothing else."""

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from benchmarks.speed.__main__ import take
from benchmarks.speed.findings import findings
from benchmarks.speed.page import page, reasons
from benchmarks.speed.ratios import ratio
from benchmarks.speed.stages import STAGES, calls, passed_through

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_raw_times_say() -> None:
    stored = json.loads((DOCS / "speed.json").read_text(encoding="utf-8"))
    assert (DOCS / "speed.md").read_text(encoding="utf-8") == page(stored["machine"], stored["records"])


def test_what_dask_costs_is_what_was_measured() -> None:
    record = json.loads((DOCS / "speed.json").read_text(encoding="utf-8"))["records"]["scheduler"]
    told = re.search(r"([\d.]+) ms that Dask takes for each batch are ([\d.]+) %", (DOCS / "sweeping.md").read_text())
    assert told is not None
    took = median(record["seconds"]["Dask"])
    assert told.groups() == (f"{1000 * took:.0f}", f"{100 * took / record['models']:.1f}")


def test_a_ratio_is_that_of_the_medians_between_the_least_and_the_most_of_a_round() -> None:
    found = ratio([2.0, 4.0, 9.0], [1.0, 1.0, 3.0])
    assert (found.middle, found.least, found.most) == (4.0, 2.0, 4.0)


def test_an_aim_that_is_missed_is_said() -> None:
    record = {"name": "net", "seconds": {"analyze": [1.0], "model.summary()": [14.0], "a bare walk": [0.05]}}
    kept = {each.what: each.is_kept for each in findings("peers", record)}
    assert kept == {"model.summary()": False, "a bare walk": True}


def test_a_count_of_failures_is_no_reason() -> None:
    records = {"applications": {"failed": 0, "seconds": {}}, "import": {"failed": "torch is not installed"}}
    assert list(reasons(records)) == ["- import: torch is not installed"]


MEASURED = {"name": "net", "seconds": {"analyze": [1.0]}}
FAILED = {"failed": "torch is not installed; CNNSTATS_TORCH_PYTHON may name a Python that has it"}


def test_what_cannot_be_measured_here_keeps_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    kept = {"machine": "another", "records": {"peers/torch/net": MEASURED}}
    take(FAILED, "peers/torch/net", kept)
    assert kept == {"machine": "another", "records": {"peers/torch/net": MEASURED}}
    assert "keeps what was measured before" in capsys.readouterr().out


@pytest.mark.parametrize(("before", "now"), [({}, FAILED), (FAILED, MEASURED), (MEASURED, {**MEASURED, "rows": 3})])
def test_what_is_measured_is_kept(before: dict[str, Any], now: dict[str, Any]) -> None:
    kept = {"machine": "another", "records": {"peers/torch/net": before} if before else {}}
    take(now, "peers/torch/net", kept)
    assert kept["records"] == {"peers/torch/net": now}


def test_the_stages_are_those_of_an_analysis() -> None:
    """What is timed floor by floor makes the same report."""
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(2, 3, activation="relu")(image))
    report, seconds = passed_through(model)
    assert report == cnnstats.analyze(model)
    assert list(seconds) == list(STAGES)
    assert all(took > 0 for took in seconds.values())


def test_calls_are_counted_by_who_wrote_the_function() -> None:
    found = calls(lambda: [len(each) for each in ("a", "b", "c")])
    assert found["C"] >= 3
    assert 1 <= found["Python"] <= 3


def test_the_text_is_made_of_what_was_measured() -> None:
    record = {
        "name": "net",
        "rows": 10,
        "seconds": {stage: [3e-4, 1e-4 * number] for number, stage in enumerate(STAGES, start=1)},
        "calls": {"Python": 1440, "C": 1903},
    }
    told = " ".join(page("here", {"stages": record}).split())
    assert "150 µs for each row of net, at the least of 2 rounds: 30 for" in told
    assert "20 for the rules, 10 for reading Keras' graph." in told
    assert "144 calls of functions written in Python and 190 of built-in ones" in told
