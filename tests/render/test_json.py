"""JSON: what goes out comes back, and what is not ours is refused with its place."""

import json
import re
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_cnnstats.errors import FormatError
from keras_cnnstats.field import Field, Slack, Unsized
from keras_cnnstats.placement import Share
from keras_cnnstats.records import Disagreement, Header, Row
from keras_cnnstats.render.json import from_json, to_json
from keras_cnnstats.reports import Report
from keras_cnnstats.units import CONVENTIONS, Work
from tests.render import handmade
from tests.render.handmade import REPORTS


def stored(report: Report) -> str:
    return to_json(report)


def refused(text: Any) -> str:
    with pytest.raises(FormatError) as caught:
        from_json(text)
    return str(caught.value)


sizes = st.one_of(st.none(), st.integers(0, 10**20))
fractions = st.one_of(st.integers(-(10**30), 10**30), st.fractions())
slacks = st.builds(Slack, st.integers(0, 3), st.integers(-5, 0), st.integers(1, 5))
unsized = st.builds(Unsized, fractions, st.lists(st.tuples(slacks, fractions), min_size=1, max_size=3).map(tuple))


def fields(positions: st.SearchStrategy[Any]) -> st.SearchStrategy[Field]:
    phases = st.lists(st.one_of(st.none(), st.tuples(positions, positions)), max_size=4).map(tuple)
    size = st.one_of(st.none(), st.just(inf), fractions)
    return st.builds(Field, size, st.one_of(st.none(), positions), st.one_of(st.none(), fractions), phases)


@st.composite
def rows(draw: st.DrawFn, positions: st.SearchStrategy[Any]) -> Row:
    axes = draw(st.sampled_from([(), ("t",), ("h", "w"), ("d", "h", "w")]))
    per_axis = [st.tuples(*[part] * len(axes)) for part in (fields(positions), fields(positions), sizes, sizes)]
    count = st.integers(0, 10**40)
    work = st.builds(Work, *[count] * len(Work._fields))
    share = st.builds(Share, count, count, st.one_of(st.none(), work))
    shapes = st.lists(st.lists(sizes, max_size=4).map(tuple), max_size=3).map(tuple)
    return Row(
        layer=draw(st.text()), type=draw(st.text()), call=draw(st.integers(0, 5)), output_shapes=draw(shapes),
        params=draw(count), trainable_params=draw(count),
        work=draw(st.one_of(st.none(), st.lists(st.tuples(st.text(), work), max_size=3).map(tuple))),
        convention=draw(st.sampled_from(list(CONVENTIONS))), axes=axes, fields=draw(per_axis[0]),
        local_fields=draw(per_axis[1]), input_sizes=draw(per_axis[2]), positions=draw(per_axis[3]),
        aligned=draw(st.sampled_from([True, False, None])), source=draw(st.text()), note=draw(st.text()),
        disagreements=draw(st.lists(st.text(), max_size=2).map(tuple)), share=draw(st.one_of(st.none(), share)),
    )  # fmt: skip


extents = st.one_of(sizes, st.just(inf), fractions, st.floats(allow_nan=False, allow_infinity=False))
disagreements = st.builds(
    Disagreement, layer=st.text(), call=st.integers(0, 5), quantity=st.text(), code=st.text(), formula=st.text(),
    expected=extents, actual=extents, explained=st.booleans(), reason=st.text(),
)  # fmt: skip
headers = st.builds(
    Header, model=st.text(), input_shapes=st.lists(st.tuples(st.text(), st.lists(sizes).map(tuple))).map(tuple),
    batch_size=st.integers(1, 99), dtype=st.text(), convention=st.sampled_from(list(CONVENTIONS)), origin=st.text(),
    mesh=st.lists(st.tuples(st.text(), st.integers(1, 99))).map(tuple),
)  # fmt: skip


def reports(positions: st.SearchStrategy[Any]) -> st.SearchStrategy[Report]:
    return st.builds(
        Report,
        headers,
        st.lists(rows(positions), max_size=3).map(tuple),
        st.lists(disagreements, max_size=2).map(tuple),
    )


@settings(max_examples=50)
@given(reports(fractions))
def test_any_report_comes_back_equal(report: Report) -> None:
    assert from_json(stored(report)) == report


