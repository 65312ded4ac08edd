"""The README says nothing that the measurements do not say, and fits on a screen."""

import json
from pathlib import Path
from typing import Any

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
    said = "MACs of {} models: {applications} applications, {hub} backbones of keras-hub, {custom} of our own"
    assert said.format(sum(groups.values()), **groups) in README
    found = [(each["backend"], each["contractions"]) for each in stored("agreement.json")]
    assert not [each for _, each in found if each["verdict"] == "differs" or each.get("remainder")]
    assert [backend for backend, each in found if each["verdict"] == "not comparable"] == ["jax"]
    assert "exact; one is not comparable under XLA" in README


def test_fields_are_confirmed() -> None:
    networks = stored("fields.json")
    assert f"receptive fields of all {len(networks)} applications, 11 maps each" in README
    assert {check["verdict"] for network in networks for check in network["checks"]} == {"confirmed"}
    assert {len({check["map"] for check in network["checks"]}) for network in networks} == {11}


def test_it_fits_on_a_screen() -> None:
    assert len(README.splitlines()) <= 80
    for line in README.splitlines():
        for target in line.split("](")[1:]:
            path = target.split(")")[0]
            assert "://" in path or (ROOT / path).exists(), path
