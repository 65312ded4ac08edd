"""What the page is drawn of: blocks, shares, the layout of the graph, and fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.errors import FormatError
from keras_cnnstats.records import Row
from keras_cnnstats.render.html.bars import BARS_AT_MOST, charts
from keras_cnnstats.render.html.blocks import Block, block_name, blocks
from keras_cnnstats.render.html.drawing import STEPS, drawing
from keras_cnnstats.render.html.layout import layout
from keras_cnnstats.render.html.sights import sights
from keras_cnnstats.render.json import from_json, to_json
from keras_cnnstats.reports import Report
from tests.render import handmade
from tests.render.handmade import REPORTS


def rows(names: str, **inputs: tuple[int, ...]) -> tuple[Row, ...]:
    """Rows of those names, each of which reads the one before it where nothing else is said."""
    listed = names.split()
    return tuple(
        handmade.row(name, inputs=inputs.get(name, (place - 1,) if place else ())) for place, name in enumerate(listed)
    )


def spans(found: tuple[Block, ...]) -> list[tuple[str, int]]:
    return [(block.name, block.size) for block in found]


NAMES = {
    "conv2_block1_1_conv": "conv2_block1",
    "conv2_block1_out": "conv2_block1",
    "block5b_se_reduce": "block5b",
    "block_12_depthwise_BN": "block_12",
    "convnext_tiny_stage_2_block_6_pointwise_conv_1": "convnext_tiny_stage_2_block_6",
    "block1_conv1": "block1",
    "predictions": "",
    "conv2d_17": "",
    "conv1": "",
    "backbone/block1_conv1": "backbone/block1",
    "backbone/conv2d_3": "backbone",
    "a/b/c": "a/b",
    "": "",
}


@pytest.mark.parametrize("name", NAMES)
def test_block_of_a_name(name: str) -> None:
    assert block_name(name) == NAMES[name]


def test_rows_that_follow_each_other_are_a_block() -> None:
    found = blocks(rows("in conv1_conv conv1_bn b1_x b1_y top conv1_again"))
    assert spans(found) == [("in", 1), ("conv1", 2), ("b1", 2), ("top", 1), ("conv1_again", 1)]


def test_where_names_say_nothing_blocks_end_where_branches_meet() -> None:
    found = blocks(rows("a b c d mixed e f g last", mixed=(1, 2, 3)))
    assert spans(found) == [("mixed", 5), ("e", 1), ("f", 1), ("g", 1), ("last", 1)]


@pytest.mark.parametrize("name", REPORTS)
def test_blocks_hold_each_row_once(name: str) -> None:
    found = blocks(REPORTS[name].rows)
    assert [place for block in found for place in range(block.first, block.stop)] == list(range(len(REPORTS[name])))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    nodes = draw(st.integers(1, 14))
    pairs = [(start, end) for end in range(nodes) for start in range(end)]
    return nodes, draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []


@given(graphs())
def test_nothing_in_a_layout_stands_on_anything_else(graph: tuple[int, list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    placed = layout(nodes, edges)
    spots = list(zip(placed.levels, placed.lanes, strict=True))
    for node, chain in enumerate(placed.chains):
        spots += [(placed.levels[node] + 1 + down, lane) for down, lane in enumerate(chain)]
    assert len(set(spots)) == len(spots)
    assert all(placed.levels[start] < placed.levels[end] for start, end in edges)
    assert all(len(placed.chains[start]) >= placed.levels[end] - placed.levels[start] - 1 for start, end in edges)
    assert set(placed.edges) == set(edges)


def test_branches_stand_beside_each_other() -> None:
    placed = layout(5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)])
    assert (placed.levels, placed.lanes) == ((0, 1, 1, 1, 2), (0, 0, 1, 2, 0))


def test_inside_of_a_block_shows_what_comes_in_and_what_goes_out() -> None:
    report = Report(handmade.header(), rows("stem b1_a b1_b b1_add b2_a b2_b", b1_add=(0, 2), b2_b=(3, 4)))
    found = drawing(report, blocks(report.rows))
    assert found["outer"]["edges"] == ((0, 1), (1, 2))
    inner = found["inner"][1]
    assert inner["feeding"] == ["stem"]
    assert inner["edges"] == ((0, 1), (1, 2), (0, 3), (2, 3), (3, 4))
    assert found["inner"][0] is None


def test_colours_follow_the_cost() -> None:
    parts = [handmade.row(str(count), params=count) for count in (0, 1, 100, 300, 900)]
    steps = drawing(Report(handmade.header(), tuple(parts)), blocks(parts))["rows"]["Parameters"]["steps"]
    assert steps == [0, 1, STEPS - 3, STEPS - 2, STEPS - 1]


def test_unknown_cost_has_no_colour() -> None:
    found = drawing(handmade.awkward(), blocks(handmade.awkward().rows))["rows"]["FLOPs"]
    assert (found["steps"][5], found["texts"][5]) == (None, "?")


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "empty"])
def test_shares_add_up(name: str) -> None:
    report = REPORTS[name]
    totals = {"FLOPs": report.totals.flops, "Parameters": report.totals.params}
    for chart in charts(report, blocks(report.rows)):
        for bars in chart.views.values():
            assert len(bars) <= BARS_AT_MOST + 1
            total = sum(int(bar.exact.replace(",", "")) for bar in bars)
            assert total == totals.get(chart.title, total)


def test_rest_is_one_bar() -> None:
    report = Report(handmade.header(), tuple(handmade.row(f"x{place}", params=place + 1) for place in range(15)))
    bars = charts(report, blocks(report.rows))[1].views["layer"]
    assert (bars[0].name, bars[0].exact, bars[-1].name, bars[-1].exact) == ("x14", "15", "5 more", "15")
    assert [bar.is_rest for bar in bars] == [False] * 10 + [True]


def test_share_over_unknown_rows_is_of_a_lower_bound() -> None:
    assert charts(handmade.awkward(), blocks(handmade.awkward().rows))[0].total.startswith("≥ ")


def test_equal_fields_are_written_once() -> None:
    found = sights(handmade.long())
    assert len(found["fields"]) == 1
    assert found["axes"][0] == {"letter": "h", "name": "row", "size": 32}


def test_fields_that_depend_on_a_size_have_no_place() -> None:
    found = sights(handmade.unsized())
    field = found["fields"][found["rows"][0]["fields"][0]]
    assert (field["size"], field["lo"], field["texts"]) == (3, None, ["3", "2", "?", "?"])


def test_whole_input_and_nothing() -> None:
    found = sights(handmade.awkward())
    sizes: list[Any] = [found["fields"][number]["size"] for number in found["rows"][5]["fields"]]
    assert sizes == [None, 0]
    assert found["fields"][found["rows"][4]["fields"][0]]["size"] == "all"


def test_edges_come_back_from_json() -> None:
    report = Report(handmade.header(), rows("a b c d", d=(1, 2)))
    text = to_json(report)
    assert [row.inputs for row in from_json(text)] == [(), (0,), (1,), (1, 2)]


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_row_reads_rows_before_it(wrong: int) -> None:
    text = to_json(Report(handmade.header(), (handmade.row("a"), handmade.row("b", inputs=(wrong,)))))
    with pytest.raises(FormatError, match=r"rows\[1\]\.inputs: expected numbers of rows before it"):
        from_json(text)