@settings(max_examples=50)
@given(reports(st.one_of(fractions, unsized)))
def test_any_report_with_unknown_paddings_comes_back_the_same_from_then_on(report: Report) -> None:
    once = from_json(stored(report))
    assert from_json(stored(once)) == once
    assert [row.effective_padding for row in once] == [row.effective_padding for row in report]
    assert [row.receptive_field for row in once] == [row.receptive_field for row in report]
    assert [row.stride_product for row in once] == [row.stride_product for row in report]


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in ("awkward", "unsized")])
def test_report_comes_back_equal(name: str) -> None:
    assert from_json(stored(REPORTS[name])) == REPORTS[name]


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_strict(name: str) -> None:
    document = json.loads(stored(REPORTS[name]), parse_constant=pytest.fail)
    assert document["schema_version"] == 1
    assert stored(REPORTS[name]).isascii()


@pytest.mark.parametrize("name", REPORTS)
def test_totals_stand_there_for_other_readers(name: str) -> None:
    totals = REPORTS[name].totals._asdict()
    assert json.loads(stored(REPORTS[name]))["totals"] == json.loads(json.dumps(totals))


@pytest.mark.parametrize("count", ["macs", "flops", "transcendentals"])
def test_counts_stand_there_for_other_readers(count: str) -> None:
    rows = json.loads(stored(handmade.awkward()))["rows"]
    assert [row[count] for row in rows] == [getattr(row, count) for row in handmade.awkward()]


@pytest.mark.parametrize(("part", "record"), [("header", Header), ("rows", Row), ("disagreements", Disagreement)])
def test_every_attribute_is_stored(part: str, record: type[Any]) -> None:
    stored_part = json.loads(stored(handmade.awkward()))[part]
    first = stored_part if part == "header" else stored_part[0]
    assert set(record._fields) <= set(first)


def test_equal_paddings_stay_equal_and_others_different() -> None:
    a, b = Slack(("conv", 1), 0, 1), Slack(("conv", 2), 0, 1)
    three = (Field(3, Unsized(0, ((a, 1),)), 1), Field(3, Unsized(0, ((a, 1),)), 1), Field(3, Unsized(0, ((b, 1),)), 1))
    once = from_json(stored(Report(handmade.header(), (handmade.row(**handmade.on_axes("dhw", three)),))))
    first, second, third = once.rows[0].fields
    assert first == second != third
    assert isinstance(first.lo, Unsized)
    assert isinstance(third.lo, Unsized)
    assert first.lo - second.lo == 0  # type: ignore[operator]
    assert (first.lo - third.lo).bounds == (-1, 1)  # type: ignore[union-attr]


def test_totals_are_computed_anew() -> None:
    text = stored(handmade.small_cnn()).replace('"totals": {"params": 5482', '"totals": {"params": 1')
    assert from_json(text).totals.params == 5482


def test_members_from_elsewhere_are_left_alone() -> None:
    document = json.loads(stored(handmade.small_cnn()))
    document["header"]["by"] = document["comment"] = "someone"
    assert from_json(json.dumps(document, indent=3)) == handmade.small_cnn()


