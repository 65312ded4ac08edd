"""CSV, Markdown, LaTeX and HTML: read back with other people's readers, and safe with any name."""

import csv
import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from keras_cnnstats.render.cells import columns, layer_name
from keras_cnnstats.render.dataframe import COUNTS, to_dataframe
from keras_cnnstats.render.latex import to_latex
from keras_cnnstats.render.markup import to_csv, to_markdown
from keras_cnnstats.render.notebook import to_notebook
from keras_cnnstats.reports import Report
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check, Verification
from tests.render import handmade
from tests.render.handmade import HOSTILE, REPORTS

FILLED = [name for name in REPORTS if name != "empty"]


def one(name: str) -> Report:
    """A report in which a name stands wherever the model's text may stand."""
    place = HOSTILE.index(name)
    report = handmade.hostile()
    return Report(
        handmade.header(model=name), (handmade.row(name, type=name, note=name),), report.disagreements[place:][:1]
    )


def names(report: Report) -> list[str]:
    return [cell.strip() for cell in columns(report)[0].cells]


# CSV


def read(text: str | None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", REPORTS)
def test_csv_has_the_columns_of_the_frame(name: str) -> None:
    text = to_csv(REPORTS[name]) or ""
    assert text.splitlines()[0].split(",") == list(to_dataframe(REPORTS[name]).columns)
    assert len(read(text)) == len(REPORTS[name])


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", REPORTS)
def test_csv_sums_to_the_totals(name: str, count: str) -> None:
    assert sum(int(row[count] or 0) for row in read(to_csv(REPORTS[name]))) == getattr(REPORTS[name].totals, count)


@pytest.mark.parametrize("name", ["small", "long", "t", "hw", "dhw", "none", "unsized"])
def test_pandas_reads_the_frame_back(name: str) -> None:
    frame = pd.read_csv(io.StringIO(to_csv(REPORTS[name]) or ""), keep_default_na=False, na_values={"macs": ""})
    expected = to_dataframe(REPORTS[name])
    numbers = [*COUNTS, *(column for column in expected if column.startswith(("rf", "local_rf")))]
    assert frame[numbers].astype("Float64").equals(expected[numbers].astype("Float64"))
    assert frame["layer"].tolist() == expected["layer"].tolist()


def test_pandas_reads_hostile_rows() -> None:
    assert len(pd.read_csv(io.StringIO(to_csv(handmade.hostile()) or ""))) == len(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_csv_cell_is_no_formula(name: str) -> None:
    cell = read(to_csv(one(name)))[0]["layer"]
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.isprintable()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\ttab", "\rreturn", "\n=1", " =1", "＝1", "\u00a0=1"])
def test_csv_formula_becomes_text(name: str) -> None:
    row = read(to_csv(Report(handmade.header(), (handmade.row(name, type=name, disagreements=(name,)),))))[0]
    assert {row[column][0] for column in ("layer", "type", "disagreements")} == {"'"}


def test_csv_of_the_awkward() -> None:
    rows = read(to_csv(handmade.awkward()))
    assert rows[2]["macs"] == "100000000000000000000"
    assert (rows[3]["stride_h"], rows[3]["rf_w"], rows[3]["center_h"]) == ("0.5", "3.5", "")
    assert (rows[4]["rf_h"], rows[5]["macs"], rows[2]["aligned"]) == ("inf", "", "")
    assert rows[6]["output_shape"] == "(1, 8), (1, 4, 4, 2)"


# Markdown

MARKDOWN_SMALL = """\
Model "small_cnn", input (1, 32, 32, 3), batch size 1, float32\x20\x20
FLOPs (textbook): K multiplications and K - 1 additions for each output, bias +1; 1 per arithmetic operation elsewhere

| Layer | Type | Output shape | Params | MACs | FLOPs | RF | Stride | Padding |
|:---|:---|:---|---:|---:|---:|---:|---:|---:|
| `a` | `Conv2D` | (1, 32, 32, 16) | 448 | 442,368 | 884,736 | 3×7 | 1×2 | 1×3 |
| `b` | `Conv2D` | (1, 32, 32, 16) | 448 | 442,368 | 884,736 | 3×7 | 1×2 | 1×3 |
| **Total of 2** | | | **896** | **884,736** | **1,769,472** | | | |

- Params: 896 (896 trainable, 0 frozen)
- MACs: 884,736 (885 k)
- FLOPs (textbook): 1,769,472 (1.77 M)
- Transcendentals: 0
"""


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
        self.attributes.update(attrs)
        self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.cells[-1][-1] += data


def markdown_page(report: Report) -> Page:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(reader.render(to_markdown(report) or ""))


def test_markdown_page() -> None:
    text = re.sub(r" +\|", " |", re.sub(r"\| +", "| ", to_markdown(REPORTS["hw"]) or ""))
    assert re.sub(r"-{3,}", "---", text) == MARKDOWN_SMALL


@pytest.mark.parametrize("name", FILLED)
def test_markdown_table_is_read_whole(name: str) -> None:
    report = REPORTS[name]
    page = markdown_page(report)
    table = page.cells[: len(report) + 2]
    assert [row[0].strip() for row in table[1:-1]] == names(report)
    assert {len(row) for row in table} == {len(columns(report))}
    assert len(page.cells) == len(report) + 2 + (len(report.disagreements) + 1 if report.disagreements else 0)


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_name_stays_text(name: str) -> None:
    page = markdown_page(one(name))
    assert page.tags <= {"p", "br", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "ul", "li", "h3"}
    assert {key for key, _ in page.attributes} <= {"style"}
    shown = layer_name(name, 0).strip()
    assert (page.cells[1][0].strip(), page.cells[1][1].strip()) == (shown, shown)
    assert page.cells[-1][3].strip() == shown


def test_markdown_makes_no_links_of_addresses() -> None:
    prose = re.sub("`[^`]*`", "", to_markdown(one("https://example.com www.example.com")) or "")
    assert "https&#58;//example.com www&#46;example.com" in prose
    assert not re.search(r"://|www\.", prose)


def test_markdown_shows_unexplained_disagreements_first() -> None:
    details = markdown_page(handmade.awkward()).cells[-7:]
    assert [row[7] for row in details] == ["NO", *["yes"] * 6]
    assert details[0][:7] == ["P09", "mine", "parameters", "9·3·16 + 16", "448", "449", "1.00223"]


def test_markdown_total_is_a_lower_bound() -> None:
    assert "**≥ 100,010,000,000,001,769,472**" in (to_markdown(handmade.awkward()) or "")


# LaTeX

COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
COMMANDS = {
    r"\noindent", r"\par", r"\footnotesize", r"\setlength", r"\tabcolsep", r"\begin", r"\end", r"\toprule", r"\midrule",
    r"\bottomrule", r"\endfirsthead", r"\endhead", r"\raggedright", r"\arraybackslash", r"\linewidth", r"\ensuremath",
    r"\times", r"\cdot", r"\ge", r"\textbackslash", r"\textasciitilde", r"\textasciicircum", r"\textless",
    r"\textgreater", r"\textbar", r"\textquotedbl", r"\textasciigrave", r"\\", r"\{", r"\}", r"\&", r"\%", r"\$", r"\#",
    r"\_",
}  # fmt: skip


def latex_lines(report: Report) -> list[str]:
    comment, *lines = (to_latex(report) or "").splitlines()
    assert comment.startswith("% Preamble")
    return lines


@pytest.mark.parametrize("name", REPORTS)
def test_latex_has_no_active_character_from_a_name(name: str) -> None:
    text = "\n".join(latex_lines(REPORTS[name]))
    assert set(COMMAND.findall(text)) <= COMMANDS
    bare = COMMAND.sub("", text)
    assert not set(bare) & set('%$#_^~"`<|')
    assert bare.count("{") == bare.count("}")
    assert "--" not in bare
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1 + bool(REPORTS[name].disagreements)


@pytest.mark.parametrize("name", REPORTS)
def test_latex_rows_have_a_cell_per_column(name: str) -> None:
    table, _, _ = "\n".join(latex_lines(REPORTS[name])).partition(r"\end{longtable}")
    rows = [line for line in table.splitlines() if line.endswith(r" \\")]
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns(REPORTS[name]))}
    assert len(rows) == len(REPORTS[name]) + 3


