"""The pictures are what the plots draw now, where that can be told byte by byte, and each is shown."""

import re
from pathlib import Path

import pytest

from docs import pictures


def without_numbers(picture: str) -> str:
    """A picture without the numbers of its letters, which are others in a font of the system than in matplotlib's."""
    return re.sub(r"DejaVuSans-\w+", "DejaVuSans", picture)


def test_the_plot_of_the_fields_is_drawn_anew_alike(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures.plot(tmp_path / "fields.svg")
    now, then = [(folder / "fields.svg").read_text(encoding="utf-8") for folder in (tmp_path, pictures.FOLDER)]
    assert without_numbers(now) == without_numbers(then)


def test_each_picture_is_drawn_and_shown() -> None:
    there = {path.name for path in pictures.FOLDER.iterdir()}
    assert there == {"fields.svg", "report.png", *(f"{name}.png" for name in pictures.seen())}
    pages = "".join(path.read_text(encoding="utf-8") for path in pictures.FOLDER.parent.glob("*.md"))
    assert [name for name in there if f"(pictures/{name})" not in pages] == []
