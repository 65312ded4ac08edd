"""Several reports side by side: totals against the first one's, and what changed row by row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_cnnstats.alignment import COUNTS, EXTENTS, Aligned, align, costs, fields, name_without_numbers
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Extent

if TYPE_CHECKING:
    import pandas

    from keras_cnnstats.render.comparison.pareto import ComparisonPlots

SAME = "same"
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
MOVED, RENAMED, SEES = "moved", "renamed", "sees otherwise"
STATUSES = (REMOVED, ADDED, CHANGED, MOVED, RENAMED, SEES, SAME)
"""What can have become of a row: it costs something else, stands elsewhere, has another name, or sees something else.

The first that is true is said. A name that differs in nothing but a number that Keras gave is the same name.
"""


class Compared(NamedTuple):
    """One quantity of all reports.

    Attributes:
        name: what it is called; per axis as in the DataFrame (`rf_h`).
        values: its value in each report; `None` where it is unknown or there is no such axis.
        lower_bounds: whether each value is a lower bound, as rows of unknown cost are in it.
    """

    name: str
    values: tuple[Extent, ...]
    lower_bounds: tuple[bool, ...]

    @property
    def differences(self) -> tuple[Extent, ...]:
        """Each value less the first; `None` where one of them is unknown, a lower bound, or the whole input."""
        return tuple(None if self._is_open(number) else self._less(value) for number, value in enumerate(self.values))

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Each value over the first; `None` where there is no difference or the first is 0."""
        first = self.values[0]
        return tuple(
            None if difference is None or not first or inf in (first, value) else float(value / first)  # type: ignore[operator]
            for value, difference in zip(self.values, self.differences, strict=True)
        )

    @property
    def is_same(self) -> bool:
        """Whether all reports have the same of it."""
        return len(set(self.values)) == len(set(self.lower_bounds)) == 1

    def _less(self, value: Extent) -> Extent:
        return _difference(self.values[0], value)

    def _is_open(self, number: int) -> bool:
        return self.lower_bounds[0] or self.lower_bounds[number]


