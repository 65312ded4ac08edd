"""The text: golden pages, and what holds for every report at every width."""

import io
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
import tabulate

from keras_cnnstats.records import Disagreement, Memory
from keras_cnnstats.render.cells import columns
from keras_cnnstats.render.display import display_width, shorten
from keras_cnnstats.render.text import IMPORTANCE, to_text
from keras_cnnstats.reports import Report
from keras_cnnstats.units import NO_TRAINING, NO_WORK, Training, Work
from tests.render import handmade
from tests.render.handmade import HOSTILE, REPORTS

SMALL = """\
Model "small_cnn", input (1, 32, 32, 3), batch size 1, float32
FLOPs (textbook): K multiplications and K - 1 additions for each output, bias +1; 1 per arithmetic
    operation elsewhere

╭────────────────────┬─────────────────┬────────┬───────────┬───────────┬─────┬────────┬───────╮
│ Layer              │ Output shape    │ Params │      MACs │     FLOPs │  RF │ Stride │ Codes │
├────────────────────┼─────────────────┼────────┼───────────┼───────────┼─────┼────────┼───────┤
│ image              │ (1, 32, 32, 3)  │      0 │         0 │         0 │   1 │      1 │       │
│ conv1              │ (1, 32, 32, 16) │    448 │   442,368 │   884,736 │   3 │      1 │       │
│ norm1              │ (1, 32, 32, 16) │     64 │         0 │    32,768 │   3 │      1 │ P02   │
│ pool1              │ (1, 16, 16, 16) │      0 │         0 │    12,288 │   4 │      2 │       │
│ stage2/conv2       │ (1, 16, 16, 32) │  4,640 │ 1,179,648 │ 2,359,296 │   8 │      2 │       │
│ stage2/global_pool │ (1, 32)         │      0 │         0 │     8,192 │ all │      - │       │
│ logits             │ (1, 10)         │    330 │       320 │       640 │ all │      - │       │
│ softmax            │ (1, 10)         │      0 │         0 │        38 │ all │      - │       │
╰────────────────────┴─────────────────┴────────┴───────────┴───────────┴─────┴────────┴───────╯
Hidden at 100 columns of text: Type, Padding.

Params                5,482  (5.48 k)  5,450 trainable, 32 frozen
MACs              1,622,336  (1.62 M)
FLOPs (textbook)  3,297,958  (3.30 M)
Transcendentals          10

Disagreements with the textbook, explained:
  P02 parameters, 1 layer: norm1
      2·16: textbook 32, counted 64 (ratio 2)
      The moving mean and variance are stored with the weights, but are not learned.

All of them, one by one: report.disagreements"""

AWKWARD = """\
╭──────────────────────────┬────────┬────────┬────────┬───────┬────────╮
│ Layer                    │ Params │   MACs │  FLOPs │    RF │ Stride │
├──────────────────────────┼────────┼────────┼────────┼───────┼────────┤
│ backbone/sta…convolution │    448 │  442 k │  885 k │   5×7 │    4×1 │
│ shared                   │ 3.00 G │ 10.0 P │ 20.0 P │    ~3 │      1 │
│ shared (call 2)          │      0 │  100 E │  200 E │  (~)3 │      1 │
│ up                       │      0 │      0 │      0 │ 3×7/2 │    1/2 │
│ squeeze [t]              │    448 │  442 k │  885 k │   all │      2 │
│ blur [?]                 │    448 │      ? │      ? │   ?×0 │    ?×- │
│ mine [i]                 │    448 │  442 k │  885 k │     3 │      1 │
│ run [m]                  │    448 │  442 k │  885 k │     3 │      1 │
╰──────────────────────────┴────────┴────────┴────────┴───────┴────────╯
Hidden at 72 columns of text: Type, Output shape, Local RF, Padding,
    Codes.
Counts are rounded at 72 columns of text.
[i] inherited: counted by the rule of a base class
[t] traced: counted from the keras.ops inside
[m] measured: counted by the backend
[?] unknown: nobody could derive the cost, so the sums of work are lower
    bounds
~ misaligned: the branches that meet here differ in stride or centre
(~) aligned or not: that depends on an input size that was not given
blur: no rule for BlurPool. Write one with @cnnstats.rule(BlurPool).
"""

TABLE_LINE = re.compile("[╭│├╰]")


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if TABLE_LINE.match(line)]


