"""The columns of a sweep, and its rows as a DataFrame."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_cnnstats.render.dataframe import series

if TYPE_CHECKING:
    import pandas

Values = dict[str, Any]
"""A row of a sweep by column; `None` is unknown."""

WORK = (
    "params",
    "trainable_params",
    "macs",
    "flops",
    "transcendentals",
    "train_flops",
    "unknown_rows",
    "unknown_train_rows",
    "param_bytes",
)
"""Totals of a report, as `rows` is."""

MEMORY = ("peak_activation_bytes", "inference_bytes", "training_bytes")
COUNTS = (*WORK, *MEMORY, "rows", "explained", "unexplained", "batch_size")
AXES = ("t", "d", "h", "w")
EXTENTS = ("rf", *(f"rf_{axis}" for axis in AXES), *(f"stride_{axis}" for axis in AXES))
"""Of the last map that has a place on the input: `rf` on the axis where it is smallest, then per axis."""

TEXTS = ("name", "input_shape", "dtype", "convention", "same_as", "error")

COLUMNS = (
    "name",
    *WORK,
    *EXTENTS,
    *MEMORY,
    "rows",
    "explained",
    "unexplained",
    "input_shape",
    "batch_size",
    "dtype",
    "convention",
    "seconds",
    "same_as",
    "error",
)


def row(**values: Any) -> Values:
    """Returns a row with all columns; what is not given is unknown, and a text that is not given is empty."""
    return {name: values.get(name, "" if name in TEXTS else None) for name in COLUMNS}


def extent(value: float) -> int | float:
    """Returns a number of positions that a file has as a decimal: whole where it is."""
    return int(value) if value.is_integer() else value


def to_dataframe(rows: Sequence[Mapping[str, Any]]) -> "pandas.DataFrame":
    """Returns the rows as a DataFrame, with the columns of those axes alone that some model has."""
    import pandas as pd

    found = {name: [each[name] for each in rows] for name in COLUMNS}
    absent = [name for name in EXTENTS if "_" in name and all(value is None for value in found[name])]
    return pd.DataFrame({
        name: pd.Series(values, dtype="string") if name in TEXTS else _numbers(name, values)
        for name, values in found.items()
        if name not in absent
    })  # fmt: skip


def _numbers(name: str, values: Sequence[Any]) -> "pandas.Series[Any]":
    import pandas as pd

    if name == "seconds":
        return pd.Series(list(values), dtype="Float64")
    return series(name, values)
