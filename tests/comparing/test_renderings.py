"""A comparison as text, DataFrame, Markdown and HTML: read back with other people's readers, and safe with any name."""

import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from keras_cnnstats.alignment import COUNTS
from keras_cnnstats.comparison import Comparison
from keras_cnnstats.errors import MissingDependencyError
from keras_cnnstats.render.cells import layer_name
from keras_cnnstats.render.display import display_width
from tests.comparing.handmade import COMPARISONS, SMALL, compared, conv, edited, report
from tests.render import handmade
from tests.render.handmade import HOSTILE

LISTED = ("added", "removed", "changed", "moved", "renamed")
COMMENT_AT_MOST = 65_536
"""Characters of a comment on GitHub."""


def with_name(name: str) -> Comparison:
    """A comparison in which a name stands wherever a model's text may stand."""
    row = handmade.row(name, type=name, note=name)
    before = report(row, conv("stem"), model=name, dtype=name)
    after = report(row._replace(params=5), conv(name, call=1), model=name, dtype=name)
    return compared(before, after, names=(name, f"{name} "))


# Text

TEXT = """\
a: Model "small_cnn", input (1, 32, 32, 3), batch size 1, float32
b: Model "edited", input (1, 32, 32, 3), batch size 1, float32
FLOPs (textbook): K multiplications and K - 1 additions for each output, bias +1; 1 per arithmetic operation elsewhere

╭───────────────────┬───────────┬───────────┬─────────────────────╮
│                   │         a │         b │          difference │
├───────────────────┼───────────┼───────────┼─────────────────────┤
│ Params            │     5,482 │     6,378 │       +896 (+16.3%) │
│ Trainable params  │     5,450 │     6,346 │       +896 (+16.4%) │
│ MACs              │ 1,622,336 │ 2,507,072 │   +884,736 (+54.5%) │
│ FLOPs (textbook)  │ 3,297,958 │ 5,067,430 │ +1,769,472 (+53.7%) │
│ Transcendentals   │        10 │        10 │                   = │
│ Layer calls       │         8 │         9 │         +1 (+12.5%) │
│ Receptive field   │         8 │         9 │         +1 (+12.5%) │
│ Stride            │         2 │         1 │         -1 (-50.0%) │
│ Effective padding │         3 │         0 │        -3 (-100.0%) │
╰───────────────────┴───────────┴───────────┴─────────────────────╯

a → b: parameters +16.3%, FLOPs +53.7%, receptive field +1
Layers: 1 added, 1 changed, 1 renamed, 1 with another field, 5 the same
╭─────────┬───────────────┬────────┬───────────────────────────────────┬────────┬──────────┬──────────╮
│ Change  │ Layer         │ Type   │ Output shape                      │ Params │     MACs │    FLOPs │
├─────────┼───────────────┼────────┼───────────────────────────────────┼────────┼──────────┼──────────┤
│ changed │ conv1         │ Conv2D │ (1, 32, 32, 16) → (1, 32, 32, 32) │   +448 │ +442,368 │ +884,736 │
│ added   │ extra         │ Conv2D │ (1, 32, 32, 16)                   │   +448 │ +442,368 │ +884,736 │
│ renamed │ logits → head │ Dense  │ (1, 10)                           │        │          │          │
╰─────────┴───────────────┴────────┴───────────────────────────────────┴────────┴──────────┴──────────╯
1 layer costs the same and sees something else; first softmax: all → 9"""


def test_text_says_what_changed() -> None:
    assert str(COMPARISONS["edited"]) == TEXT


@pytest.mark.parametrize("name", COMPARISONS)
def test_text_fits(name: str) -> None:
    text = COMPARISONS[name].to_text(80)
    lines = [line for line in text.splitlines() if line.startswith(("│", "╭"))]
    if name not in ("three", "unknown"):  # counts of 27 digits, which nothing may cut
        assert max(map(display_width, lines)) <= 80


def test_text_of_the_same_is_short() -> None:
    text = str(COMPARISONS["same"])
    assert "a → b: no change" in text
    assert "Layers: 8 the same" in text
    assert "Change" not in text


