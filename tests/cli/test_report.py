"""`cnnstats report`: every kind of model, every format, and what can be chosen."""

import ast
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import keras
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from pylatexenc.latexwalker import LatexMacroNode, LatexWalker

import keras_cnnstats as cnnstats
from keras_cnnstats.cli.commands.report import ordered
from keras_cnnstats.reports import Report
from tests.render.handmade import header, row

FORMATS = {"table": "txt", "markdown": "md", "csv": "csv", "json": "json", "latex": "tex", "html": "html"}


def test_a_factory(run):
    result = run("report", "theirs:build", "-a", "width=4")
    assert result.code == 0
    assert 'Model "net", input (None, 32, 32, 3)' in result.out
    # 3 * 3 * 3 * 4 + 4 of the first, 3 * 3 * 4 * 4 + 4 of the second, 4 * 10 + 10 of the head.
    assert re.search(r"Params +310 ", result.out)
    assert "printed by" not in result.out
    assert "printed by" in result.err


def test_a_model_that_is_there_already(run):
    assert "stem" in run("report", "theirs:made").out


@pytest.mark.parametrize("name", ["MobileNetV2", "mobilenetv2", "keras.applications.MobileNetV2"])
def test_a_network_of_keras(run, name):
    result = run("report", name, "-a", "alpha=0.35", "-f", "json")
    expected = keras.applications.MobileNetV2(alpha=0.35, weights=None)
    assert json.loads(result.out)["totals"]["params"] == expected.count_params()


def test_a_stored_report_keeps_its_convention(run):
    run("report", "theirs:build", "--convention", "macs", "-o", "stored.json")
    assert json.loads(run("report", "stored.json", "-f", "json").out)["header"]["convention"] == "macs"


def test_a_stored_report(run):
    assert run("report", "theirs:build", "-o", "stored.json").out == ""
    again = run("report", "stored.json", "-f", "json", "--convention", "macs")
    assert json.loads(again.out)["header"]["convention"] == "macs"
    assert run("report", "stored.json", "--verify").code == 2


@pytest.mark.parametrize("kind", ["keras", "h5", "json"])
def test_a_file(run, here, kind):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv")], name="saved")
    if kind == "json":
        (here / "model.json").write_text(model.to_json())
    else:
        model.save(here / f"model.{kind}")
    result = run("report", f"model.{kind}", "-f", "csv")
    assert list(pd.read_csv(io.StringIO(result.out))["macs"]) == [6 * 6 * 4 * 27]


def test_a_file_with_layers_of_the_users(run):
    code = "import theirs, keras; x = keras.Input((4, 4, 2)); keras.Model(x, theirs.Scale()(x)).save('own.keras')"
    exec(compile("import sys; sys.path.insert(0, '')\n" + code, "<made>", "exec"), {})
    keras.saving.get_custom_objects().clear()
    refused = run("report", "own.keras")
    assert refused.code == 2
    assert "Scale" in refused.err
    accepted = run("report", "own.keras", "--custom-objects", "theirs")
    assert accepted.code == 0
    assert "scale" in accepted.out


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_parses_with_what_somebody_else_wrote(run, here, kind):
    expected = cnnstats.analyze(made("hostile"))
    output = here / f"report.{FORMATS[kind]}"
    written = run("report", "theirs:hostile", "-o", output)
    assert (written.code, written.out) == (0, "")
    printed = run("report", "theirs:hostile", "--format", kind).out
    assert output.read_text(encoding="utf-8").rstrip("\n") == printed.rstrip("\n")
    PARSERS[kind](printed, expected)


def made(name):
    space: dict = {}
    exec(compile((Path.cwd() / "theirs.py").read_text(), "theirs", "exec"), space)
    return space[name]()


def _table(text, report):
    assert f"{report.totals.macs:,}" in text
    assert "\x1b" not in text


def _markdown(text, report):
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    assert [token.type for token in tokens].count("table_open") == 1 + bool(report.disagreements)
    cells = [each.content for each in tokens if each.type == "inline"]
    assert f"**{report.totals.macs:,}**" in cells
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<b>" not in rendered


def _csv(text, report):
    frame = pd.read_csv(io.StringIO(text))
    assert list(frame["macs"]) == [row.macs for row in report.rows]
    assert all(len(line) == len(frame.columns) for line in csv.reader(io.StringIO(text)))


def _json(text, report):
    assert json.loads(text)["totals"]["macs"] == report.totals.macs
    assert [row.macs for row in cnnstats.Report.from_json(text).rows] == [row.macs for row in report.rows]