def column(text: str, title: str) -> list[str]:
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table(text) if line.startswith("│")]
    place = rows[0].index(title)
    return [row[place] for row in rows[1:]]


def output(encoding: str | None, *, tty: bool = False) -> SimpleNamespace:
    return SimpleNamespace(encoding=encoding, isatty=lambda: tty)


@pytest.fixture(autouse=True)
def _a_pipe_of_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output("utf-8"))


def test_small_page() -> None:
    assert to_text(handmade.small_cnn(), 100) == SMALL


def test_page_with_every_mark() -> None:
    assert AWKWARD in to_text(handmade.awkward(), 72)


@pytest.mark.parametrize("width", [*range(60, 201, 7), 80, 200])
@pytest.mark.parametrize("name", REPORTS)
def test_table_is_straight_and_fits(name: str, width: int) -> None:
    widths = {display_width(line) for line in table(to_text(REPORTS[name], width))}
    assert len(widths) == (name != "empty")
    assert all(found <= width for found in widths)


@pytest.mark.parametrize("width", [None, -5, 0, 1, 20, 40, 59])
@pytest.mark.parametrize("name", REPORTS)
def test_any_width_gives_a_straight_table(name: str, width: int | None) -> None:
    assert len({display_width(line) for line in table(to_text(REPORTS[name], width))}) == (name != "empty")


def test_page_fits_an_ordinary_terminal() -> None:
    assert max(map(display_width, to_text(handmade.small_cnn(), 80).splitlines())) <= 80


@pytest.mark.parametrize("title", ["Params", "MACs", "FLOPs"])
@pytest.mark.parametrize("name", [name for name in REPORTS if name != "empty"])
def test_columns_sum_to_the_totals(name: str, title: str) -> None:
    report = REPORTS[name]
    text = to_text(Report(report.header, tuple(row for row in report.rows if "│" not in row.layer)))
    counts = [int(cell.replace(",", "")) for cell in column(text, title) if cell != "?"]
    assert sum(counts) == getattr(report.totals, title.lower())


@pytest.mark.parametrize("width", range(60, 201, 5))
def test_counts_are_whole_or_said_to_be_rounded(width: int) -> None:
    text = to_text(handmade.awkward(), width)
    exact, rounded = next((c.cells, c.rounded) for c in columns(handmade.awkward()) if c.title == "MACs")
    assert tuple(column(text, "MACs")) == (rounded if "Counts are rounded" in text else exact)


@pytest.mark.parametrize("width", [30, 60, 80, 100, 150])
def test_hidden_columns_are_named(width: int) -> None:
    text = to_text(handmade.awkward(), width)
    titles = [cell.strip() for cell in table(text)[1].split("│")[1:-1]]
    said = re.search(r"Hidden at \d+ columns of text: ([\s\w,]*)\.", text)
    hidden = re.split(r",\s+", said[1]) if said else []
    assert sorted([*titles, *(re.sub(r"\s+", " ", title) for title in hidden)]) == sorted({*IMPORTANCE} - {"Proof"})


def test_nothing_is_hidden_or_shortened_without_a_width() -> None:
    text = to_text(handmade.awkward())
    assert "Hidden" not in text
    assert "backbone/stage_with_a_long_name/block_12/depthwise_convolution" in text


def test_terminal_gives_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output("utf-8", tty=True))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: SimpleNamespace(columns=100))
    assert to_text(handmade.small_cnn()) == SMALL


def test_no_output_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert "╭" in to_text(handmade.small_cnn())


@pytest.mark.parametrize(
    "encoding", ["ascii", "latin-1", "cp1252", "cp437", "cp932", "utf-8", "utf-16", "no-such", None]
)
@pytest.mark.parametrize("name", REPORTS)
def test_output_can_carry_the_text(name: str, encoding: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output(encoding))
    text = to_text(REPORTS[name], 100)
    assert text.encode("ascii" if encoding == "no-such" else encoding or "utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp932", "utf-8"])
