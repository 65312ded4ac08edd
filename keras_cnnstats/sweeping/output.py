"""The file of a sweep: a line for each model, there as soon as the model is done, and read when the sweep goes on.

A Parquet file cannot be added to. While a sweep goes on its rows are in a CSV file beside it, `space.parquet.csv`; at
the end both become one Parquet file, which is there whole or not at all.
"""

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_cnnstats.errors import MissingDependencyError
from keras_cnnstats.render.files import deliver, deliver_bytes
from keras_cnnstats.render.spreadsheet import quoted
from keras_cnnstats.sweeping.candidates import SweepError, shown
from keras_cnnstats.sweeping.columns import COLUMNS, COUNTS, TEXTS, Values

SUFFIXES = (".csv", ".parquet")
JOURNAL = ".csv"
"""What the name of a Parquet file is followed by while a sweep goes on."""


class RowFile:
    """The rows of a sweep on disk; without a path, nowhere.

    Attributes:
        rows: what was there already, by name.

    Raises:
        SweepError: the ending is another, the place cannot be written, or the file holds something else.
        MissingDependencyError: it is Parquet, and pyarrow is not installed.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.rows: dict[str, Values] = {}
        self._path = None if path is None else Path(os.path.realpath(os.fsdecode(path)))
        if self._path is None:
            return
        suffix = self._path.suffix.lower()
        if suffix not in SUFFIXES:
            raise SweepError(f"output: expected a file that ends in {' or '.join(SUFFIXES)}. Received: {shown(path)}.")
        self._is_parquet = suffix == ".parquet"
        self._journal = Path(f"{self._path}{JOURNAL}") if self._is_parquet else self._path
        if self._is_parquet and self._path.exists():
            self._keep(_parquet_rows(self._path))
        try:
            self._keep(_opened(self._journal))
        except OSError as error:
            raise SweepError(
                f"output: expected a place that can be written. Received: {self._path}: {error.strerror or error}."
            ) from error

    def add(self, row: Values) -> None:
        """Adds a row; when this returns, the system has it."""
        if self._path is None:
            return
        self.rows[row["name"]] = row
        # One write at the end of the file: no line stands within another. Where somebody has taken the file away while
        # the sweep went on, none is begun without a head.
        number = os.open(self._journal, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(number, _line(_cells(row)).encode())
        finally:
            os.close(number)

    def close(self) -> None:
        """Ends a sweep that is complete."""
        if self._path is not None and self._is_parquet:
            deliver_bytes(_parquet(list(self.rows.values())), self._path)
            self._journal.unlink()

    def _keep(self, rows: Iterable[Values]) -> None:
        self.rows |= {row["name"]: row for row in rows}


def _opened(path: Path) -> list[Values]:
    """The rows of a file, which is begun where there is none, and mended where a sweep was killed while it wrote."""
    head = _line(COLUMNS).encode()
    written = path.read_bytes() if path.exists() else b""
    # A line without an end was being written when the sweep was killed, even if it looks whole.
    whole, end, torn = written.rpartition(b"\n")
    lines = (whole + end).splitlines(keepends=True)
    if not (lines[:1] == [head] or (not lines and head.startswith(torn))):
        raise SweepError(
            f"{path}: expected the rows of a sweep, with the columns {', '.join(COLUMNS[:4])}, ... Received: "
            f"{shown(written[:100].decode(errors='replace'))}. Name another file, or take this one away."
        )
    rows = [_read(line, path, number) for number, line in enumerate(lines[1:], start=2)]
    if not lines:
        deliver(head.decode(), path)
    else:
        with path.open("r+b") as file:
            file.truncate(len(whole + end))
    return rows


def _read(line: bytes, path: Path, number: int) -> Values:
    try:
        cells = next(csv.reader([line.decode()], strict=True))
        return {name: _value(name, text) for name, text in zip(COLUMNS, cells, strict=True)}
    except (ValueError, csv.Error, StopIteration) as error:
        raise SweepError(
            f"{path}, line {number}: expected a value for each of {len(COLUMNS)} columns. Received: "
            f"{shown(line.decode(errors='replace'))}: {error}. Take the line away, and its model is built again."
        ) from error


def _value(name: str, text: str) -> Any:
    if name in TEXTS:
        return text.removeprefix("'")
    if not text:
        return None
    if name in COUNTS:
        return int(text)
    return float(text) if name == "seconds" else _extent(float(text))


def _extent(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _cells(row: Mapping[str, Any]) -> list[Any]:
    return [quoted(row[name]) if name in TEXTS else row[name] for name in COLUMNS]


def _line(cells: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _parquet_rows(path: Path) -> list[Values]:
    _, parquet = _arrow()
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise SweepError(f"{path}: expected Parquet. Received: {shown(error)}. Name another file.") from error
    if tuple(table.column_names) != COLUMNS:
        raise SweepError(
            f"{path}: expected the columns of a sweep: {', '.join(COLUMNS[:4])}, ... Received: "
            f"{', '.join(table.column_names[:4])}, ... Name another file, or take this one away."
        )
    return [{name: _of_parquet(name, value) for name, value in row.items()} for row in table.to_pylist()]


def _of_parquet(name: str, value: Any) -> Any:
    if value is None or name in TEXTS or name == "seconds":
        return value
    return int(value) if name in COUNTS else _extent(value)


def _parquet(rows: list[Values]) -> bytes:
    arrow, parquet = _arrow()
    columns = {}
    for name in COLUMNS:
        values = [row[name] for row in rows]
        if name in TEXTS:
            kind = arrow.string()
        elif name in COUNTS:
            # Exact at any size: a decimal where an integer of 64 bits is too small.
            is_small = all(value is None or value < 2**63 for value in values)
            kind = arrow.int64() if is_small else arrow.decimal128(38)
        else:
            kind = arrow.float64()
            values = [None if value is None else float(value) for value in values]
        columns[name] = arrow.array(values, kind)
    stream = io.BytesIO()
    parquet.write_table(arrow.table(columns), stream)
    return stream.getvalue()


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependencyError(
            "output: a .parquet file needs pyarrow. Install it: pip install 'keras-cnnstats[sweep]'; .csv needs none."
        ) from error
    return pyarrow, parquet
