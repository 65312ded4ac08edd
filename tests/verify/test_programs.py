"""XLA's figures for whole networks are the sums of its figures for the operations, added up as XLA does."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import programs

ROOT = Path(__file__).parents[2]
RECORDS = json.loads(programs.STORED.read_text(encoding="utf-8"))


def test_the_page_is_made_of_the_figures() -> None:
    assert programs.page(RECORDS) == programs.STORED.with_suffix(".md").read_text(encoding="utf-8")


def test_of_all_networks_xla_adds_up_what_is_added_up_here() -> None:
    assert sorted(RECORDS) == programs.networks()
    assert [name for name, record in RECORDS.items() if record["xla"] != record["float32"]] == []


def test_the_exact_sums_are_those_of_the_agreement() -> None:
    stored = json.loads((ROOT / "docs" / "agreement.json").read_text(encoding="utf-8"))
    networks = [each for each in stored if (each["backend"], each["group"]) == ("jax", "applications")]
    of_xla = {each["model"]: each["flops"] for each in networks}
    measured = {name: of_xla[name]["measured"] for name in RECORDS}
    assert {name: record["exact"] for name, record in RECORDS.items()} == measured


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
def test_a_network_measured_now_is_the_stored_one() -> None:
    command = [sys.executable, "-m", "benchmarks.programs", "--models", "MobileNet", "--print"]
    environment = os.environ | {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"MobileNet": RECORDS["MobileNet"]}
