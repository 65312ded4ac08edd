"""The page of the lessons has each row of the scripts, in the words of the scripts."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("[a-e]_*.py"))


def rows(path: Path) -> list[str]:
    """What the page says of each row of a script: the first paragraph of its function."""
    functions = [each for each in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef)]
    told = {each.name: (ast.get_docstring(each) or "").partition("\n\n")[0] for each in functions}
    return [f"| {name.upper()} | {' '.join(text.split())} |" for name, text in told.items() if len(name) == 2]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_row_of_a_lesson_is_on_the_page(path: Path) -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    heading = f"[examples/{path.name}](../examples/{path.name})"
    part = page[page.index(heading) :].split("\n## ")[0]
    assert [line for line in part.splitlines() if line.startswith(f"| {path.stem[0].upper()}")] == rows(path)
