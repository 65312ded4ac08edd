"""The report as text for a terminal: heading, table, totals, disagreements.

A table too wide for the terminal never loses a digit. In this order: long layer names are shortened in their middle,
to `LAYER_READABLE` characters; columns are hidden, those late in `IMPORTANCE` first, and a line under the table names
them; names are shortened to `LAYER_AT_LEAST` characters; big counts are rounded, and a line says so.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from keras_cnnstats.render import cells, content
from keras_cnnstats.render.cells import Column
from keras_cnnstats.render.content import Group
from keras_cnnstats.render.display import StandIns, display_width, shorten
from keras_cnnstats.reports import Report

LAYER_AT_LEAST = 12
"""Characters that a shortened layer name keeps in any case."""

LAYER_READABLE = 24
"""Characters below which the names of deep models are hard to tell apart (`block_1…_relu`): no column beyond the
core is worth that."""

IMPORTANCE = (
    "Layer", "MACs", "Params", "FLOPs", "RF", "Proof", "Output shape", "Stride", "Type", "Codes", "Local RF", "Padding",
)  # fmt: skip
"""Columns by importance: where not all fit, each is kept that fits beside those before it."""

CORE = 5
"""The first so many columns are worth rounding big counts for."""


_IN_ASCII = str.maketrans({"×": "x", "≥": ">=", "✓": "+", "≈": "~", "✗": "!", "–": "-", "→": "->"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The characters that the output can carry.

    Attributes:
        table: tabulate's name of the table's style.
        ellipsis: what stands for the middle of a shortened name.
        encoding: the output's encoding, where that is not all of Unicode.
    """

    table: str = "rounded_outline"
    ellipsis: str = "…"
    encoding: str | None = None

    def carried(self, text: str) -> str:
        """Returns `text` with what the output cannot carry written in ASCII."""
        if self.encoding is None or text.isascii():
            return text
        text = text.translate(_IN_ASCII)
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)


def to_text(report: Report, width: int | None = None, columns: Sequence[str] | None = None) -> str:
    """Returns the report as text.

    Args:
        report: the report.
        width: columns of text to fit into; the terminal's by default, unlimited where there is none.
        columns: names of the columns, none of which is then hidden; those with something to say by default.
    """
    glyphs = output_glyphs()
    limit = terminal_width() if width is None else width
    paragraphs = [
        wrapped(content.heading(report), glyphs, limit),
        [*_table(report, glyphs, limit, columns), *wrapped(content.legend(report), glyphs, limit)],
        _totals(report, glyphs, limit),
        _disagreements(report, glyphs, limit),
    ]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)


def terminal_width() -> int | None:
    """Returns the width of the terminal; nothing where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def output_glyphs() -> Glyphs:
    """Returns what `sys.stdout` can carry: all of Unicode, or ASCII for the table's lines and escapes for the rest."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "╭─┬╮│├┼┤╰┴╯…×≥✓≈✗–→".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Glyphs(table="outline", ellipsis="...", encoding=_known(encoding))
    return Glyphs()


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        return "ascii"
    return encoding


def _table(report: Report, glyphs: Glyphs, limit: int | None, names: Sequence[str] | None) -> list[str]:
    if not report.rows:
        return ["No layers."]
    columns = [_carried(column, glyphs) for column in cells.chosen(report, names)]
    if names is not None:
        return drawn(columns, glyphs)
    rounded = limit is not None and len(_fitting(columns, limit)) < len(_core(columns))
    if rounded:
        columns = [replace(column, cells=column.rounded) for column in columns]
    shown = columns if limit is None else _fitting(columns, limit)
    if limit is not None:
        shown = _shortened(shown, glyphs, limit)
    lines = drawn(shown, glyphs)
    hidden = [column.title for column in columns if column.title not in {kept.title for kept in shown}]
    remarks = [f"Hidden at {limit} columns of text: {', '.join(hidden)}."] if hidden else []
    if rounded:
        remarks.append(f"Counts are rounded at {limit} columns of text.")
    return [*lines, *wrapped(remarks, glyphs, limit)]


def _carried(column: Column, glyphs: Glyphs) -> Column:
    full, rounded = (tuple(map(glyphs.carried, texts)) for texts in (column.cells, column.rounded))
    return replace(column, cells=full, rounded=rounded)


def _core(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.title in IMPORTANCE[:CORE]]


def _fitting(columns: Sequence[Column], limit: int) -> list[Column]:
    """The columns that fit; fewer than the core ones where not all of those do."""
    by_title = {column.title: column for column in columns}
    kept = {"Layer", "MACs"}
    room = limit - 1 - 3 - _width(by_title["MACs"]) - 3
    for title in IMPORTANCE:
        if title in kept or title not in by_title:
            continue
        core = title in IMPORTANCE[:CORE]
        need = _width(by_title[title]) + 3
        if need + _names_width(by_title["Layer"], LAYER_AT_LEAST if core else LAYER_READABLE) <= room:
            kept.add(title)
            room -= need
        elif core:
            break
    return [column for column in columns if column.title in kept]