def test_what_is_no_number_is_not_written() -> None:
    item = Disagreement(layer="a", quantity="", code="", formula="", expected=nan, actual=1, reason="")
    with pytest.raises(ValueError, match="JSON"):
        to_json(Report(handmade.header(), (), (item,)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON: Expecting value: line 1 column 1"),
        ("report.json", "To read a file, pass its text: Path(...).read_text(). Received: 'report.json'."),
        ("NaN", "NaN is no JSON number"),
        ('{"a": Infinity}', "Infinity is no JSON number"),
        ("[1]", "expected a JSON object. Received: [1]."),
        ("null", "expected a JSON object. Received: None."),
        ("{}", "Received: an object with nothing in it."),
        ('{"class_name": "Functional", "config": {}}', "an object with `class_name`, `config`."),
        ('{"format": "keras_cnnstats.report"}', "and a `schema_version`. Received"),
        ('{"format": "keras_cnnstats.report", "schema_version": true}', "and a `schema_version`. Received"),
        ('{"format": "keras_cnnstats.report", "schema_version": 0}', "and a `schema_version`. Received"),
        ('{"format": "keras_cnnstats.report", "schema_version": 2}', "to read the report. Received: 2."),
        ('{"format": "keras_cnnstats.report", "schema_version": 1}', "from_json: header: missing."),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "expected JSON"),
        (None, "expected the text that `report.to_json()` returns. Received: None."),
        (b"{}", "expected the text"),
    ],
)  # fmt: skip
def test_refuses_what_is_not_ours(text: Any, message: str) -> None:
    assert message in refused(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("rows", {}, "rows: expected a list. Received: {}."),
        ("rows.3", [], "rows[3]: expected an object. Received: []."),
        ("rows.3.params", "x", "rows[3].params: expected an integer. Received: 'x'."),
        ("rows.3.params", True, "rows[3].params: expected an integer. Received: True."),
        ("rows.3.params", 1.0, "rows[3].params: expected an integer. Received: 1.0."),
        ("rows.3.params", -1, "rows[3].params: expected an integer that is not negative. Received: -1."),
        ("rows.3.layer", 5, "rows[3].layer: expected text. Received: 5."),
        ("rows.3.aligned", 1, "rows[3].aligned: expected true or false. Received: 1."),
        ("rows.1.work.0", ["convolution"], "rows[1].work[0]: expected a list of two. Received: ['convolution']."),
        ("rows.1.work.0.1.macs", None, "rows[1].work[0][1].macs: expected an integer. Received: None."),
        ("rows.1.work.0.1", {}, "rows[1].work[0][1].macs: missing."),
        ("rows.1.fields.0.size", "1/0", 'rows[1].fields[0].size: expected an integer or a fraction such as "1/2"'),
        ("rows.1.fields.0.size", True, "rows[1].fields[0].size: expected a number, a fraction such as"),
        ("rows.1.fields.0.size", float("1e999"), "Infinity is no JSON number"),
        ("rows.1.fields.0.lo", "all", "rows[1].fields[0].lo: expected an integer or a fraction"),
        ("rows.1.fields.0.lo", {"base": 0}, "rows[1].fields[0].lo.slacks: missing."),
        ("rows.1.fields", [], "rows[1].fields: expected one entry for each of 2 axes. Received: []."),
        ("rows.1.local_fields", [], "rows[1].local_fields: expected one entry for each of 2 axes. Received: []."),
        ("rows.1.input_sizes", [], "rows[1].input_sizes: expected one entry for each of 2 axes. Received: []."),
        ("rows.1.positions", [1], "rows[1].positions: expected one entry for each of 2 axes. Received: [1]."),
        ("rows.1.convention", "macz", "one of textbook, macs, 2macs, tf, xla. Received: 'macz'."),
        ("rows.1.convention", [], "rows[1].convention: expected text"),
        ("header.input_shapes.0.1.2", "3", "header.input_shapes[0][1][2]: expected an integer. Received: '3'."),
        ("disagreements.0.explained", None, "disagreements[0].explained: expected true or false. Received: None."),
        ("disagreements.0.expected", "__import__('os')", "disagreements[0].expected: expected an integer or"),
    ],
)  # fmt: skip
def test_names_the_place(path: str, value: Any, message: str) -> None:
    document = json.loads(stored(handmade.small_cnn()))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target = document
    for step in way:
        target = target[step]
    target[last] = value
    assert message in refused(json.dumps(document))


@pytest.mark.parametrize("attribute", Row._fields)
def test_missing_attribute(attribute: str) -> None:
    document = json.loads(stored(handmade.small_cnn()))
    del document["rows"][2][attribute]
    assert refused(json.dumps(document)) == f"from_json: rows[2].{attribute}: missing."


def test_long_values_are_cut_in_messages() -> None:
    assert len(refused("x" * 10_000)) < 300


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-7, 2), 10**30, inf, None, 2.5])
def test_extents(value: Any) -> None:
    item = Disagreement(layer="a", quantity="", code="", formula="", expected=value, actual=value, reason="")
    back = from_json(stored(Report(handmade.header(), (), (item,)))).disagreements[0].expected
    assert (back, type(back)) == (value, type(value))


def test_one_record_a_line() -> None:
    lines = stored(handmade.small_cnn()).splitlines()
    assert len([line for line in lines if re.match(r'    \{"layer"', line)]) == 9


def test_writes_a_file(tmp_path: Any) -> None:
    assert to_json(handmade.small_cnn(), tmp_path / "report.json") == ""
    assert from_json((tmp_path / "report.json").read_text("utf-8")) == handmade.small_cnn()
