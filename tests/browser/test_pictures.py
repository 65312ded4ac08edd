"""What is drawn, in a browser: the field on a picture, the curve, the graph, the shares."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from tests.browser.models import application, one_axis, small, squeezed, three_axes
from tests.render import handmade

Show = Callable[..., Any]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def place_of(report: Report, layer: str) -> int:
    return next(place for place, row in enumerate(report) if row.layer == layer)


def choose(page: Any, report: Report, layer: str, **position: int) -> Row:
    place = place_of(report, layer)
    page.select_option("#layer", str(place))
    for letter, value in position.items():
        page.fill(f'#positions input[data-axis="{letter}"]', str(value))
    return report.rows[place]


def frame(page: Any, picture: str, kind: str = "field") -> tuple[float, ...]:
    found = page.locator(f"#stage {picture} rect.{kind}")
    return tuple(float(found.get_attribute(name)) for name in ("x", "y", "width", "height"))


def seen(row: Row, axis: int, position: int) -> tuple[float, float]:
    """First position and size of a field without phases, of the report's own numbers."""
    padding, stride, size = row.effective_padding[axis], row.stride_product[axis], row.receptive_field[axis]
    assert padding is not None
    assert stride is not None
    assert size is not None
    return float(-padding + position * stride), float(size)


@pytest.mark.parametrize(
    ("layer", "h", "w"),
    [("b1_conv", 0, 0), ("b1_conv", 15, 11), ("b2_pool", 3, 2), ("b2_conv", 6, 4), ("b2_add", 1, 0)],
)
def test_frame_is_the_field_of_the_report(show: Show, layer: str, h: int, w: int) -> None:
    page = show(small())
    row = choose(page, small(), layer, h=h, w=w)
    (y, height), (x, width) = seen(row, 0, h), seen(row, 1, w)
    assert frame(page, ".plane") == (x, y, width, height)
    assert f"Output row {h}, column {w} of {layer} sees rows {y:g} to {y + height - 1:g}" in page.inner_text("#says")


@pytest.mark.parametrize("layer", ["conv1_conv", "conv3_block2_out", "conv5_block3_out"])
def test_frame_of_a_deep_network(show: Show, layer: str) -> None:
    page, report = show(application("ResNet50")), application("ResNet50")
    row = choose(page, report, layer, h=2, w=3)
    (y, height), (x, width) = seen(row, 0, 2), seen(row, 1, 3)
    assert frame(page, ".plane") == (x, y, width, height)