@pytest.mark.parametrize("name", REPORTS)
def test_latex_row_is_no_argument_of_the_line_before(name: str) -> None:
    assert not [line for line in latex_lines(REPORTS[name]) if line.startswith(("[", "*"))]


def test_latex_is_of_characters_that_every_engine_has() -> None:
    assert not re.findall("[^\x00-\xff]", to_latex(handmade.hostile()) or "")


def test_latex_has_the_marks_of_verdicts() -> None:
    verdicts = {"a": CONFIRMED, "b": EXPLAINED, "c": DIFFERS, "d": NOT_COMPARABLE}
    checks = tuple(Check(name, 0, "macs", verdict, 1, 1, "referee") for name, verdict in verdicts.items())
    report = Report(handmade.header(), tuple(map(handmade.row, verdicts)), verification=Verification(checks))
    lines = latex_lines(report)
    marks = ["+", r"\ensuremath{\approx}", r"\ensuremath{\times}", r"{\textendash}"]
    assert [line.split(" & ")[-1] for line in lines if line[:3] in ("a &", "b &", "c &", "d &")] == [
        rf"{mark} \\" for mark in marks
    ]
    legend = [line for line in lines if line.startswith(tuple(rf"\noindent {mark} " for mark in marks))]
    assert [line.split(" ")[2] for line in legend] == ["confirmed:", "explained:", "differs:", "not"]
    assert r"\u" not in "\n".join(lines)