def test_layers_of_one_block_that_came_together_have_one_line() -> None:
    block = [conv(f"block_2_{part}") for part in ("expand", "project", "out")]
    text = str(compared(report(conv("stem")), report(conv("stem"), *block, conv("head", 4))))
    assert "block_2: 3 layers" in text
    assert "block_2_expand" not in text
    assert f"{3 * 448:+,}" in text


def test_a_change_of_a_lesser_count_has_its_column() -> None:
    text = str(compared(report(conv("conv")), report(conv("conv", trainable_params=0))))
    assert "│ changed │ conv  │ Conv2D │ (1, 32, 32, 16) │             -448 │" in text


def test_unknown_is_said_and_never_zero() -> None:
    known, unknown = conv("conv"), conv("conv", work=None, source="unknown")
    text = str(compared(report(known), report(unknown)))
    assert "FLOPs unknown" in text
    assert "442,368 → ?" in text
    assert "≥ 0" in text


def test_the_same_with_rows_of_unknown_cost_is_the_same_as_far_as_is_known() -> None:
    unknown = compared(handmade.awkward(), handmade.awkward())
    assert unknown.is_same
    assert "no change in what is known" in str(unknown)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_acts_on_a_terminal(name: str) -> None:
    text = with_name(name).to_text()
    assert all(line.isprintable() for line in text.split("\n"))


def test_text_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ascii:
        encoding = "ascii"

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdout", Ascii())
    text = COMPARISONS["hostile"].to_text(), COMPARISONS["edited"].to_text()
    monkeypatch.undo()
    assert all(part.isascii() for part in text)


# DataFrames


@pytest.mark.parametrize("name", COMPARISONS)
def test_frame_has_a_row_for_each_pair_and_sums_to_the_totals(name: str) -> None:
    comparison = COMPARISONS[name]
    frame = comparison.to_dataframe()
    assert len(frame) == len(comparison.aligned)
    assert frame["status"].tolist() == [change.status for change in comparison.aligned]
    for number, other in enumerate(comparison.names[1:], start=1):
        rows = frame[frame["b"] == other]
        for count in set(COUNTS) - {"activation_bytes"}:
            difference = comparison.totals[count].differences[number]
            if difference is not None:
                assert rows[f"{count}_diff"].sum() == difference


def test_frame_keeps_unknown_and_exact() -> None:
    frame = COMPARISONS["unknown"].to_dataframe().set_index("layer_a")
    assert pd.isna(frame.loc["blur", "macs_a"])
    assert frame["params_a"].dtype == "Int64"
    assert frame["macs_a"].max() == 10**20
    edited = COMPARISONS["edited"].to_dataframe()
    added = edited[edited["status"] == "added"].iloc[0]
    assert pd.isna(added[["layer_a", "macs_a", "output_shape_a", "rf_h_diff"]]).all()
    assert added["macs_diff"] == added["macs_b"] == 442_368
    assert edited.attrs["convention"] == "textbook"


def test_frame_of_totals() -> None:
    frame = COMPARISONS["three"].totals_dataframe()
    assert frame.index.tolist() == ["a", "b", "c"]
    assert frame.loc["b", "flops"] == edited().totals.flops
    assert pd.isna(frame.loc["c", "peak_activation_bytes"])
    assert frame["unknown_rows"].tolist() == [0, 0, 1]


# Markdown


def tokens(text: str) -> list[Any]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def tables(text: str) -> list[list[str]]:
    """The cells of each row of all tables."""
    found: list[list[str]] = []
    is_cell = False
    for token in tokens(text):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and is_cell:
            found[-1].append("".join(child.content for child in token.children))
        is_cell = token.type in ("th_open", "td_open")
    return found


def test_markdown_says_what_changed() -> None:
    text = COMPARISONS["edited"].to_markdown()
    assert text.startswith("### `a` → `b`: Parameters +16.3%, FLOPs +53.7%, receptive field +1\n")
    rows = tables(text)
    assert ["Params", "5,482", "6,378", "▲ +896 (+16.3%)"] in rows
    assert ["Stride", "2", "1", "▼ -1 (-50.0%)"] in rows
    assert ["changed", "conv1", "Conv2D", "(1, 32, 32, 16) → (1, 32, 32, 32)", "+448", "+442,368", "+884,736"] in rows
    assert "Unchanged: Transcendentals" in text
    assert text.count("<details>") == text.count("</details>") == 1