def test_phases_of_an_upsampling(show: Show) -> None:
    page = show(small())
    found = []
    for h in (0, 1, 2, 3):
        row = choose(page, small(), "up", h=h, w=0)
        found.append(frame(page, ".plane")[1])
    assert len(row.fields[0].phases) == 2
    before = small()["b2_add"]
    assert found == [seen(before, 0, h // 2)[0] for h in (0, 1, 2, 3)]


def test_whole_input_is_the_whole_picture(show: Show) -> None:
    page = show(small())
    choose(page, small(), "pool")
    assert frame(page, ".plane") == (0, 0, 24, 32)
    assert "Each output of pool sees rows: the whole input and columns: the whole input." in page.inner_text("#says")


def test_local_field_is_dashed(show: Show) -> None:
    page = show(squeezed())
    row = choose(page, squeezed(), "last", h=5, w=0)
    assert frame(page, ".plane") == (0, 0, 32, 32)
    local = [float(5 * 2 - row.local_fields[0].effective_padding), float(row.local_receptive_field[0])]
    assert list(frame(page, ".plane", "local")[1::2]) == local
    assert f"Dashed, without global side branches: rows {local[0]:g} to" in page.inner_text("#says")


@pytest.mark.parametrize("position", [0, 10, 46])
def test_one_axis_is_a_strip(show: Show, position: int) -> None:
    page = show(one_axis())
    row = choose(page, one_axis(), "b", t=position)
    first, size = seen(row, 0, position)
    assert frame(page, ".strip") == (first, 0, size, 1)
    assert page.locator("#stage .plane").count() == 0


def test_three_axes_are_a_picture_and_a_strip(show: Show) -> None:
    page = show(three_axes())
    row = choose(page, three_axes(), "b", d=3, h=4, w=5)
    (z, depth), (y, height), (x, width) = (seen(row, axis, at) for axis, at in enumerate((3, 4, 5)))
    assert frame(page, ".plane") == (x, y, width, height)
    assert frame(page, ".strip") == (z, 0, depth, 1)


def test_map_is_clicked_and_walked_with_arrow_keys(show: Show) -> None:
    page = show(small())
    choose(page, small(), "b2_conv", h=0, w=0)
    box = page.locator("#map svg").bounding_box()
    rows, columns = small()["b2_conv"].positions
    assert rows is not None
    assert columns is not None
    side = min(box["width"] / columns, box["height"] / rows)
    left, top = (box["width"] - side * columns) / 2, (box["height"] - side * rows) / 2
    page.locator("#map svg").click(position={"x": left + 2.5 * side, "y": top + 4.5 * side})
    inputs = [page.locator(f'#positions input[data-axis="{letter}"]') for letter in "hw"]
    assert [each.input_value() for each in inputs] == ["4", "2"]
    page.locator("#map svg").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", *["ArrowLeft"] * 9):
        page.keyboard.press(key)
    assert [each.input_value() for each in inputs] == ["3", "0"]


def test_click_on_the_picture_chooses_the_output_that_looks_there(show: Show) -> None:
    page = show(small())
    row = choose(page, small(), "b1_conv", h=0, w=0)
    page.locator("#stage .plane").click()
    (y, height), (x, width) = (frame(page, ".plane")[1::2], frame(page, ".plane")[::2])
    assert abs(y + height / 2 - 16) <= row.fields[0].jump
    assert abs(x + width / 2 - 12) <= row.fields[1].jump


def test_own_picture_is_read_in_the_page(show: Show, tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(base64.b64decode(PIXEL))
    page = show(small())
    page.set_input_files("#file", tmp_path / "p.png")
    assert page.locator("#stage .plane image").get_attribute("href").startswith("blob:")


def test_unknown_size_is_said_in_words(show: Show) -> None:
    page = show(handmade.unsized())
    assert "3 rows; where it lies depends on an input size that was not given" in page.inner_text("#says")


def test_layer_is_chosen_from_table_graph_and_curve_alike(show: Show) -> None:
    page = show(small())
    chosen = lambda: page.locator("#layer option:checked").inner_text()  # noqa: E731
    page.locator("#table .link", has_text="b2_short").click()
    assert chosen().endswith(". b2_short")
    assert page.locator("#table tr.chosen .link").all_text_contents() == ["b2_short"]
    page.locator("#drawing .node[data-key^=r]", has_text="up").click()
    assert chosen().endswith(". up")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert chosen() == f"1. {small().rows[0].layer}"
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "2"
    assert chosen() == f"2. {small().rows[1].layer}"


def test_graph_unfolds_by_mouse_and_by_keyboard(show: Show) -> None:
    page = show(small())
    nodes = lambda: page.locator("#drawing .node[data-key^=r]").count()  # noqa: E731
    folded = nodes()
    page.locator("#drawing .node", has_text="b2").click()
    assert nodes() == folded + 4
    assert page.locator("#drawing .feed").all_text_contents() == ["from b1_conv", "from b1_bn"]
    page.locator("#drawing .node[tabindex='0']").focus()
    page.keyboard.press("Enter")
    assert nodes() == folded
    page.keyboard.press("ArrowRight")
    assert nodes() == folded + 4
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#layer option:checked").inner_text().split()[-1].startswith("b2_")
    page.click("#unfold-graph")
    assert nodes() == len(small())


def test_graph_is_coloured_by_what_is_chosen(show: Show) -> None:
    page = show(small())
    page.get_by_role("group", name="Colour by").get_by_role("button", name="Parameters").click()
    label = page.locator("#drawing .node", has_text="head").get_attribute("aria-label")
    assert label == "head, Dense, 90 Parameters"


def test_shares_are_seen_by_layer_and_by_type(show: Show) -> None:
    page = show(small())
    page.get_by_role("button", name="By type").click()
    assert page.locator("ol.bars:visible").first.locator(".name").first.inner_text() == "Conv2D"


@pytest.mark.slow
def test_nasnet_stays_usable(show: Show) -> None:
    report = application("NASNetLarge")
    page = show(report)
    took = page.evaluate(
        """() => {
            const start = performance.now();
            document.getElementById("unfold-graph").click();
            document.getElementById("unfold-rows").click();
            document.body.getBoundingClientRect();
            return performance.now() - start;
        }"""
    )
    assert page.locator("#drawing .node[data-key^=r]").count() == len(report) > 1000
    assert took < 5000
