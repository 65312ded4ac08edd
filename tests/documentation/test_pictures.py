"""The pictures are what the plots draw now, where that can be told byte by byte, and each is shown."""

from pathlib import Path

import pytest

from docs import pictures


def test_the_plot_of_the_fields_is_drawn_anew_alike(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures.plot(tmp_path / "fields.svg")
    assert (tmp_path / "fields.svg").read_bytes() == (pictures.FOLDER / "fields.svg").read_bytes()


def test_each_picture_is_drawn_and_shown() -> None:
    there = {path.name for path in pictures.FOLDER.iterdir()}
    assert there == {"fields.svg", "report.png", *(f"{name}.png" for name in pictures.seen())}
    pages = "".join(path.read_text(encoding="utf-8") for path in pictures.FOLDER.parent.glob("*.md"))
    assert [name for name in there if f"(pictures/{name})" not in pages] == []
