"""`cnnstats sweep`."""

import csv
import json
import pickle

import pytest

from keras_cnnstats.budgets import LIMITS
from keras_cnnstats.cli import main
from keras_cnnstats.cli.commands.sweep import _with_modules
from tests.sweeping.builders import plain

MODULE = """
import keras
from tests.sweeping.builders import plain, raising


def space(count=3):
    for width in range(1, count + 1):
        yield f"w{width}", plain, {"width": width}
    yield "=bad", raising, {}


def model():
    return plain()


def nothing():
    return 3
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    (tmp_path / "spaces.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def call(*arguments):
        capfd.readouterr()
        code = main(["sweep", *map(str, arguments), "--processes", "0"])
        return code, *capfd.readouterr()

    return call


def test_a_space_as_a_table(run):
    code, out, err = run("spaces:space", "-a", "count=2")
    assert code == 0
    assert err.splitlines()[-1] == "3 models, 1 failed"
    head, _, *rows = out.splitlines()
    assert head.split() == ["name", "params", "macs", "flops", "rf", "peak_activation_bytes", "error"]
    assert [row.split()[:2] for row in rows] == [["w1", "28"], ["w2", "56"], ["=bad", "?"]]


def test_budgets(run):
    code, out, err = run("spaces:space", "--max-params", 60, "-f", "json")
    assert code == 0
    assert err.splitlines()[-1] == "4 models, 1 failed, 1 left out by budgets"
    assert [row["params"] for row in json.loads(out)] == [28, 56, None]


def test_an_output_goes_on(run, tmp_path):
    code, out, _ = run("spaces:space", "-o", "space.csv")
    assert (code, out) == (0, "")
    run("spaces:space", "-a", "count=5", "-o", "space.csv")
    with (tmp_path / "space.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["w1", "w2", "w3", "'=bad", "w4", "w5"]


def test_models(run):
    code, out, _ = run("MobileNet", "spaces:model", "-f", "csv")
    assert code == 0
    assert [row["name"] for row in csv.DictReader(out.splitlines())] == ["MobileNet", "spaces:model"]
    assert [row["error"] for row in csv.DictReader(out.splitlines())] == ["", ""]


def test_weights_are_refused(run):
    code, out, err = run("spaces:space", "--real")
    assert (code, out) == (2, "")
    assert "--real: a sweep builds models without weights." in err


@pytest.mark.usefixtures("run")
def test_rules_of_a_module_hold_wherever_a_builder_runs(tmp_path):
    (tmp_path / "marks.py").write_text("from pathlib import Path\nPath('imported').touch()\n")
    ((name, build, arguments),) = list(_with_modules([("w1", plain, {"width": 1})], ["marks"]))
    assert (name, (tmp_path / "imported").exists()) == ("w1", False)
    again = pickle.loads(pickle.dumps((build, arguments)))
    assert again[0](**again[1]).count_params() == 28
    assert (tmp_path / "imported").exists()


def test_csv_starts_no_formula(run):
    _, out, _ = run("spaces:space", "-f", "csv")
    assert [row["name"] for row in csv.DictReader(out.splitlines())] == ["w1", "w2", "w3", "'=bad"]


def test_one_model(run):
    code, out, _ = run("spaces:model", "-f", "json")
    assert code == 0
    assert [row["params"] for row in json.loads(out)] == [224]


REFUSED = {
    "no such network": (("ResNet5",), "Did you mean"),
    "no builders": (("spaces:nothing",), "builders: expected a mapping"),
    "another ending": (("MobileNet", "-o", "rows.xlsx"), "expected .csv or .parquet"),
    "no folder": (("MobileNet", "-o", "none/rows.csv"), "there is no folder"),
    "no amount": (("MobileNet", "--max-flops", "many"), "max_flops: expected a count"),
    "a timeout without a process": (("MobileNet", "--timeout", "3"), "nobody can end this process"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(run, case):
    arguments, message = REFUSED[case]
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_every_budget_is_an_option(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"--{name.replace('_', '-')}" in out for name in LIMITS)
