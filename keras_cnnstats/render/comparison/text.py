"""A comparison as text for a terminal: the totals side by side, then a line for each layer that changed."""

from collections.abc import Sequence
from dataclasses import replace

from keras_cnnstats.comparison import Change, Comparison
from keras_cnnstats.render.cells import Column, plain
from keras_cnnstats.render.comparison import aligned, content
from keras_cnnstats.render.display import display_width, shorten
from keras_cnnstats.render.text import Glyphs, drawn, output_glyphs, terminal_width, wrapped

HIDDEN_FIRST = ("Output shape", "Type", "RF")
"""Columns that a table of changes does without where it is too wide, the first of them first."""

NAME_AT_LEAST = 12
"""Characters that a shortened name keeps in any case."""


def to_text(comparison: Comparison, width: int | None = None) -> str:
    """Returns the comparison as text; what is too wide for it has shorter names, fewer columns and rounded totals."""
    glyphs = output_glyphs()
    limit = terminal_width() if width is None else width
    paragraphs = [wrapped(content.headings(comparison), glyphs, limit), _totals(comparison, glyphs, limit)]
    for number, changes in aligned.of_each(comparison):
        paragraphs.append(_changes(comparison, number, changes, glyphs, limit))
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines)


def _totals(comparison: Comparison, glyphs: Glyphs, limit: int | None) -> list[str]:
    """The totals with their differences, else rounded, else with a line for each model."""
    tables = [_sums(comparison, glyphs, rounded=False), _sums(comparison, glyphs, rounded=True)]
    fitting = [table for table in tables if limit is None or _width(table) <= limit]
    return drawn(fitting[0] if fitting else _models(comparison, glyphs, limit), glyphs)


def _sums(comparison: Comparison, glyphs: Glyphs, *, rounded: bool) -> list[Column]:
    totals = content.totals(comparison)
    found = [_column("", [total.label for total in totals], glyphs)]
    for number, name in enumerate(_names(comparison, glyphs, NAME_AT_LEAST if rounded else None)):
        cells = [(total.rounded if rounded else total.values)[number] for total in totals]
        found.append(_column(name, cells, glyphs, numeric=True))
        if number:
            said = [_difference(total, number - 1, rounded) for total in totals]
            found.append(_column("difference", said, glyphs, numeric=True))
    return found


def _models(comparison: Comparison, glyphs: Glyphs, limit: int | None) -> list[Column]:
    """A line for each model, with as many totals as there is room for."""
    totals = {total.name: total for total in content.totals(comparison)}
    names = _names(comparison, glyphs, 2 * NAME_AT_LEAST)
    found = [_column("Model", names, glyphs)]
    for total in [totals[name] for name in content.VERDICTS if name in totals]:
        shares = ["", *(f" ({percent})" if percent else "" for percent in total.shares)]
        cells = [value + percent for value, percent in zip(total.rounded, shares, strict=True)]
        column = _column(total.label, cells, glyphs, numeric=True)
        if limit is None or _width([*found, column]) <= limit:
            found.append(column)
    return found


def _names(comparison: Comparison, glyphs: Glyphs, width: int | None) -> list[str]:
    return [_cut(glyphs.carried(plain(name)), width, glyphs) for name in comparison.names]


def _difference(total: content.Total, place: int, rounded: bool) -> str:
    difference, percent = total.differences[place], total.shares[place]
    if rounded and percent:
        return percent
    return f"{difference} ({percent})" if percent else difference


def _changes(
    comparison: Comparison, number: int, changes: Sequence[Change], glyphs: Glyphs, limit: int | None
) -> list[str]:
    names = plain(comparison.names[0]), plain(comparison.names[number])
    arrow = glyphs.carried(content.ARROW)
    title = f"{names[0]} {arrow} {names[1]}: {content.verdict(comparison, number)}"
    lines = wrapped([title, f"Layers: {aligned.tally(changes)}"], glyphs, limit)
    listed = aligned.listed(changes)
    if listed:
        found = aligned.columns(aligned.blocks(listed))
        columns = [_column(column.title, column.cells, glyphs, column.numeric) for column in found]
        fitted = _fitted(columns, glyphs, limit)
        hidden = [column.title for column in columns if column.title not in {kept.title for kept in fitted}]
        lines += drawn(fitted, glyphs)
        lines += wrapped([f"Hidden at {limit} columns of text: {', '.join(hidden)}."] if hidden else [], glyphs, limit)
    seeing = aligned.seeing_otherwise(changes)
    return [*lines, *(wrapped([seeing], glyphs, limit) if seeing else [])]


def _fitted(columns: list[Column], glyphs: Glyphs, limit: int | None) -> list[Column]:
    """The columns without those that there is no room for, and with the layers' names in the room that is left."""
    if limit is None:
        return columns
    for title in HIDDEN_FIRST:
        if _width(columns) - _excess(columns) > limit:
            columns = [column for column in columns if column.title != title]
    room = limit - _width([column for column in columns if column.title != "Layer"]) - 3
    return [
        replace(column, cells=tuple(_cut(cell, max(room, NAME_AT_LEAST), glyphs) for cell in column.cells))
        if column.title == "Layer"
        else column
        for column in columns
    ]


def _excess(columns: Sequence[Column]) -> int:
    """By how much the names of layers can be cut."""
    return sum(max(_cells_width(column) - NAME_AT_LEAST, 0) for column in columns if column.title == "Layer")


def _width(columns: Sequence[Column]) -> int:
    return 1 + sum(_cells_width(column) + 3 for column in columns)


def _cells_width(column: Column) -> int:
    return max(display_width(text) for text in (column.title, *column.cells))


def _cut(text: str, width: int | None, glyphs: Glyphs) -> str:
    return text if width is None else shorten(text, width, glyphs.ellipsis)


def _column(title: str, cells: Sequence[str], glyphs: Glyphs, numeric: bool = False) -> Column:
    carried = tuple(map(glyphs.carried, cells))
    return Column(title=title, cells=carried, rounded=carried, numeric=numeric)
