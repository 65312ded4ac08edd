"""The documentation builds into a site without a warning, and its pages fit a telephone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs import notebooks
from docs.generated import lesson, scripts
from keras_cnnstats.pages import codes

ROOT = Path(__file__).parents[2]
MAIN = ("index", "start", "receptive_fields", "numbers", "codes/F3")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet"]
    command = [sys.executable, "-m", "sphinx", *options, "-d", str(folder / "trees"), "docs", str(folder / "html")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_every_page_is_there_and_can_be_reached(site: Path) -> None:
    pages = list((ROOT / "docs").glob("*.md"))
    assert len(pages) > 20
    for path in pages:
        assert (site / f"{path.stem}.html").exists()
    contents = (site / "index.html").read_text(encoding="utf-8")
    for path in pages:
        assert f'href="{path.stem}.html"' in contents or path.stem == "index", path.name
    listed = (site / "codes" / "index.html").read_text(encoding="utf-8")
    assert [name for name in codes() if f"{name}.html" not in listed + contents] == []


def pages_of(site: Path) -> list[Path]:
    """All pages, those that the build makes too."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 60
    return pages


def test_lessons_and_notebooks_are_there(site: Path) -> None:
    for script in scripts():
        text = (site / "lessons" / f"{script.stem}.html").read_text(encoding="utf-8")
        assert [name for name in lesson(script) if f'id="{name}"' not in text] == []
    assert [name for name in notebooks.names() if not (site / "tours" / f"{Path(name).stem}.html").exists()] == []


def test_it_needs_no_network(site: Path) -> None:
    for page in pages_of(site):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text, page.name
        assert 'rel="stylesheet" type="text/css" href="http' not in text, page.name


@pytest.mark.parametrize("width", [400, pytest.param(1600, marks=pytest.mark.slow)])
def test_the_pages_fit_the_window(site: Path, browser: Any, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900})
    wide = {}
    for page in pages_of(site):
        tab.goto(page.as_uri())
        wide[page.name] = tab.evaluate("document.documentElement.scrollWidth")
    tab.close()
    assert {name: found for name, found in wide.items() if found > width} == {}


@pytest.mark.parametrize("page", MAIN)
def test_a_page_is_accessible(site: Path, browser: Any, page: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((site / f"{page}.html").as_uri())
    found = axe.Axe().run(tab).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    tab.close()
