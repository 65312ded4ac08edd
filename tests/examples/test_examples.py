"""The examples run as a reader would run them, and each document's script goes through all of its rows."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))

ROWS = {
    "a_understanding_convolution": 5,
    "b_summary_of_cnns": 8,
    "c_standard_convolution": 4,
    "d_convolution_by_hand": 5,
    "e_layers_and_parameters": 5,
}
"""How many rows each document has."""

LONG = {
    "b_summary_of_cnns", "c_standard_convolution", "d_convolution_by_hand", "e_layers_and_parameters",
    "mobilenet_space", "nas_bench_201", "text_cnn", "train_espcn",
}  # fmt: skip
"""They count by hand, train networks, or sweep."""

TRIED = [pytest.param(path, marks=pytest.mark.slow if path.stem in LONG else (), id=path.stem) for path in EXAMPLES]

FILES = {"train_espcn": {"espcn.csv", "espcn.png"}, "a_understanding_convolution": {"a1_convolution.png"}}
"""Some of the files that are written."""


def run(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(path), "--output", str(folder / "output")],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def headings(printed: str) -> list[str]:
    """The first words of the lines that are underlined, but for the title's."""
    lines = printed.splitlines()
    pairs = pairwise(lines)
    return [line.split("  ")[0] for line, below in pairs if below and set(below) == {"-"} and len(below) == len(line)]


@pytest.mark.parametrize("path", TRIED)
def test_example_runs_and_goes_through_all_rows(path: Path, tmp_path: Path) -> None:
    result = run(path, tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert result.stdout.strip(), "an example shows something"
    document, rows = path.stem[0].upper(), ROWS.get(path.stem, 0)
    assert headings(result.stdout) == [f"{document}{row}" for row in range(1, rows + 1)]
    assert FILES.get(path.stem, set()) <= {file.name for file in (tmp_path / "output").glob("*")}


def test_each_document_has_its_script() -> None:
    assert set(ROWS) <= {path.stem for path in EXAMPLES}


def test_an_example_that_fails_is_noticed(tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text("raise SystemExit('planted')", encoding="utf-8")
    result = run(script, tmp_path)
    assert (result.returncode, result.stderr.strip()) == (1, "planted")


def test_a_figure_that_does_not_come_out_is_noticed(tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    examples = EXAMPLES[0].parent
    lines = (
        f"import sys; sys.path.insert(0, {str(examples)!r})\nfrom lesson import agree\nagree('size', 3, analyze=4)\n"
    )
    script.write_text(lines, encoding="utf-8")
    result = run(script, tmp_path)
    assert result.returncode == 1
    assert "size: 3 in the document, 4 by cnnstats.analyze" in result.stderr
