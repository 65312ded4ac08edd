"""The cells of the table as plain text, the same in every rendering for people; layout and escaping come later."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from unicodedata import category

from keras_cnnstats import units
from keras_cnnstats.errors import ColumnError, nearest
from keras_cnnstats.field import Field
from keras_cnnstats.records import Row, Shape
from keras_cnnstats.render.dataframe import EXTENTS, records
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Count, Extent
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Verification

SOURCES = {
    "inherited": ("[i]", "inherited: counted by the rule of a base class"),
    "traced": ("[t]", "traced: counted from the keras.ops inside"),
    "measured": ("[m]", "measured: counted by the backend"),
    "unknown": ("[?]", "unknown: nobody could derive the cost, so the sums of work are lower bounds"),
}
"""Mark and meaning of each source of numbers but the usual one, `rule`."""

PROOFS = {
    CONFIRMED: ("✓", "confirmed: a measurement agrees, counted as its referee counts"),
    EXPLAINED: ("≈", "explained: a measurement differs by what its referee is known to count otherwise"),
    DIFFERS: ("✗", "differs: a measurement says something else"),
    NOT_COMPARABLE: ("–", "not comparable: nothing can measure it here"),
}
"""Mark and meaning of each verdict."""

IN_PART = "in part: what else the row says cannot be measured here, or is unknown"
"""Meaning of a mark in parentheses: it is that of some numbers of a row."""

MISALIGNED, PERHAPS_MISALIGNED = "~", "(~)"


def plain(text: str) -> str:
    r"""Returns text from a model as one line in which nothing acts on a terminal or a page: it shows as an escape.

    >>> plain("conv\x1b[31m\n"), plain("a\u202eb"), plain("größe/層")
    ('conv\\x1b[31m\\n', 'a\\u202eb', 'größe/層')
    """
    shown = "".join(char if char.isprintable() else _escape(char) for char in text)
    # An accent with no letter before it would sit on whatever is printed in front.
    return _escape(shown[0]) + shown[1:] if shown and category(shown[0]).startswith("M") else shown


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def layer_name(layer: str, call: int) -> str:
    """Returns a row's path, with the number of the call where the layer was called before.

    >>> layer_name("backbone/conv", 0), layer_name("conv", 1)
    ('backbone/conv', 'conv (call 2)')
    """
    return plain(layer) + _call(call)


def _call(call: int) -> str:
    return f" (call {call + 1})" if call else ""


def _source(row: Row) -> str:
    return f" {SOURCES[row.source][0]}" if row.source in SOURCES else ""


def shape_text(shapes: Iterable[Shape]) -> str:
    """Returns the shapes of one or several maps.

    >>> shape_text([(None, 32, 32, 3)]), shape_text([(1, 8), (1,)])
    ('(None, 32, 32, 3)', '(1, 8), (1,)')
    """
    return ", ".join(str(tuple(shape)) for shape in shapes)


def count_text(count: Count) -> str:
    """Returns a count with thousands separators; `?` where it is unknown."""
    return "?" if count is None else f"{count:,}"


def rounded_text(count: Count) -> str:
    """Returns a count to three digits; `?` where it is unknown."""
    return "?" if count is None else units.si(count)


def value_text(value: Extent) -> str:
    """Returns a count or a number of positions, whichever a disagreement is about."""
    return f"{value:,}" if isinstance(value, int) else units.extent_text(value)


def axes_text(values: Sequence[str]) -> str:
    """Returns one value per axis, or a single one where all axes agree.

    >>> axes_text(["7", "7"]), axes_text(["1", "7"]), axes_text(["all", "?"])
    ('7', '1×7', 'all×?')
    """
    return values[0] if len(set(values)) == 1 else "×".join(values)


def _stride(field: Field) -> str:
    # An output without such an axis has no stride; that is no gap in what we know.
    return "-" if field.jump is None and field.size is not None else units.extent_text(field.jump)


def _padding(field: Field) -> str:
    return "-" if field.lo is None and field.size is not None else units.extent_text(field.effective_padding)


def _size(field: Field) -> str:
    return units.extent_text(field.size)


def _field(row: Row) -> str:
    mark = {False: MISALIGNED, None: PERHAPS_MISALIGNED}.get(row.aligned, "")
    return mark + axes_text([_size(field) for field in row.fields]) if row.fields else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table.

    Attributes:
        title: what stands over it.
        cells: its cells in full.
        rounded: the same with big counts rounded.
        suffixes: ends of the cells that no shortening may cut off: the number of the call and the mark of the source.
        numeric: whether its cells are numbers, flush right.
    """

    title: str
    cells: tuple[str, ...]
    rounded: tuple[str, ...]
    suffixes: tuple[str, ...] = ()
    numeric: bool = False