def test_markdown_of_the_same_is_short() -> None:
    text = COMPARISONS["same"].to_markdown()
    assert text.startswith("### `a` → `b`: No change\n")
    assert "|" not in text
    assert len(text) < 500


def test_markdown_of_several_has_a_verdict_for_each() -> None:
    text = COMPARISONS["three"].to_markdown()
    assert "- `a` → `b`: parameters +16.3%" in text
    assert "- `a` → `c`: parameters ×" in text
    assert text.count("<details>") == 2


@pytest.mark.parametrize("number", [2, 30])
def test_markdown_fits_into_a_comment(number: int) -> None:
    long = report(*(conv(f"{'x_|' * 200}{place}", place + 1, type="|" * 300) for place in range(2000)), model="m" * 999)
    many = compared(*[SMALL, *[long] * (number - 1)], names=tuple("n" * 500 + str(place) for place in range(number)))
    text = many.to_markdown()
    assert "more\n" in text
    assert len(text) < COMMENT_AT_MOST


@pytest.mark.parametrize("name", [*HOSTILE, "@everyone", "a → b", "<!-- x", "-->", "</summary></details>", "@`x"])
def test_markdown_name_is_text(name: str) -> None:
    text = with_name(name).to_markdown()
    kinds = {token.type for token in tokens(text)}
    assert kinds <= {
        "heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close", "table_open", "table_close",
        "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close",
        "td_open", "td_close", "html_block",
    }  # fmt: skip
    children = [child for token in tokens(text) if token.type == "inline" for child in token.children]
    assert {child.type for child in children} <= {"text", "code_inline", "html_inline", "hardbreak", "text_special"}
    tags = {child.content for child in children if child.type == "html_inline"}
    assert tags <= {"<sub>", "</sub>", "<!-- -->"}
    blocks = {token.content.split(">")[0] for token in tokens(text) if token.type == "html_block"}
    assert blocks <= {"<details", "</details"}
    assert all("@<!-- -->" in part or "@" not in part for part in prose(text))


def prose(text: str) -> list[str]:
    """The text outside code, with the tags in it."""
    return [
        "".join(child.content for child in token.children if child.type != "code_inline")
        for token in tokens(text)
        if token.type == "inline"
    ]


# HTML


class Page(HTMLParser):
    """Reads HTML, and refuses tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.cells: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value) for name, value in attrs}
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open[-1:]):
            self.cells[-1][-1] += data


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("rendering", ["to_html", "_repr_html_"])
def test_html_has_the_totals_and_the_changes(name: str, rendering: str) -> None:
    comparison = COMPARISONS[name]
    page = Page(getattr(comparison, rendering)())
    firsts = [row[0] for row in page.cells if row]
    listed = [change for change in comparison.changes if change.status in LISTED]
    assert {"Params", "MACs"} <= set(firsts)
    assert sum(first in LISTED for first in firsts) == len(listed)
    shown = {row[1] for row in page.cells if row and row[0] in ("added", "removed", "changed")}
    assert shown >= {
        layer_name(change.row.layer, change.row.call)
        for change in listed
        if change.status in ("added", "removed", "changed")
    }


@pytest.mark.parametrize("rendering", ["to_html", "_repr_html_"])
@pytest.mark.parametrize("name", [*HOSTILE, "</script><img src=x onerror=alert(1)>", "</style><svg onload=alert(2)>"])
def test_html_name_is_text(name: str, rendering: str) -> None:
    plain, hostile = (Page(getattr(with_name(each), rendering)()) for each in ("plain", name))
    assert hostile.tags <= plain.tags
    assert {key for key, _ in hostile.attributes} <= {key for key, _ in plain.attributes}


def test_page_asks_nothing_of_any_network(tmp_path: Path) -> None:
    COMPARISONS["edited"].to_html(tmp_path / "c.html")
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in unescape(text)


def test_without_jinja_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[html\]'"):
        COMPARISONS["edited"].to_html()


@pytest.mark.parametrize("rendering", ["to_markdown", "to_html"])
def test_files_have_what_is_returned(rendering: str, tmp_path: Path) -> None:
    write = getattr(COMPARISONS["hostile"], rendering)
    assert write(tmp_path / "x") == ""
    assert (tmp_path / "x").read_text(encoding="utf-8") == write()