@pytest.mark.parametrize("width", [None, 60])
def test_output_can_carry_the_layer_of_the_peak(
    encoding: str, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(peak_activation_bytes=4096, peak_layer="層/畳み込み/größe", activation_bytes=8192)
    report = Report(handmade.header(), (handmade.row("層"),), memory=memory)
    monkeypatch.setattr(sys, "stdout", output(encoding))
    text = to_text(report, width)
    assert text.encode(encoding)
    assert "live at most at once, in " in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_output_can_carry_the_name_of_a_model(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(handmade.header(model="層"), (handmade.row("畳み込み", moved_bytes=8), handmade.row(moved_bytes=8)))
    monkeypatch.setattr(sys, "stdout", output(encoding))
    roofline = str(report.roofline(peak_flops=1e12, bandwidth=1e12, verbose=False))
    assert roofline.encode(encoding)
    assert len({len(line) for line in roofline.splitlines() if line.startswith(("+", "|"))}) == 1
    assert str(report.reconcile(verbose=False)).encode(encoding)


def test_ascii_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    lines = to_text(handmade.awkward(), 72).splitlines()
    assert "| backbone/st...onvolution |    448 |  442 k |  885 k |   5x7 |    4x1 |" in lines
    assert "MACs             >= 100,010,000,000,001,769,472  (100 E)" in lines
    assert len({len(line) for line in lines if line.startswith(("+", "|"))}) == 1


@pytest.mark.parametrize("width", [None, 60, 100])
def test_hostile_text_does_nothing_to_a_terminal(width: int | None) -> None:
    text = to_text(handmade.hostile(), width)
    assert text.isascii() is False
    assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_hostile_names_are_shown() -> None:
    names = column(to_text(Report(handmade.header(), (handmade.row("\x1b[31m"), handmade.row("a\u202eb")))), "Layer")
    assert names == ["\\x1b[31m", "a\\u202eb"]


@pytest.mark.parametrize("name", ["1e5", "0012", "0x10", "nan", "inf", "1,000", "+1", "-0", "True"])
def test_names_that_look_like_numbers_stay_names(name: str) -> None:
    line = table(to_text(Report(handmade.header(), (handmade.row(name), handmade.row("a_longer_name")))))[3]
    assert line.startswith(f"│ {name} ")


@pytest.mark.parametrize("wide_mode", [False, True])
def test_wide_characters_align_with_and_without_wcwidth(wide_mode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = SimpleNamespace(wcswidth=display_width, wcwidth=display_width) if wide_mode else None
    monkeypatch.setattr(tabulate, "wcwidth", stub)
    monkeypatch.setattr(tabulate, "WIDE_CHARS_MODE", wide_mode)
    names = ("畳み込み/層", "e\u0301te\u0301", "conv", "😀")
    lines = table(to_text(Report(handmade.header(), tuple(map(handmade.row, names)))))
    assert {display_width(line) for line in lines} == {len(lines[0])}
    assert lines[3].startswith("│ 畳み込み/層 │ Conv2D")


@pytest.mark.parametrize("width", [12, 13, 20, 31])
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable()])
def test_shortened_names_fit(name: str, width: int) -> None:
    short = shorten(name, width)
    assert display_width(short) <= width
    assert short == name or "…" in short


@pytest.mark.parametrize(("text", "width"), [("conv", 4), ("層", 2), ("e\u0301\u0301", 1), ("😀", 2), ("×…", 2)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize("width", [1, 30, 60])
def test_names_keep_twelve_characters(width: int) -> None:
    names = column(to_text(handmade.awkward(), width), "Layer")
    assert display_width(names[0]) >= 12
    assert names[1:3] == ["shared", "shared (call 2)"]


def test_repeated_calls_are_told_apart() -> None:
    rows = tuple(handmade.row("a_shared_layer_with_a_long_name", call=call) for call in range(12))
    names = column(to_text(Report(handmade.header(), rows), 60), "Layer")
    assert len(set(names)) == 12
    assert names[0].startswith("a_shar")
    assert names[11].endswith(" (call 12)")


@pytest.mark.parametrize(
    ("name", "missing"), [("none", "RF"), ("none", "Stride"), ("small", "Local RF"), ("hw", "Codes")]
)
def test_columns_without_anything_to_say_are_left_out(name: str, missing: str) -> None:
    assert f" {missing} " not in table(to_text(REPORTS[name]))[1]


@pytest.mark.parametrize(
    ("name", "field", "stride"), [("t", "3", "1"), ("hw", "3×7", "1×2"), ("dhw", "3×7×5", "1×2×1")]
)
def test_one_value_per_axis(name: str, field: str, stride: str) -> None:
    text = to_text(REPORTS[name])
    assert (column(text, "RF")[0], column(text, "Stride")[0]) == (field, stride)


def test_unknown_padding_is_unknown() -> None:
    text = to_text(handmade.unsized())
    assert (column(text, "RF"), column(text, "Stride"), column(text, "Padding")) == (["3×1"], ["2×1"], ["?×0"])


def test_marks_are_explained_only_where_they_are() -> None:
    assert not [mark for mark in ("[i]", "[t]", "[m]", "[?]", "~", "≥") if mark in to_text(handmade.small_cnn())]


def test_lower_bound() -> None:
    text = to_text(handmade.awkward())
    assert "MACs             ≥ 100,010,000,000,001,769,472  (100 E)   1 of 8 layers unknown" in text
    assert "Params                           3,000,002,240  (3.00 G)  1,000,002,240 trainable" in text


def test_unexplained_disagreements_come_first() -> None:
    text = to_text(handmade.awkward())
    assert (
        text.index("!! UNEXPLAINED") < text.index("P09 parameters") < text.index("explained:") < text.index("F03 flops")
    )


def test_few_layers_stand_for_many() -> None:
    text = to_text(handmade.awkward())
    assert "  F03 flops, 5 layers: layer_0, layer_1, layer_2 and 2 more\n" in text
    assert "layer_3" not in text


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        (10**6, 10**6 + 1, "textbook 1,000,000, counted 1,000,001 (ratio 1.000001)"),
        (1, 123_456, "textbook 1, counted 123,456 (ratio 123,456)"),
        (0, 5, "textbook 0, counted 5"),
        (None, 5, "textbook ?, counted 5"),
    ],
)
def test_values_of_a_disagreement(expected: int | None, actual: int, shown: str) -> None:
    item = Disagreement(
        layer="a", quantity="flops", code="F01", formula="", expected=expected, actual=actual, reason=""
    )
    assert f"      {shown}\n" in to_text(Report(handmade.header(), (handmade.row(),), (item,)))


def test_notes_are_few() -> None:
    rows = tuple(handmade.row(f"l{i}", note=f"note {i}") for i in range(9))
    text = to_text(Report(handmade.header(), rows))
    assert "l4: note 4\nand 4 more notes: `row.note` of the rows\n" in text


def test_a_note_of_several_layers_is_one_of_each() -> None:
    rows = tuple(handmade.row(f"l{i}", note="its sizes are unknown") for i in range(5))
    text = to_text(Report(handmade.header(), (*rows, handmade.row("other", note="its rule failed"))))
    assert "l0, l1, l2 and 2 more, each: its sizes are unknown\nother: its rule failed\n" in text


STEP = Training(Work(macs=1000, outputs=10), NO_WORK, Work(macs=1000, outputs=10))


@pytest.mark.parametrize(
    ("convention", "steps", "line"),
    [
        ("textbook", (STEP, STEP), "Training step 7,960 (7.96 k) FLOPs; 4.00 k MACs"),
        ("tf", (STEP, STEP), "Training step ? FLOPs; 4.00 k MACs"),
        ("textbook", (STEP, None), "Training step ≥ 3,980 (3.98 k) FLOPs; ≥ 2.00 k MACs; 1 of 2 layers unknown"),
        ("tf", (STEP, None), "Training step ? FLOPs; ≥ 2.00 k MACs; 1 of 2 layers unknown"),
        ("textbook", (None, None), "Training step ≥ 0 FLOPs; ≥ 0 MACs; 2 of 2 layers unknown"),
        ("tf", (None, None), "Training step ? FLOPs; ≥ 0 MACs; 2 of 2 layers unknown"),
        ("textbook", (NO_TRAINING, NO_TRAINING), ""),
        ("tf", (NO_TRAINING, NO_TRAINING), ""),
    ],
)
def test_a_step_of_training_says_what_of_it_is_unknown(
    convention: str, steps: tuple[Training | None, ...], line: str
) -> None:
    report = Report(handmade.header(), tuple(handmade.row(training=step) for step in steps)).with_convention(convention)
    lines = [" ".join(each.split()) for each in to_text(report).splitlines() if each.startswith("Training")]
    assert lines == ([line] if line else [])


def test_empty_report() -> None:
    assert "\n\nNo layers.\n\n" in to_text(handmade.empty(), 80)
