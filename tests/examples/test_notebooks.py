"""The notebooks run from top to bottom, and show in a browser what they should."""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.name for path in (ROOT / "examples").glob("*.ipynb"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs a notebook in a kernel of this Python, once."""
    folder = tmp_path_factory.mktemp("kernel")
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    started = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": started, "display_name": "Python 3", "language": "python"}))

    @cache
    def executed(name: str) -> Any:
        notebook = nbformat.read(ROOT / "examples" / name, as_version=4)
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
        shown = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": str(ROOT)}
        client.execute(env={**os.environ, **shown})
        return notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield executed


def texts(notebook: Any, kind: str) -> list[str]:
    """What the cells returned, of one kind."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_shows_what_is_stored_in_it(run: Any, name: str) -> None:
    stored, now = nbformat.read(ROOT / "examples" / name, as_version=4), run(name)
    assert texts(stored, "text/plain") == texts(now, "text/plain")
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
