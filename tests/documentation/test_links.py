"""Links between the pages lead to files of the repository, where most of them are read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
MADE = {ROOT / "docs" / name for name in ("codes", "lessons", "tours")}
"""What is written when the site is built."""


def links(page: Path) -> list[Path]:
    """The files that a page names."""
    found = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return [(page.parent / each).resolve() for each in found if "://" not in each]


def test_there_are_links() -> None:
    assert sum(len(links(page)) for page in PAGES) > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_kept(page: Path) -> None:
    assert [each for each in links(page) if not each.exists() or MADE & {each, *each.parents}] == []