def _latex(text, report):
    nodes, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    [table] = [node for node in _nodes(nodes) if getattr(node, "environmentname", "") == "longtable"][:1]
    macros = {node.macroname for node in _nodes(nodes) if isinstance(node, LatexMacroNode)}
    assert "input" not in macros
    rows = [node for node in table.nodelist if isinstance(node, LatexMacroNode) and node.macroname == "\\"]
    # Two heads, one of which goes on over each page, and the sums.
    assert len(rows) == len(report) + 3


def _nodes(nodes):
    for node in nodes:
        yield node
        yield from _nodes(getattr(node, "nodelist", None) or [])


def _html(text, _):
    class Reader(HTMLParser):
        tags: list = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):  # noqa: ARG002
            self.tags.append(tag)

    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.tags.count("html") == 1
    assert "b" not in reader.tags


PARSERS = {"table": _table, "markdown": _markdown, "csv": _csv, "json": _json, "latex": _latex, "html": _html}


def test_columns(run):
    frame = pd.read_csv(io.StringIO(run("report", "theirs:build", "-f", "csv", "--columns", "layer,macs,rf").out))
    assert list(frame.columns) == ["layer", "macs", "rf_h", "rf_w"]
    table = run("report", "theirs:build", "--columns", "layer,train_flops").out
    assert re.search(r"│ Layer +│ train_flops │\n", table)


def test_the_rows_in_another_order(run):
    def order(*options):
        return list(pd.read_csv(io.StringIO(run("report", "theirs:build", "-f", "csv", *options).out))["layer"])

    usual = order()
    dearest = order("--sort", "macs")
    assert dearest[1] == "stem"
    assert sorted(usual) == sorted(dearest)
    assert dearest != usual
    assert order("--sort", "macs", "--reverse")[-1] == dearest[0]
    assert order("--sort", "layer") == sorted(usual)
    assert order("--sort", "rf")[-1] == usual[0]
    shapes = pd.read_csv(io.StringIO(run("report", "theirs:build", "-f", "csv", "--sort", "output_shape").out))
    sizes = [ast.literal_eval(shape)[1:] for shape in shapes["output_shape"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2


def test_the_shapes_of_several_outputs_are_put_in_order():
    rows = [row("one"), row("two", output_shapes=((1, 8), (1, 4, 4, 2))), row("open", output_shapes=((None, None, 9),))]
    for reverse in (False, True):
        found = ordered(Report(header(), tuple(rows)), "output_shape", reverse).rows
        sizes = [[size or 0 for shape in each.output_shapes for size in shape[1:]] for each in found]
        assert sizes == sorted(sizes, reverse=not reverse)


@pytest.mark.parametrize("name", ["macs", "output_shape"])
def test_no_rows_are_in_any_order(name):
    assert ordered(Report(header(), ()), name, False).rows == ()


def test_depth(run):
    frame = pd.read_csv(io.StringIO(run("report", "theirs:build", "-f", "csv", "--depth", "1").out))
    assert "inner" in list(frame["layer"])
    whole = pd.read_csv(io.StringIO(run("report", "theirs:build", "-f", "csv").out))
    assert frame["flops"].sum() == whole["flops"].sum()


def test_shapes(run):
    result = run("report", "theirs:two_inputs", "--input-shape", "left=16,16,3", "--input-shape", "right=16,16,3")
    assert "(None, 14, 14, 4)" in result.out
    result = run("report", "theirs:two_inputs", "--input-shape", "16,16,3", "--input-shape", "16,16,3")
    assert "(None, 14, 14, 4)" in result.out


def test_what_is_unknown_is_no_with_strict(run):
    assert run("report", "theirs:unknown").code == 0
    result = run("report", "theirs:unknown", "--strict")
    assert (result.code, result.out) == (1, "")
    assert "opaque" in result.err


def test_a_stored_report_is_no_with_strict(run):
    run("report", "theirs:unknown", "-o", "unknown.json")
    assert run("report", "unknown.json").code == 0
    result = run("report", "unknown.json", "--strict")
    assert (result.code, result.out) == (1, "")
    assert "opaque" in result.err


def test_measured(run):
    result = run("report", "theirs:hostile", "--verify", "--strict")
    assert result.code == 0
    assert "Measured: " in result.out


def test_weights_are_there_when_asked_for(run):
    result = run("report", "theirs:build", "--sparsity", "--real")
    assert "Zero weights" in result.out


@pytest.mark.parametrize(("variables", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True),
                                                    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)])  # fmt: skip
def test_colours_obey(run, monkeypatch, variables, coloured):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in run("report", "theirs:build").out) is coloured
    assert "\x1b[" not in run("report", "theirs:build", "-f", "csv").out


def test_errors_have_no_colours_of_keras(run):
    result = run("report", "theirs:broken")
    assert result.code == 2
    assert "\x1b" not in result.err
