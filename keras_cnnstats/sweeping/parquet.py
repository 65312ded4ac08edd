"""Rows of a sweep as Parquet, read and written some at a time."""

import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from keras_cnnstats.errors import MissingDependencyError
from keras_cnnstats.sweeping.candidates import SweepError, shown
from keras_cnnstats.sweeping.columns import COLUMNS, COUNTS, TEXTS, Values, extent

AT_ONCE = 1000
"""Rows that are in memory together."""


def rows(path: Path) -> Iterator[Values]:
    """Yields the rows of a file, none where there is no file.

    Raises:
        SweepError: it holds something else.
        MissingDependencyError: pyarrow is not installed.
    """
    _, parquet = _arrow()
    if not path.exists():
        return
    try:
        with parquet.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            if names != COLUMNS:
                raise SweepError(
                    f"{path}: expected the columns of a sweep: {', '.join(COLUMNS[:4])}, ... Received: "
                    f"{', '.join(names[:4])}, ... Name another file, or take this one away."
                )
            for some in file.iter_batches(AT_ONCE):
                for row in some.to_pylist():
                    yield {name: _value(name, value) for name, value in row.items()}
    except SweepError:
        raise
    except (OSError, ValueError) as error:
        raise SweepError(f"{path}: expected Parquet. Received: {shown(error)}. Name another file.") from error


def written(stored: Callable[[], Iterator[Values]]) -> bytes:
    """Returns the rows as Parquet: they are asked for twice, as a column's type is that of its largest value."""
    arrow, parquet = _arrow()
    large = {name for row in stored() for name in COUNTS if row[name] is not None and row[name] >= 2**63}
    # Exact at any size: a decimal where an integer of 64 bits is too small.
    counts = {name: arrow.decimal128(38) if name in large else arrow.int64() for name in COUNTS}
    schema = arrow.schema([
        (name, arrow.string() if name in TEXTS else counts.get(name, arrow.float64())) for name in COLUMNS
    ])  # fmt: skip
    stream, left = io.BytesIO(), stored()
    with parquet.ParquetWriter(stream, schema) as writer:
        while some := list(islice(left, AT_ONCE)):
            writer.write_table(arrow.table({name: _column(name, some) for name in COLUMNS}, schema=schema))
    return stream.getvalue()


def _column(name: str, some: list[Values]) -> list[Any]:
    values = [row[name] for row in some]
    if name in TEXTS or name in COUNTS:
        return values
    return [None if value is None else float(value) for value in values]


def _value(name: str, value: Any) -> Any:
    if value is None or name in TEXTS or name == "seconds":
        return value
    return int(value) if name in COUNTS else extent(value)


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "output: a .parquet file needs pyarrow. Install it: pip install 'keras-cnnstats[sweep]'; .csv needs none."
        ) from error
    except ImportError as error:
        raise MissingDependencyError(
            f"output: a .parquet file needs pyarrow, and the one that is installed does not start: {error}. Install "
            "one that does, such as an earlier one; .csv needs none."
        ) from error
    return pyarrow, parquet