def _names_width(layers: Column, most: int) -> int:
    """The width of the layers' column with names cut to `most` characters; what stands behind them is never cut."""
    widths = [
        min(display_width(cell.removesuffix(suffix)), most) + len(suffix)
        for cell, suffix in zip(layers.cells, layers.suffixes, strict=True)
    ]
    return max(len(layers.title), *widths)


def _width(column: Column) -> int:
    return max(display_width(text) for text in (column.title, *column.cells))


def _shortened(columns: Sequence[Column], glyphs: Glyphs, limit: int) -> list[Column]:
    """The columns with the layers' names in the room that the others leave."""
    layers, *others = columns
    room = limit - 1 - 3 - sum(_width(column) + 3 for column in others)
    room = max(room, _names_width(layers, LAYER_AT_LEAST))
    names = tuple(
        shorten(cell.removesuffix(suffix), room - len(suffix), glyphs.ellipsis) + suffix
        for cell, suffix in zip(layers.cells, layers.suffixes, strict=True)
    )
    return [replace(layers, cells=names), *others]


def drawn(columns: Sequence[Column], glyphs: Glyphs) -> list[str]:
    """Returns the lines of a table."""
    from tabulate import tabulate

    stand_ins = StandIns()
    rows = zip(*([stand_ins.hide(cell) for cell in column.cells] for column in columns), strict=True)
    # The titles go in as a row, and the line under them is made here: tabulate makes a column that has a header two
    # wider than it need be.
    table = tabulate(
        [[column.title for column in columns], *rows],
        tablefmt=glyphs.table,
        colalign=["right" if column.numeric else "left" for column in columns],
        disable_numparse=True,
    )
    top, titles, *lines = stand_ins.show(table).splitlines()
    return [top, titles, top.translate(str.maketrans("╭┬╮", "├┼┤")), *lines]


def _totals(report: Report, glyphs: Glyphs, limit: int | None) -> list[str]:
    sums = content.totals(report)
    names = max(len(total.label) for total in sums)
    digits = max(len(total.exact) for total in sums)
    lines: list[str] = []
    for total in sums:
        behind = f"({total.rounded})" if total.rounded else ""
        line = glyphs.carried(f"{total.label:<{names}}  {total.exact:>{digits}}  {behind:<9}")
        remark = glyphs.carried(total.remark)
        if remark and limit is not None and len(line) + len(remark) + 1 > limit:
            lines += [line.rstrip(), f"    {remark}"]
        else:
            lines.append(f"{line} {remark}".rstrip())
    return [*lines, *wrapped(content.verdicts(report), glyphs, limit)]


def _disagreements(report: Report, glyphs: Glyphs, limit: int | None) -> list[str]:
    groups = content.groups(report)
    if not groups:
        return []
    lines: list[str] = []
    for explained in (False, True):
        chosen = [group for group in groups if group.explained is explained]
        if chosen:
            title = f"Disagreements with {content.claimants(report)}, explained:"
            lines.append(title if explained else UNEXPLAINED)
            lines.extend(line for group in chosen for line in _group(group, glyphs, limit))
            lines.append("")
    return [*lines, *wrapped(["All of them, one by one: report.disagreements"], glyphs, limit)]


UNEXPLAINED = "!! UNEXPLAINED disagreements: a defect of the layer, of Keras or of keras_cnnstats"


def _group(group: Group, glyphs: Glyphs, limit: int | None) -> list[str]:
    first = group.members[0]
    ratio = content.ratio_text(first)
    title = f"  {group.code} {group.quantity}, {group.count}: {content.examples(group.layers)}"
    formula = cells.plain(first.formula)
    expected, actual = cells.value_text(first.expected), cells.value_text(first.actual)
    values = f"{content.claimant(group.code)} {expected}, counted {actual}"
    values += f" (ratio {ratio})" if ratio else ""
    body = [f"{formula}: {values}" if formula else values, cells.plain(first.reason)]
    return wrapped([title], glyphs, limit, hang="      ") + [
        line for text in body if text for line in wrapped([text], glyphs, limit, indent="      ", hang="      ")
    ]


def wrapped(
    texts: Sequence[str], glyphs: Glyphs, limit: int | None, *, indent: str = "", hang: str = "    "
) -> list[str]:
    """Returns paragraphs as lines of at most `limit` columns of text."""
    if limit is None:
        return [indent + glyphs.carried(text) for text in texts]
    # Below 40 columns a paragraph would be a column of single words.
    fit = textwrap.TextWrapper(
        max(limit, 40), initial_indent=indent, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
    # A shape stays on one line: textwrap does not break at a no-break space.
    joined = [re.sub(r", (?=None\b|\d)", ",\xa0", glyphs.carried(text)) for text in texts]
    return [line.replace("\xa0", " ") for text in joined for line in fit.wrap(text)]
