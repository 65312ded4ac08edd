"""Work in training against XLA's count of a step that JAX has traced, on small models.

The contractions are also counted one by one. Where the totals part, the term has a name and its size beside the model.
"""

import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.rules.training_models import EXAMPLES

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed"),
    pytest.mark.slow,  # a process of JAX compiles the training step of each
]


@cache
def counts() -> dict[str, dict[str, tuple[int, int]]]:
    """XLA's counts and ours, of a Python whose backend is JAX."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.rules.training_in_xla"],
        cwd=ROOT,
        # With 64 bits allowed, JAX converts numbers that stand in formulas, and XLA counts that.
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, dict[str, tuple[int, int]]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_contractions_are_those_that_xla_counts(name: str) -> None:
    (_, measured), (_, ours) = counts()[name]["measured"], counts()[name]["ours"]
    assert measured - ours == EXAMPLES[name].contractions


@pytest.mark.parametrize("name", EXAMPLES)
def test_step_is_what_xla_counts(name: str) -> None:
    (measured, _), (ours, _) = counts()[name]["measured"], counts()[name]["ours"]
    assert measured - ours == sum(EXAMPLES[name].terms.values())


def test_there_are_models_enough_and_few_named_terms() -> None:
    assert len(EXAMPLES) >= 10
    assert [name for name, example in EXAMPLES.items() if example.terms] == [
        "low rank embedding",
        "causal",
        "unused branch",
    ]
