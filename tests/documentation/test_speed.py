"""The page on speed is made of the raw times, and of nothing else."""

import json
import re
from pathlib import Path
from statistics import median

from benchmarks.speed.findings import findings
from benchmarks.speed.page import page
from benchmarks.speed.ratios import ratio

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
