"""The notebooks run from top to bottom, and show in a browser what they should."""

from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from docs import notebooks

NOTEBOOKS = [pytest.param(each, marks=() if each == "tour.ipynb" else pytest.mark.slow) for each in notebooks.names()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs a notebook, once."""
    return cache(lambda name: notebooks.run(name, tmp_path_factory.mktemp("kernel")))


def outputs(notebook: Any) -> list[Any]:
    """What the cells returned and printed, in order."""
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def texts(notebook: Any, kind: str) -> list[str]:
    """What the cells returned, of one kind."""
    return [output["data"][kind] for output in outputs(notebook) if kind in output.get("data", {})]


def printed(notebook: Any) -> str:
    """What the cells printed, however the kernel cuts it into pieces."""
    return "".join(output["text"] for output in outputs(notebook) if output["output_type"] == "stream")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_shows_what_is_stored_in_it(run: Any, name: str) -> None:
    """`python docs/notebooks.py` stores what they show now."""
    stored, now = nbformat.read(notebooks.FOLDER / name, as_version=4), run(name)
    assert texts(stored, "text/plain") == texts(now, "text/plain")
    assert texts(stored, "text/html") == texts(now, "text/html")
    assert printed(stored) == printed(now)
    assert len(texts(now, "image/png")) == len(texts(stored, "image/png"))


def test_the_tour_in_a_browser(run: Any, tmp_path: Path, browser: Any) -> None:
    """The report is a table that folds, compact at first, in the page's own colours."""
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(run("tour.ipynb"))
    page_file = tmp_path / "tour.html"
    page_file.write_text(f"<!doctype html><meta charset=utf-8><title>tour</title>{body}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto(page_file.as_uri())
    report = page.locator(".cnnstats").first
    fold = report.locator("details").first
    row = fold.get_by_text("block_16_project_BN", exact=True)
    assert not row.is_visible()
    assert report.bounding_box()["height"] < 900
    fold.locator("summary").first.click()
    assert row.is_visible()
    assert page.locator("img").count() >= 1
    page.close()
