"""The page of the lessons has each row of the scripts, in the words of the scripts."""

from pathlib import Path

import pytest

from docs.generated import lesson, scripts

ROOT = Path(__file__).parents[2]


def rows(path: Path) -> list[str]:
    """What the page says of each row of a script: a link to its function, and the first paragraph of that."""
    return [f"| [{name.upper()}](../examples/{path.name}#{name}) | {shows} |" for name, shows in lesson(path).items()]


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_each_row_of_a_lesson_is_on_the_page(path: Path) -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    heading = f"[examples/{path.name}](../examples/{path.name})"
    part = page[page.index(heading) :].split("\n## ")[0]
    assert [line for line in part.splitlines() if line.startswith(f"| [{path.stem[0].upper()}")] == rows(path)
