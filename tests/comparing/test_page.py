"""The page in a browser: filters, hostile names, narrow and wide, and for everybody."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.comparison import Comparison
from tests.comparing.handmade import COMPARISONS, compared, conv, report

Show = Callable[..., Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Opens a comparison's page from disk; in the end the console is empty and nothing was asked for."""
    said: list[str] = []
    pages = []

    def shown(comparison: Comparison, width: int = 1200, **context: Any) -> Any:
        path = tmp_path / f"{len(pages)}.html"
        comparison.to_html(path)
        page = browser.new_page(viewport={"width": width, "height": 900}, **context)
        page.set_default_timeout(10_000)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield shown
    for page in pages:
        page.close()
    assert said == []


def rows(page: Any) -> list[str]:
    return page.locator(".changes tbody tr:visible th").all_text_contents()


@pytest.mark.parametrize("width", [400, pytest.param(1600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", COMPARISONS)
def test_page_of_any_comparison_fits(show: Show, name: str, width: int) -> None:
    page = show(COMPARISONS[name], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_rows_are_filtered_by_status_and_by_words(show: Show) -> None:
    page = show(COMPARISONS["edited"])
    assert rows(page) == ["conv1", "extra", "logits → head"]
    page.click("button[data-status=added]")
    assert rows(page) == ["extra"]
    assert page.inner_text("[role=status]") == "1 of 3 changes"
    assert page.get_attribute("button[data-status=added]", "aria-pressed") == "true"
    page.click("button[data-status='']")
    page.keyboard.press("Tab")
    page.locator("input[type=search]").press_sequentially("DENSE")
    assert rows(page) == ["logits → head"]


def test_light_and_dark_are_switched(show: Show) -> None:
    page = show(COMPARISONS["edited"], color_scheme="dark")
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_hostile_names_stay_text(show: Show) -> None:
    name = "</script><img src=x onerror=alert(1)>"
    page = show(compared(report(conv("stem")), report(conv(name)), names=(name, "new")))
    assert rows(page) == [f"stem → {name}"]
    assert page.inner_text("h1").startswith(name)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["edited", "three", "empty"])
def test_page_is_for_everybody(show: Show, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    results = axe.Axe().run(show(COMPARISONS[name], color_scheme=scheme))
    assert results.violations_count == 0, results.generate_report()
