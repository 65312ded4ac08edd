"""How a document is told: a heading for each row, figures with their witnesses, and pictures in a folder."""

import argparse
import inspect
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_cnnstats as cnnstats
from lesson.formulas import Formula

NAMES = {
    "formula": "the formula",
    "reference": "the reference layer",
    "keras": "Keras",
    "analyze": "cnnstats.analyze",
    "counted": "cnnstats.count_operations",
    "explain": "cnnstats.explain",
    "conv_to_dense": "conv_to_dense",
    "dense_to_conv": "dense_to_conv",
}
"""Who may say a figure."""


def teach(document: str, *rows: Callable[[], None]) -> None:
    """Goes through the rows of a document, each under a heading: the name of its function, and what it says."""
    folder()
    print(f"{document}\n{'=' * len(document)}")
    for row in rows:
        keras.utils.set_random_seed(0)
        title, _, more = (inspect.getdoc(row) or "").partition("\n\n")
        heading = f"{row.__name__.upper()}  {title}"
        print(f"\n{heading}\n{'-' * len(heading)}")
        if more:
            print(f"{more}\n")
        row()
    print("\nAll figures of the document come out.")


def show(label: str, value: object = "") -> None:
    """Prints a line."""
    print(f"  {label:42}  {_written(value)}".rstrip())


def agree(label: str, figure: Any, formula: Formula | None = None, **witnesses: Any) -> None:
    """Prints the document's figure and who else says it.

    Args:
        label: what the figure is of.
        figure: the document's.
        formula: gives it too.
        **witnesses: the same figure from elsewhere, under a name of `NAMES`, or of its own.

    Raises:
        AssertionError: somebody says something else.
    """
    said = {**({"formula": formula.value} if formula else {}), **witnesses}
    names = {name: NAMES.get(name, name.replace("_", " ")) for name in said}
    for name, value in said.items():
        if not np.array_equal(value, figure):
            raise AssertionError(f"{label}: {figure} in the document, {value} by {names[name]}")
    show(label, f"{_written(figure)} = {formula.text}" if formula else figure)
    print(f"  {'':42}  by {', '.join(names.values())}")


def equal(label: str, one: Any, other: Any, tolerance: float = 1e-5) -> None:
    """Prints that two arrays hold the same values.

    Raises:
        AssertionError: they do not.
    """
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=label)
    show(label, "equal")


def grid(label: str, values: Any) -> None:
    """Prints a small map, row by row."""
    cells = [[f"{value:g}" for value in row] for row in np.round(np.asarray(values, float), 2) + 0.0]
    width = max(len(cell) for row in cells for cell in row)
    for place, row in enumerate(cells):
        show("" if place else label, "  ".join(cell.rjust(width) for cell in row))


def drawn(explanation: Any, name: str) -> None:
    """Saves the picture of an explanation, where matplotlib is installed, and says where."""
    path = folder() / f"{name}.png"
    try:
        explanation.save(path)
    except cnnstats.MissingDependencyError as missing:
        show("picture", str(missing))
    else:
        show("picture", path)


@cache
def folder() -> Path:
    """Returns the folder for pictures and curves, which `--output` names."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    default = Path(__file__).parents[1] / "output"
    parser.add_argument("--output", type=Path, default=default, help="folder for pictures and curves: %(default)s")
    output: Path = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    return output


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return " x ".join(_written(size) for size in value)
    return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)
