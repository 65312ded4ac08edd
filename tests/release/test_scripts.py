"""What the release is tried with works on the checkout too."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

from tests.release.extras import TRIED

ROOT = Path(__file__).parents[2]
OLDEST = ROOT / ".ci" / "oldest.txt"


def declared() -> dict[str, object]:
    """The `project` of pyproject.toml."""
    project: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def test_a_script_of_a_user_runs(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "release" / "user.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "MACs" in done.stdout.splitlines()[-1]


def test_every_extra_for_users_is_tried() -> None:
    assert set(TRIED) == set(declared()["optional-dependencies"]) - {"test"}  # type: ignore[call-overload]


@pytest.mark.parametrize("extra", ["html", "plot", "sweep"])
def test_what_is_tried_of_an_extra_works(extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    TRIED[extra]()


def oldest(requirements: Iterable[str]) -> set[str]:
    return {each.replace(">=", "==") for each in requirements}


def test_the_oldest_versions_are_those_that_are_asked_for() -> None:
    """All that is required, and of the extras what those hold back."""
    required, extras = declared()["dependencies"], declared()["optional-dependencies"]
    lines = OLDEST.read_text(encoding="utf-8").splitlines()
    tried = {line for line in lines if not line.startswith("#")}
    assert oldest(required) <= tried  # type: ignore[arg-type]
    assert tried <= oldest([*required, *chain.from_iterable(extras.values())])  # type: ignore[misc, attr-defined]