def columns(report: Report) -> list[Column]:
    """Returns the columns that this report has something to say in, from left to right."""
    rows = report.rows
    found = [
        _layers(rows),
        words("Type", [plain(row.type) for row in rows]),
        words("Output shape", [shape_text(row.output_shapes) for row in rows]),
        _counts("Params", [row.params for row in rows]),
        _counts("MACs", [row.macs for row in rows]),
        _counts("FLOPs", [row.flops for row in rows]),
    ]
    if any(row.fields for row in rows):
        found.append(numbers("RF", [_field(row) for row in rows]))
        if any(row.local_fields and row.local_receptive_field != row.receptive_field for row in rows):
            found.append(numbers("Local RF", _per_axis(rows, _size, local=True)))
        found.append(numbers("Stride", _per_axis(rows, _stride)))
        found.append(numbers("Padding", _per_axis(rows, _padding)))
    if report.verification is not None:
        found.append(words("Proof", [proof(report.verification, row) for row in rows]))
    if any(row.disagreements for row in rows):
        found.append(words("Codes", [plain(", ".join(row.disagreements)) for row in rows]))
    return found


def proof(verification: Verification, row: Row) -> str:
    """Returns the mark of the verdict on a row, in parentheses where it is that of some of its numbers."""
    verdict = verification.verdict_of(row.layer, row.call)
    mark = PROOFS[verdict][0] if verdict else ""
    return f"({mark})" if verification.is_partial(row.layer, row.call) else mark


PRETTY = {
    "layer": "Layer",
    "type": "Type",
    "output_shape": "Output shape",
    "params": "Params",
    "macs": "MACs",
    "flops": "FLOPs",
    "rf": "RF",
    "local_rf": "Local RF",
    "stride": "Stride",
    "padding": "Padding",
    "disagreements": "Codes",
    "verdict": "Proof",
}
"""What the columns that everybody reads are called in the table, by the names that they have in the DataFrame."""


def chosen(report: Report, names: Sequence[str] | None) -> list[Column]:
    """Returns the columns that were asked for by their names in the DataFrame; the usual ones by default.

    `rf`, `local_rf`, `stride`, `padding` and `center` are all axes together; `rf_h` is one of them.

    Raises:
        ColumnError: there is no such column, or no name was given.
    """
    usual = columns(report)
    if names is None:
        return usual
    by_title = {column.title: column for column in usual}
    others = records(report)
    found = []
    for name in checked(report, names):
        title = PRETTY.get(name, name)
        if title in by_title:
            found.append(by_title[title])
        elif name in others:
            found.append(_of_record(name, others[name]))
        else:
            found.append(numbers(name, [_extents_text(getattr(row, EXTENTS[name])) for row in report.rows]))
    return found


def checked(report: Report, names: Sequence[str]) -> Sequence[str]:
    """Returns the names if there are some and all of them are columns, else raises `ColumnError`."""
    known = [*records(report), *(EXTENTS if report.axes else ())]
    if not names:
        raise ColumnError("columns: expected at least one name of a column of the DataFrame. Received: none.")
    for name in names:
        if name not in known:
            raise ColumnError(
                f"columns: expected names of columns of the DataFrame, or of {', '.join(EXTENTS)}. "
                f"Received: {plain(str(name)[:80])!r}.{nearest(str(name)[:80], known)}"
            )
    return names


def _of_record(name: str, values: Sequence[Any]) -> Column:
    if any(isinstance(value, str) for value in values):
        return words(name, ["?" if value is None else plain(value) for value in values])
    if any(isinstance(value, bool) for value in values):
        return words(name, ["?" if value is None else "yes" if value else "no" for value in values])
    if all(isinstance(value, int) or value is None for value in values):
        return _counts(name, values)
    return numbers(
        name, [f"{value:.4g}" if type(value) is float and value != inf else value_text(value) for value in values]
    )


def _extents_text(values: Sequence[Extent]) -> str:
    return axes_text([units.extent_text(value) for value in values]) if values else ""


def _per_axis(rows: Sequence[Row], text: Callable[[Field], str], local: bool = False) -> list[str]:
    fields = [row.local_fields if local else row.fields for row in rows]
    return [axes_text([text(field) for field in axes]) if axes else "" for axes in fields]


def _layers(rows: Sequence[Row]) -> Column:
    suffixes = tuple(_call(row.call) + _source(row) for row in rows)
    cells = tuple(plain(row.layer) + suffix for row, suffix in zip(rows, suffixes, strict=True))
    return Column(title="Layer", cells=cells, rounded=cells, suffixes=suffixes)


def words(title: str, cells: Sequence[str]) -> Column:
    """Returns a column of text."""
    return Column(title=title, cells=tuple(cells), rounded=tuple(cells))


def numbers(title: str, cells: Sequence[str]) -> Column:
    """Returns a column of numbers that are written already."""
    return Column(title=title, cells=tuple(cells), rounded=tuple(cells), numeric=True)


def _counts(title: str, counts: Sequence[Count]) -> Column:
    exact, rounded = tuple(map(count_text, counts)), tuple(map(rounded_text, counts))
    return Column(title=title, cells=exact, rounded=rounded, numeric=True)
