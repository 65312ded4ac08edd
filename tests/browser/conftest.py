"""The page of a report in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.reports import Report


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a report's page from disk; in the end the console is empty and nothing was asked for."""
    said: list[str] = []
    pages = []

    def shown(report: Report, width: int = 1200, **context: Any) -> Any:
        path = tmp_path / f"{len(pages)}.html"
        report.to_html(path)
        page = browser.new_page(viewport={"width": width, "height": 900}, **context)
        page.set_default_timeout(10_000)
        pages.append(page)
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: asked(request.url, path))
        page.goto(path.as_uri())
        return page

    def asked(url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith("blob:"):
            said.append(f"request: {url}")

    yield shown
    for page in pages:
        page.close()
    assert said == []
