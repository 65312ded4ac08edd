"""The table in a browser: sorted, filtered, folded, with the mouse and with the keyboard."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.models import application, small
from tests.render import handmade

Show = Callable[..., Any]


def names(page: Any) -> list[str]:
    """The layers whose rows can be seen, from top to bottom."""
    return page.locator("#table tbody tr:visible .link").all_text_contents()


def sort(page: Any, title: str) -> None:
    page.locator("#table thead").get_by_role("button", name=title, exact=True).click()


def sorted_column(page: Any) -> list[tuple[str, str]]:
    found = page.locator("#table thead th[aria-sort]")
    return [(each.inner_text(), each.get_attribute("aria-sort")) for each in found.all()]


def test_rows_stand_in_the_order_of_execution(show: Show) -> None:
    page = show(small())
    assert names(page) == [row.layer for row in small()]
    assert sorted_column(page) == [("#", "ascending")]


@pytest.mark.parametrize("title", ["Params", "MACs", "FLOPs"])
def test_numbers_are_sorted_from_the_largest_and_back(show: Show, title: str) -> None:
    page, counts = show(small()), {row.layer: getattr(row, title.lower()) for row in small()}
    sort(page, title)
    assert sorted_column(page) == [(title, "descending")]
    assert [counts[name] for name in names(page)] == sorted(counts.values(), reverse=True)
    sort(page, title)
    assert sorted_column(page) == [(title, "ascending")]
    assert [counts[name] for name in names(page)] == sorted(counts.values())


def test_unknown_stands_last_whichever_way_round(show: Show) -> None:
    page = show(handmade.awkward())
    for _ in range(2):
        sort(page, "FLOPs")
        assert names(page)[-1].startswith("blur")


def test_sorting_by_keyboard(show: Show) -> None:
    page = show(small())
    page.locator("#table thead button", has_text="Layer").focus()
    page.keyboard.press("Enter")
    assert sorted_column(page) == [("Layer", "ascending")]
    assert names(page) == sorted(row.layer for row in small())
    assert page.evaluate("document.activeElement.textContent") == "Layer"


def test_filter_reads_layers_and_types(show: Show) -> None:
    page = show(small())
    page.fill("#filter", "MAXPOOL")
    assert names(page) == ["b2_pool", "b2_short"]
    assert page.inner_text("#count") == f"2 of {len(small())} layers"
    page.fill("#filter", "b2_c")
    assert names(page) == ["b2_conv"]
    page.fill("#filter", "")
    assert len(names(page)) == len(small())


def test_block_folds_and_unfolds(show: Show) -> None:
    page = show(small())
    fold = page.locator("#table .fold", has_text="b2")
    assert fold.get_attribute("aria-expanded") == "true"
    fold.focus()
    page.keyboard.press("Space")
    assert fold.get_attribute("aria-expanded") == "false"
    assert names(page) == [row.layer for row in small() if not row.layer.startswith("b2_")]
    page.click("#unfold-rows")
    assert names(page) == [row.layer for row in small()]
    page.click("#fold-rows")
    assert not [name for name in names(page) if name.startswith("b")]


def test_block_shows_its_sums(show: Show) -> None:
    page = show(small())
    cells = page.locator("#table tr.block", has_text="b1").locator("td, th").all_text_contents()
    inside = [row for row in small() if row.layer.startswith("b1_")]
    assert f"{sum(row.params for row in inside):,}" in cells
    assert f"{sum(row.flops or 0 for row in inside):,}" in cells


def test_filter_finds_what_is_folded_away(show: Show) -> None:
    page = show(application("ResNet50"))
    assert "conv4_block2_2_conv" not in names(page)
    page.fill("#filter", "conv4_block2_2")
    assert names(page) == ["conv4_block2_2_conv", "conv4_block2_2_bn", "conv4_block2_2_relu"]


def test_code_leads_to_its_disagreement(show: Show) -> None:
    page = show(handmade.awkward())
    target = page.locator("details.group", has_text="F03")
    assert target.get_attribute("open") is None
    page.locator("#table a", has_text="F03").first.click()
    page.wait_for_function("document.querySelector(location.hash).open")
    assert target.locator("tbody tr").first.is_visible()