class Change(NamedTuple):
    """A row of the first report and its partner in another.

    Attributes:
        other: name of the other report.
        status: what became of it: one of `STATUSES`.
        before: the row of the first report; `None` where it was added.
        after: the row of the other; `None` where it was removed.
    """

    other: str
    status: str
    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The row as it is now, or as it was where it is gone."""
        found = self.before if self.after is None else self.after
        assert found is not None
        return found

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of what is not alike: `type`, `output_shape`, counts, and extents with their axis (`rf_h`)."""
        if self.before is None or self.after is None:
            return ()
        names = ("type", "output_shape", *COUNTS, *_extent_names((self.before, self.after)))
        return tuple(name for name in names if _value(self.before, name) != _value(self.after, name))

    def values(self, name: str) -> tuple[Any, Any]:
        """Returns a quantity before and after; `None` where it is unknown or there is no such row."""
        return tuple(None if row is None else _value(row, name) for row in (self.before, self.after))  # type: ignore[return-value]

    def difference(self, name: str) -> Extent:
        """Returns by how much a quantity grew; `None` where that is unknown. A row that is not there costs 0."""
        absent = 0 if name in COUNTS else None
        before, after = (absent if row is None else _value(row, name) for row in (self.before, self.after))
        return _difference(before, after)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several reports under one convention, each against the first.

    Attributes:
        names: what the reports are called.
        reports: the reports.
    """

    names: tuple[str, ...]
    reports: tuple[Report, ...]

    @cached_property
    def totals(self) -> dict[str, Compared]:
        """The sums of all reports by name, and what is known of each model as a whole.

        `rf_*`, `local_rf_*` and `stride_*` are those of the last row whose output still has places on the input: behind
        it stands what sees all of the input anyway, such as global pooling.
        """
        found = {name: self._compared(name, read) for name, read in _TOTALS.items()}
        letters = dict.fromkeys(axis for report in self.reports for axis in report.axes)
        for name, attribute in EXTENTS.items():
            for letter in letters:
                found[f"{name}_{letter}"] = self._compared(f"{name}_{letter}", _at_the_end(attribute, letter))
        return found

    @cached_property
    def aligned(self) -> tuple[Change, ...]:
        """All rows of the first report beside those of each other, in the order of the other.

        Over these, the differences of a count sum to the difference of the totals.
        """
        return tuple(
            _change(name, self.reports[0], report, pair)
            for name, report in zip(self.names[1:], self.reports[1:], strict=True)
            for pair in align(self.reports[0].rows, report.rows)
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        """Those of `aligned` that are not the same."""
        return tuple(change for change in self.aligned if change.status != SAME)

    @property
    def is_same(self) -> bool:
        """Whether nothing changed from the first report to any other."""
        return not self.changes and all(total.is_same for total in self.totals.values())

    @property
    def unlike(self) -> dict[str, tuple[Any, ...]]:
        """What the numbers are of, where that is not alike: they then differ for that reason too."""
        headers = [report.header for report in self.reports]
        found = {
            "input shape": tuple(tuple(shape[1:] for _, shape in header.input_shapes) for header in headers),
            "batch size": tuple(header.batch_size for header in headers),
            "dtype": tuple(header.dtype for header in headers),
        }
        return {name: values for name, values in found.items() if len(set(values)) > 1}

    def _compared(self, name: str, read: Callable[[Report], tuple[Extent, bool]]) -> Compared:
        values, bounds = zip(*map(read, self.reports), strict=True)
        return Compared(name, values, bounds)

    # What follows hands the comparison to the renderers, one floor up, as a report does.

    def to_text(self, width: int | None = None) -> str:
        """Returns the totals and what changed as text, to fit into `width` columns; the terminal's by default."""
        from keras_cnnstats.render.comparison.text import to_text

        return to_text(self, width)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns a row for each of `aligned` as a `pandas.DataFrame`: its status, and each count in both reports.

        `macs_a` is that of the report named in column `a`, `macs_b` that of the one in column `b`, `macs_diff` the
        difference. Unknown values are `<NA>`.
        """
        from keras_cnnstats.render.comparison.dataframe import to_dataframe

        return to_dataframe(self)

    def to_csv(self, path: Any = None) -> str:
        """Returns the DataFrame as CSV, in which no text starts a formula, or writes it to `path`."""
        from keras_cnnstats.render.comparison.dataframe import to_csv

        return to_csv(self, path)

    def totals_dataframe(self) -> "pandas.DataFrame":
        """Returns a row for each report as a `pandas.DataFrame`, with its totals."""
        from keras_cnnstats.render.comparison.dataframe import totals_dataframe

        return totals_dataframe(self)

    def to_markdown(self, path: Any = None) -> str:
        """Returns what changed as GitHub-flavoured Markdown, made for a comment on a pull request, or writes it."""
        from keras_cnnstats.render.comparison.markdown import to_markdown

        return to_markdown(self, path)

    def to_html(self, path: Any = None) -> str:
        """Returns the comparison as one page to look at, which needs no network, or writes it to `path`.

        Raises:
            MissingDependencyError: Jinja2 is not installed.
        """
        from keras_cnnstats.render.comparison.page import to_html

        return to_html(self, path)

    @property
    def plot(self) -> "ComparisonPlots":
        """The plots of the comparison: `pareto(...)`; with matplotlib."""
        from keras_cnnstats.render.comparison.pareto import ComparisonPlots

        return ComparisonPlots(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(map(repr, self.names))}: {len(self.changes)} changes>"

    def _repr_html_(self) -> str:
        from keras_cnnstats.render.comparison.notebook import to_notebook

        return to_notebook(self)


def _sum(name: str, unknown: str = "unknown_rows") -> Callable[[Report], tuple[Extent, bool]]:
    return lambda report: (getattr(report.totals, name), bool(unknown and getattr(report.totals, unknown)))


_TOTALS: dict[str, Callable[[Report], tuple[Extent, bool]]] = {
    "params": _sum("params", ""),
    "trainable_params": _sum("trainable_params", ""),
    "macs": _sum("macs"),
    "flops": _sum("flops"),
    "transcendentals": _sum("transcendentals"),
    "train_flops": _sum("train_flops", "unknown_train_rows"),
    "param_bytes": _sum("param_bytes", ""),
    "quantizer_params": _sum("quantizer_params", ""),
    "peak_activation_bytes": lambda report: (report.memory and report.memory.peak_activation_bytes, False),
    "rows": _sum("rows", ""),
    "unknown_rows": _sum("unknown_rows", ""),
    "unexplained": lambda report: (len(report.unexplained), False),
}
"""The totals, each with whether it is a lower bound."""


def _at_the_end(attribute: str, letter: str) -> Callable[[Report], tuple[Extent, bool]]:
    def read(report: Report) -> tuple[Extent, bool]:
        row = report.last_map
        return (None if row is None else _on_axis(row, attribute, letter)), False

    return read


def _on_axis(row: Row, attribute: str, letter: str) -> Extent:
    return dict(zip(row.axes, getattr(row, attribute), strict=True)).get(letter)


def _value(row: Row, name: str) -> Any:
    prefix, _, letter = name.rpartition("_")
    return _on_axis(row, EXTENTS[prefix], letter) if prefix in EXTENTS else getattr(row, name)


def _extent_names(rows: tuple[Row, Row]) -> Iterator[str]:
    letters = dict.fromkeys(axis for row in rows for axis in row.axes)
    return (f"{name}_{letter}" for name in EXTENTS for letter in letters)


def _difference(before: Extent, after: Extent) -> Extent:
    if before is None or after is None:
        return None
    if before == after:
        return 0
    return None if inf in (before, after) else after - before


def _change(other: str, first: Report, second: Report, pair: Aligned) -> Change:
    before = None if pair.before is None else first.rows[pair.before]
    after = None if pair.after is None else second.rows[pair.after]
    return Change(other, _status(before, after, pair.is_moved), before, after)


def _status(before: Row | None, after: Row | None, is_moved: bool) -> str:
    if before is None:
        return ADDED
    if after is None:
        return REMOVED
    if costs(before) != costs(after):
        return CHANGED
    if is_moved:
        return MOVED
    if name_without_numbers(before) != name_without_numbers(after):
        return RENAMED
    return SAME if fields(before) == fields(after) else SEES
