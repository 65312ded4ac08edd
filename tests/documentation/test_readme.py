"""The README says nothing that the measurements do not say, and fits on a screen."""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.agreement import headline

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def stored(name: str) -> list[dict[str, Any]]:
    """What a benchmark has stored."""
    found: list[dict[str, Any]] = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    return found


def models(group: str) -> int:
    """How many models of a group were held against the counters."""
    return len({each["model"] for each in stored("agreement.json") if each["group"] == group})


def test_the_headline_is_that_of_the_agreement() -> None:
    groups = {group: models(group) for group in ("applications", "hub", "custom")}
    said = "{applications} applications, {hub} backbones of keras-hub in small sizes, {custom} of our own"
    assert f"MACs of {sum(groups.values())} models: {said.format(**groups)}" in README
    assert headline(stored("agreement.json")) in README


def test_the_headline_leaves_no_comparison_out() -> None:
    whole, *parts = [int(each) for each in re.findall(r"\d+", headline(stored("agreement.json")))]
    assert whole == sum(parts)


def test_what_has_no_rule_is_said() -> None:
    coverage = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    (unknown,) = [line.split("|")[2].strip() for line in coverage.splitlines() if line.startswith("| unknown |")]
    assert f"{unknown} names of Keras are unknown, and say why" in README


def test_fields_are_confirmed() -> None:
    networks = stored("fields.json")
    assert f"receptive fields of all {len(networks)} applications, 11 maps each" in README
    assert {check["verdict"] for network in networks for check in network["checks"]} == {"confirmed"}
    assert {len({check["map"] for check in network["checks"]}) for network in networks} == {11}


def test_it_fits_on_a_screen() -> None:
    assert len(README.splitlines()) <= 80
