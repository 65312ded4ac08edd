"""The table of receptive fields in the documentation is of all applications, and holds nothing that differs."""

import inspect
import json
from pathlib import Path
from typing import Any

import keras
import pytest

DOCS = Path(__file__).parents[2] / "docs"
RECORDS: list[dict[str, Any]] = json.loads((DOCS / "fields.json").read_text(encoding="utf-8"))
NOT_ALIGNED = {"NASNetLarge", "NASNetMobile", "Xception"}

each_network = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["network"])


def test_all_applications_are_in_it() -> None:
    names = {name for name, build in vars(keras.applications).items() if inspect.isfunction(build)}
    assert [record["network"] for record in RECORDS] == sorted(names)
    assert len(RECORDS) == 40


@each_network
def test_eleven_maps_of_each_are_measured_and_none_differs(record: dict[str, Any]) -> None:
    assert len({check["map"] for check in record["checks"]}) == 11
    assert {check["verdict"] for check in record["checks"]} <= {"confirmed", "explained"}


@each_network
def test_the_last_map_is_confirmed(record: dict[str, Any]) -> None:
    last = [check for check in record["checks"] if check["map"] == record["checks"][-1]["map"]]
    assert {check["verdict"] for check in last} == {"confirmed"}
    assert all(check["counted"] == check["measured"] for check in last)


@each_network
def test_hulls_are_marked(record: dict[str, Any]) -> None:
    is_marked = any("not aligned" in check["reason"] for check in record["checks"])
    assert is_marked == (not record["aligned"]) == (record["network"] in NOT_ALIGNED)


def test_the_page_has_a_line_for_each() -> None:
    lines = (DOCS / "fields.md").read_text(encoding="utf-8").splitlines()
    for record in RECORDS:
        last = record["checks"][-1]
        assert any(f"| {record['network']} " in line and f"`{last['map']}`" in line for line in lines)
