"""`cnnstats check`: budgets of the command line and of `pyproject.toml`."""

import json
import os
import sys

import pytest

from keras_cnnstats.budgets import LIMITS


def test_kept(run):
    result = run("check", "theirs:build", "--max-params", "5M", "--min-receptive-field", 5)
    assert result.code == 0
    assert result.out.splitlines() == [
        "theirs:build",
        "  ✓ parameters: at most 5,000,000, found 898",
        "  ✓ receptive field of the last map: at least 5, found 5",
    ]


def test_not_kept(run):
    result = run("check", "theirs:build", "--max-params", 500, "--max-macs", "1G")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[1] == "  ✗ parameters: at most 500, found 898"
    # 3 * 3 * 8 * 8 + 8 parameters, then 3 * 3 * 3 * 8 + 8, then 8 * 10 + 10; the dearest first.
    assert [line.rpartition(": ")[2] for line in lines[2:5]] == ["584", "224", "90"]
    assert lines[5].startswith("  ✓ MACs: at most 1,000,000,000")


def test_an_output_without_such_marks(run, monkeypatch):
    with os.fdopen(os.dup(1), "w", encoding="ascii") as narrow:
        monkeypatch.setattr(sys, "stdout", narrow)
        result = run("check", "theirs:build", "--max-params", 500, "--max-macs", "1G")
    assert result.code == 1
    assert result.out.splitlines()[1] == "  ! parameters: at most 500, found 898"
    assert result.out.splitlines()[5].startswith("  + MACs: at most")


def test_what_is_unknown_keeps_no_budget(run):
    result = run("check", "theirs:unknown", "--max-flops", "1T")
    assert result.code == 1
    assert "rows of unknown cost" in result.out
    assert "opaque" in result.out


def test_every_budget_is_an_option(run):
    amounts = [word for name in LIMITS for word in (f"--{name.replace('_', '-')}", "1")]
    result = run("check", "theirs:made", *amounts, "-f", "json")
    assert result.code == 1
    budgets = json.loads(result.out)[0]["budgets"]
    assert [budget["budget"].replace("-", "_") for budget in budgets] == list(LIMITS)
    # Without an optimizer, nobody knows what a step of training keeps.
    assert [each["found"] for each in budgets if each["budget"] == "max-training-memory"] == [None]


SETTINGS = """
[tool.cnnstats]
max-params = "5M"

[tool.cnnstats.models."theirs:build"]
max-macs = 1
argument = ["width=4"]

[tool.cnnstats.models."theirs:two_inputs"]
input-shape = ["16,16,3", "16,16,3"]
max-params = 10
"""


def test_budgets_of_the_project(run, here):
    (here / "pyproject.toml").write_text(SETTINGS)
    result = run("check")
    assert result.code == 1
    assert [line for line in result.out.splitlines() if not line.startswith("      ")] == [
        "theirs:build",
        "  ✓ parameters: at most 5,000,000, found 310",
        f"  ✗ MACs: at most 1, found {30 * 30 * 4 * 27 + 28 * 28 * 4 * 36 + 40:,}",
        "theirs:two_inputs",
        "  ✗ parameters: at most 10, found 112",
    ]


def test_settings_are_found_from_below(run, here, monkeypatch):
    (here / "pyproject.toml").write_text(SETTINGS)
    run("report", "theirs:build", "-o", "stored.json")
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    assert "5,000,000" in run("check", "../stored.json").out


def test_the_command_line_goes_first(run, here):
    (here / "pyproject.toml").write_text(SETTINGS)
    assert run("check", "theirs:two_inputs", "--max-params", 1000).code == 0


@pytest.mark.parametrize("start", ["", "[build-system]\nrequires = []\n", "[tool.other]\nx = 1\n"])
def test_without_settings_a_model_is_asked_for(run, here, start):
    (here / "pyproject.toml").write_text(start)
    result = run("check")
    assert (result.code, result.out) == (2, "")
    assert "expected a MODEL" in result.err


def test_a_stored_report_is_checked(run):
    run("report", "theirs:build", "-o", "stored.json")
    assert run("check", "stored.json", "--max-params", "1k").code == 0
