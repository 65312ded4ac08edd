"""A comparison as `pandas.DataFrame`s: one of the rows, aligned, and one of the totals."""

from typing import TYPE_CHECKING, Any

from keras_cnnstats.alignment import COUNTS, EXTENTS
from keras_cnnstats.comparison import Change, Comparison
from keras_cnnstats.render import SCHEMA_VERSION
from keras_cnnstats.render.dataframe import series, storable
from keras_cnnstats.render.files import deliver
from keras_cnnstats.render.spreadsheet import no_formula

if TYPE_CHECKING:
    import pandas

SIDES = ("a", "b")
"""Ends of the columns of the first report and of the other."""


def to_dataframe(comparison: Comparison) -> "pandas.DataFrame":
    """Returns a row for each aligned pair; what is unknown, or is not there, is `<NA>`.

    Columns end in `_a`, `_b` and `_diff`. Where a row was added or removed, the difference of a count is all of it, so
    that the differences sum to that of the totals.
    """
    import pandas as pd

    changes = comparison.aligned
    columns = {
        "a": _texts([comparison.names[0] for _ in changes]),
        "b": _texts([change.other for change in changes]),
        "status": _texts([change.status for change in changes]),
    }
    for name in ("layer", "call", "type", "output_shape"):
        for side, end in enumerate(SIDES):
            columns[f"{name}_{end}"] = _of_rows(changes, name, side)
    letters = dict.fromkeys(axis for report in comparison.reports for axis in report.axes)
    for name in (*COUNTS, *(f"{name}_{letter}" for name in EXTENTS for letter in letters)):
        for side, end in enumerate(SIDES):
            columns[f"{name}_{end}"] = series(name, [change.values(name)[side] for change in changes])
        columns[f"{name}_diff"] = series(name, [change.difference(name) for change in changes])
    frame = pd.DataFrame(columns)
    frame.attrs = {"schema": SCHEMA_VERSION, "convention": comparison.reports[0].header.convention}
    return frame


def to_csv(comparison: Comparison, path: Any = None) -> str:
    """Returns the DataFrame as CSV in which no text starts a formula, or writes it to `path`."""
    frame = to_dataframe(comparison)
    for name in frame.columns[frame.dtypes == "string"]:
        frame[name] = frame[name].map(no_formula, na_action="ignore")
    return deliver(frame.to_csv(index=False, lineterminator="\n"), path)


def _of_rows(changes: tuple[Change, ...], name: str, side: int) -> "pandas.Series":
    import pandas as pd

    found = [change.values(name)[side] for change in changes]
    if name in ("layer", "type"):
        return _texts(found)
    # A row that is not there has no shape, either.
    return series(name, [pd.NA if value is None and name == "output_shape" else value for value in found])


def _texts(values: list[str | None]) -> "pandas.Series":
    import pandas as pd

    return pd.Series([pd.NA if value is None else storable(value) for value in values], dtype="string")


def totals_dataframe(comparison: Comparison) -> "pandas.DataFrame":
    """Returns a row for each report, under its name, with its totals.

    `unknown_rows` says of how many rows the cost is unknown: the sums of work are then lower bounds.
    """
    import pandas as pd

    columns = {name: series(name, total.values) for name, total in comparison.totals.items()}
    frame = pd.DataFrame({"model": _texts(list(comparison.names)), **columns}).set_index("model")
    frame.attrs = {"schema": SCHEMA_VERSION, "convention": comparison.reports[0].header.convention}
    return frame
