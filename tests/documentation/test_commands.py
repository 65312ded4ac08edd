"""The commands that the pages show run as they stand there."""

import re
import shlex
import sys
from pathlib import Path

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.cli import main

DOCS = Path(__file__).parents[2] / "docs"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)

MODELS = """
import keras


def build(width=8):
    image = keras.Input((32, 32, 3))
    return keras.Model(image, keras.layers.Conv2D(width, 3, name="stem")(image))
"""


def commands() -> list[str]:
    """What stands behind a prompt on the pages."""
    pages = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
    blocks = [block for page in pages for block in CONSOLE.findall(page.read_text(encoding="utf-8"))]
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the commands name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    keras.applications.MobileNetV2(weights=None, alpha=0.35).save("model.keras")
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "models.py").write_text(MODELS, encoding="utf-8")
    image = keras.Input((32, 32, 3))
    cnnstats.analyze(keras.Model(image, keras.layers.Conv2D(4, 3, name="stem")(image))).to_json("main.json")
    return tmp_path


def test_there_are_commands() -> None:
    assert len(commands()) > 5


@pytest.mark.parametrize(
    "command", [pytest.param(each, marks=pytest.mark.slow if " sweep " in each else ()) for each in commands()]
)
def test_a_command_runs(project: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *arguments = shlex.split(command)
    assert program == "cnnstats"
    code = main(arguments)
    shown = capsys.readouterr()
    assert code == 0, shown.err
    written = [arguments[place + 1] for place, each in enumerate(arguments) if each in ("-o", "--output")]
    assert shown.out or written
    assert all((project / name).stat().st_size for name in written)
