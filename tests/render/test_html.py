"""The page: one file with nothing from outside, hostile names stay text, and the same numbers as everywhere."""

import json
import re
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from keras_cnnstats.errors import MissingDependencyError
from keras_cnnstats.render import content
from keras_cnnstats.render.cells import columns, layer_name, plain
from keras_cnnstats.render.html.page import to_html
from keras_cnnstats.reports import Report
from tests.render import handmade
from tests.render.handmade import HOSTILE, REPORTS

pytest.importorskip("jinja2")

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Reads the page, and refuses tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))


def written(report: Report) -> str:
    return to_html(report)


def data_of(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1], parse_constant=pytest.fail)


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_well_formed_and_names_nothing_outside(name: str) -> None:
    page = Page(written(REPORTS[name]))
    attributes = [attribute for _, found in page.elements for attribute in found]
    assert not [each for each in attributes if each.startswith("on") or each in ("src", "style", "srcset", "action")]
    assert {found["href"][:1] for _, found in page.elements if found.get("href")} == {"#"}
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base", "form"} == set()
    assert [tag for tag, _ in page.elements].count("script") == 2


@pytest.mark.parametrize("name", REPORTS)
def test_browser_is_told_to_run_this_script_alone(name: str) -> None:
    page = Page(written(REPORTS[name]))
    policy = next(found["content"] for _, found in page.elements if found.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src blob:; style-src 'sha256-")
    for tag in ("style", "script"):
        text = [data for opened, data in page.texts if opened == tag][-1]
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy


@pytest.mark.parametrize("name", HOSTILE)
def test_name_stays_text(name: str) -> None:
    report = Report(handmade.header(model=name), (handmade.row(name, type=name, note=f"n{name}"),))
    innocent = Report(handmade.header(model="x"), (handmade.row("x", type="x", note="nx"),))
    page, expected = Page(written(report)), Page(written(innocent))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in expected.elements]
    assert data_of(written(report))["layers"] == [layer_name(name, 0)]
    assert "".join(text for tag, text in page.texts if tag == "h1") == plain(name)


def test_hostile_report_has_no_elements_of_its_own() -> None:
    text = written(handmade.hostile())
    assert "<img" not in text
    assert "<script>alert" not in text
    assert len(text.split("</script>")) == 3
    assert {tag for tag, _ in Page(text).elements} <= {tag for tag, _ in Page(written(handmade.awkward())).elements}


@pytest.mark.parametrize("name", [name for name in REPORTS if REPORTS[name].rows])
def test_table_has_the_cells_of_every_rendering(name: str) -> None:
    report = REPORTS[name]
    shown = {column["title"]: column for column in data_of(written(report))["table"]["columns"]}
    for column in columns(report):
        assert shown[column.title]["cells"] == list(column.cells)


@pytest.mark.parametrize(
    ("title", "attribute"), [("Params", "params"), ("MACs", "macs"), ("FLOPs", "flops"), ("RF", "receptive_field")]
)
@pytest.mark.parametrize("name", [name for name in REPORTS if REPORTS[name].rows])
def test_ranks_are_in_the_order_of_the_values(name: str, title: str, attribute: str) -> None:
    report = REPORTS[name]
    found = {column["title"]: column["ranks"] for column in data_of(written(report))["table"]["columns"]}
    if title not in found:
        return
    pairs = [(rank, getattr(row, attribute)) for rank, row in zip(found[title], report, strict=True)]
    known = [(rank, value) for rank, value in pairs if rank is not None]
    assert all((a[0] < b[0]) == (a[1] < b[1]) for a in known for b in known)
    assert all(value is None or not value or None in value for rank, value in pairs if rank is None)


def test_totals_stand_in_tiles_and_lower_bounds_say_so() -> None:
    text = written(handmade.awkward())
    for total in content.totals(handmade.awkward()):
        assert total.exact in text
    assert '<span class="big">≥ 200 E</span>' in text
    assert "1 of 8 layers unknown" in text


def test_disagreements_are_apart_and_whole() -> None:
    text = written(handmade.awkward())
    unexplained, explained = text.index("Unexplained: a defect"), text.index("Explained: with the textbook")
    assert unexplained < text.index("9·3·16 + 16") < explained < text.index("2·9·16·16·1,024")
    for item in handmade.awkward().disagreements:
        assert item.reason in text


def test_codes_lead_to_their_disagreements() -> None:
    text = written(handmade.awkward())
    codes = data_of(text)["table"]["codes"]
    groups = content.groups(handmade.awkward())
    assert [code for code, _ in codes[6]] == ["P09"]
    assert [groups[number].code for row in codes for _, number in row] == [code for row in codes for code, _ in row]
    assert all(f'id="d{number}"' in text for row in codes for _, number in row)


def test_page_without_edges_says_so() -> None:
    assert "no graph to draw" in written(handmade.small_cnn())


@pytest.mark.parametrize("name", ["small", "empty", "none"])
def test_what_a_report_does_not_have_is_left_out(name: str) -> None:
    assert ('id="picture"' in written(REPORTS[name])) is any(row.fields for row in REPORTS[name].rows)


def test_page_is_written_whole(tmp_path: Path) -> None:
    assert to_html(handmade.hostile(), tmp_path / "r.html") == ""
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == written(handmade.hostile())


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[html\]'"):
        handmade.small_cnn().to_html()