def test_latex_row() -> None:
    assert (
        r"stage2/global\_pool & GlobalAveragePooling2D & (1, 32) & 0 & 0 & 8,192 & all & {-} & {-} &  \\"
        in latex_lines(handmade.small_cnn())
    )


def test_latex_says_what_the_numbers_are_of() -> None:
    text = to_latex(handmade.awkward()) or ""
    assert r"\noindent Model \textquotedbl{}awkward\textquotedbl{}, inputs image (None, None, None, 3)," in text
    assert r"UNEXPLAINED: The layer has a weight that no formula knows. \\" in text


# A notebook's HTML


@pytest.mark.parametrize("name", REPORTS)
def test_html_is_well_formed_and_bare(name: str) -> None:
    text = to_notebook(REPORTS[name])
    page = Page(text)
    assert page.tags <= {
        "div", "style", "strong", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "details", "summary",
    }  # fmt: skip
    assert {key for key, _ in page.attributes} <= {"class", "open"}
    assert not re.search(r"url\(|@import|[^-]color: #", text.partition("</style>")[0])


@pytest.mark.parametrize("name", FILLED)
def test_html_table_is_read_whole(name: str) -> None:
    report = REPORTS[name]
    table = Page(to_notebook(report)).cells[: len(report) + 2]
    assert [row[0].strip() for row in table[1:-1]] == names(report)
    assert table[-1][0] == f"Total of {len(report)}"


@pytest.mark.parametrize("name", HOSTILE)
def test_html_name_stays_text(name: str) -> None:
    assert Page(to_notebook(one(name))).cells[1][1] == layer_name(name, 0)


@pytest.mark.parametrize(("name", "details"), [("hw", 0), ("small", 1), ("long", 1), ("awkward", 1)])
def test_html_folds_what_is_long(name: str, details: int) -> None:
    assert to_notebook(REPORTS[name]).count("<details") == details


def test_html_unfolds_what_is_unexplained() -> None:
    assert "<details open><summary>7 disagreements with the textbook; 1 UNEXPLAINED" in to_notebook(handmade.awkward())
    assert "<details><summary>1 disagreement with the textbook</summary>" in to_notebook(handmade.small_cnn())


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("title", ["Params", "MACs", "FLOPs"])
def test_html_columns_sum_to_the_last_row(name: str, title: str) -> None:
    head, *rows, total = Page(to_notebook(REPORTS[name])).cells[: len(REPORTS[name]) + 2]
    place = head.index(title)
    counts = [int(row[place].replace(",", "")) for row in rows if row[place] != "?"]
    assert f"{sum(counts):,}" == total[place].removeprefix("≥ ")
