"""The documentation builds into a site without a warning, and its pages fit a telephone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.pages import codes

ROOT = Path(__file__).parents[2]
MAIN = ("index", "start", "receptive_fields", "numbers", "codes/F3")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet"]
    command = [sys.executable, "-m", "sphinx", *options, "-d", str(folder / "trees"), "docs", str(folder / "html")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
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


def test_it_needs_no_network(site: Path) -> None:
    for page in MAIN:
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        assert 'src="http' not in text
        assert 'rel="stylesheet" type="text/css" href="http' not in text


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("page", MAIN)
def test_a_page_fits_the_window(site: Path, browser: Any, page: str, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto((site / f"{page}.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


@pytest.mark.parametrize("page", MAIN)
def test_a_page_is_accessible(site: Path, browser: Any, page: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((site / f"{page}.html").as_uri())
    found = axe.Axe().run(tab).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    tab.close()
