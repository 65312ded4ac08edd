"""The file of a sweep: a line for each model, there as soon as the model is done, and read when the sweep goes on.

A Parquet file cannot be added to. While a sweep goes on its rows are in a CSV file beside it, `space.parquet.csv`; at
the end both become one Parquet file, which is there whole or not at all.
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_cnnstats.render.files import deliver, deliver_bytes
from keras_cnnstats.render.spreadsheet import quoted
from keras_cnnstats.sweeping import parquet
from keras_cnnstats.sweeping.candidates import SweepError, shown
from keras_cnnstats.sweeping.columns import COLUMNS, COUNTS, TEXTS, Values, extent

SUFFIXES = (".csv", ".parquet")
JOURNAL = ".csv"
"""What the name of a Parquet file is followed by while a sweep goes on."""


class RowFile:
    """The rows of a sweep on disk; without a path, nowhere.

    Args:
        path: a `.csv` or `.parquet` file.
        wanted: of which rows there more than their names is kept.

    Attributes:
        rows: what was there already, by name; `None` where it is not wanted.
        kinds: the batch sizes and conventions of what was there, each with the name of a row that has them.

    Raises:
        SweepError: the ending is another, the place cannot be written, or the file holds something else.
        MissingDependencyError: it is Parquet, and pyarrow is not installed.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, wanted: Callable[[Values], bool] = lambda _: True
    ) -> None:
        self.rows: dict[str, Values | None] = {}
        self.kinds: dict[tuple[Any, Any], str] = {}
        self._path = None if path is None else Path(os.path.realpath(os.fsdecode(path)))
        if self._path is None:
            return
        suffix = self._path.suffix.lower()
        if suffix not in SUFFIXES:
            raise SweepError(f"output: expected a file that ends in {' or '.join(SUFFIXES)}. Received: {shown(path)}.")
        self._is_parquet = suffix == ".parquet"
        self._journal = Path(f"{self._path}{JOURNAL}") if self._is_parquet else self._path
        try:
            for row in self._stored():
                self.kinds.setdefault((row["batch_size"], row["convention"]), row["name"])
                self.rows[row["name"]] = row if wanted(row) else None
            _begin(self._journal)
        except OSError as error:
            raise SweepError(
                f"output: expected a place that can be written. Received: {self._path}: {error.strerror or error}."
            ) from error

    def add(self, row: Values) -> None:
        """Adds a row; when this returns, the system has it."""
        if self._path is None:
            return
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
            deliver_bytes(parquet.written(lambda: _once(self._stored())), self._path)
            self._journal.unlink()

    def _stored(self) -> Iterator[Values]:
        """Yields the rows that are on disk, one by one."""
        assert self._path is not None
        if self._is_parquet:
            yield from parquet.rows(self._path)
        yield from _lines(self._journal)


def _once(rows: Iterable[Values]) -> Iterator[Values]:
    """One row for each model: where a sweep was killed at its end, both files have it."""
    seen = set()
    for row in rows:
        if row["name"] not in seen:
            seen.add(row["name"])
            yield row


def _lines(path: Path) -> Iterator[Values]:
    """Yields the rows of a file, up to where a sweep was killed while it wrote."""
    head = _line(COLUMNS).encode()
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and line != head and not head.startswith(line):
                raise SweepError(
                    f"{path}: expected the rows of a sweep, with the columns {', '.join(COLUMNS[:4])}, ... Received: "
                    f"{shown(line[:100].decode(errors='replace'))}. Name another file, or take this one away."
                )
            if number > 1 and line.endswith(b"\n"):
                yield _read(line, path, number)


def _begin(path: Path) -> None:
    """Begins a file where there is none, and mends it where a sweep was killed while it wrote."""
    size, end = path.stat().st_size if path.exists() else 0, 0
    if size:
        with path.open("r+b") as file:
            # A line without an end was being written when the sweep was killed, even if it looks whole.
            while line := file.readline():
                end += len(line) if line.endswith(b"\n") else 0
            file.truncate(end)
    if not end:
        deliver(_line(COLUMNS), path)


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
    return float(text) if name == "seconds" else extent(float(text))


def _cells(row: Mapping[str, Any]) -> list[Any]:
    return [quoted(row[name]) if name in TEXTS else row[name] for name in COLUMNS]


def _line(cells: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()
