"""The documented job of GitHub Actions: it is YAML, and its own commands do what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "continuous_integration.md"

MODELS = """
import keras

def build():
    return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D({filters}, 3, name="stem")], name="net")
"""


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.fixture
def job():
    return yaml.safe_load(block("yaml"))


def test_the_job_is_well_formed(job):
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = job["jobs"]["compare"]["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert job[True] == "pull_request"  # YAML 1.1 reads `on` as true


@pytest.mark.slow
def test_its_commands_compare_and_check(job, tmp_path):
    for folder, filters in (("base", 4), ("head", 8)):
        package = tmp_path / folder / "my_package"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "models.py").write_text(MODELS.format(filters=filters))
    (tmp_path / "head" / "pyproject.toml").write_text(block("toml").replace("224,224,3", "32,32,3"))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "cnnstats"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m keras_cnnstats "$@"\n')
    tool.chmod(0o755)
    codes = []
    for step in job["jobs"]["compare"]["steps"]:
        if "run" in step and step["run"].startswith("cnnstats"):
            place = tmp_path / step["working-directory"]
            done = subprocess.run(["bash", "-ec", step["run"]], cwd=place, env=environment, check=False, text=True,
                                  capture_output=True)  # fmt: skip
            codes.append(done.returncode)
    # The field of one convolution is 3, where 224 is asked for.
    assert codes == [0, 0, 1]
    assert "receptive field of the last map: at least 224, found 3" in done.stdout
    comment = (tmp_path / "comment.md").read_text(encoding="utf-8")
    assert "stem" in comment
    assert "224" in comment  # 3 * 3 * 3 * 8 + 8 parameters now
