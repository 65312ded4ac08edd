"""The page in a browser: hostile names stay text, it fits narrow and wide, it is for everybody, and it prints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.render.cells import layer_name
from keras_cnnstats.reports import Report
from tests.browser.models import application, one_axis, small, squeezed, three_axes
from tests.render import handmade
from tests.render.handmade import HOSTILE, REPORTS

Show = Callable[..., Any]
MODELS = {"small": small, "squeezed": squeezed, "one axis": one_axis, "three axes": three_axes}
MODELS["ResNet50"] = lambda: application("ResNet50")
BIG = pytest.param("ResNet50", marks=pytest.mark.slow)


@pytest.mark.parametrize("name", REPORTS)
def test_page_of_any_report_opens_without_a_word(show: Show, name: str) -> None:
    page = show(REPORTS[name])
    assert page.locator("#table tbody .link").count() == len(REPORTS[name])


def linked(names: tuple[str, ...]) -> Report:
    """Hostile names wherever a page shows one: as rows that read each other, too."""
    rows = tuple(
        handmade.row(name, type=name, note=name, call=place, inputs=(place - 1,) if place else ())
        for place, name in enumerate(names)
    )
    return Report(handmade.header(model=names[0]), rows, handmade.hostile().disagreements)


def test_hostile_names_stay_text(show: Show) -> None:
    report = linked(("</script><img src=x onerror=alert(1)>", "</style><svg onload=alert(2)>", *HOSTILE))
    page = show(report)
    shown = [layer_name(row.layer, row.call) for row in report]
    assert page.locator("#table .link").all_text_contents() == shown
    assert page.locator("#layer option").all_text_contents() == [f"{n + 1}. {text}" for n, text in enumerate(shown)]
    assert page.inner_text("h1") == "</script><img src=x onerror=alert(1)>"
    page.click("#unfold-graph")
    for place in range(len(report)):
        page.select_option("#layer", str(place))
    page.fill("#filter", "<img")
    assert page.locator("img, script[src], #table script").count() == 0
    assert page.locator("script").count() == 2


def test_browser_would_not_run_what_slipped_in(browser: Any, tmp_path: Path) -> None:
    planted = "<button id=planted onclick='window.ran = true'>x</button><script>window.ran = true</script>"
    text = small().to_html()
    (tmp_path / "r.html").write_text(text.replace("<main>", f"<main>{planted}"), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "r.html").as_uri())
    page.click("#planted")
    assert page.evaluate("window.ran") is None
    assert page.locator("#table .link").count() == len(small())
    page.close()


@pytest.mark.parametrize("width", [400, pytest.param(1600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [*MODELS, "awkward", "hostile"])
def test_page_fits(show: Show, name: str, width: int) -> None:
    page = show(MODELS[name]() if name in MODELS else REPORTS[name], width)
    if page.locator("#unfold-graph").is_visible():
        page.click("#unfold-graph")
    if page.locator("#unfold-rows").is_visible():
        page.click("#unfold-rows")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["small", "squeezed", "one axis", "three axes", "awkward", "empty", BIG])
def test_page_is_for_everybody(show: Show, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = show(MODELS[name]() if name in MODELS else REPORTS[name], color_scheme=scheme)
    for each in ("#unfold-graph", "#unfold-rows"):
        if page.locator(each).is_visible():
            page.click(each)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_light_and_dark(show: Show) -> None:
    page = show(small(), color_scheme="dark")
    paper = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    dark = paper()
    page.click("#theme")
    light = paper()
    page.click("#theme")
    assert (paper(), light) == (dark, "rgb(253, 253, 252)")
    assert dark != light


def test_print_unfolds_everything(show: Show) -> None:
    page = show(application("ResNet50"))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#table tbody tr:visible .link").count() == len(application("ResNet50"))
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("#theme").is_visible()


def test_every_control_is_reached_by_the_tabulator_key(show: Show) -> None:
    page = show(one_axis())
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.closest('[id]')?.id"))
    assert {"theme", "layer", "positions", "map", "growth", "drawing", "filter", "table"} <= reached


@pytest.mark.parametrize(
    ("name", "most"), [("ResNet50", 300_000), pytest.param("NASNetLarge", 1_500_000, marks=pytest.mark.slow)]
)
def test_page_is_small(name: str, most: int) -> None:
    text = application(name).to_html()
    assert len(text.encode()) < most


def test_notebook_shows_the_report_folded(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 700})
    page.set_content(application("ResNet50")._repr_html_())
    assert page.locator(".cnnstats").bounding_box()["height"] < 700
    assert not page.locator("tbody tr").first.is_visible()
    page.locator("summary").first.click()
    assert page.locator("tbody tr").first.is_visible()
    page.close()
