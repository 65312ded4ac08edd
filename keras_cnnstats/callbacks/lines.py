"""How epochs stand in a file, a line each: as CSV and as JSON.

CSV leaves empty what is missing and says `nan` and `inf`. JSON lines say `null` for what is missing, and write what is
no number as the texts `"NaN"`, `"Infinity"` and `"-Infinity"`, as Protocol Buffers do: strict parsers read it, and that
a loss became infinite stays known.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any, NamedTuple

from keras_cnnstats.callbacks.names import EPOCH, STAGE
from keras_cnnstats.render.spreadsheet import quoted

Epoch = dict[str, Any]
"""The values of an epoch by name: numbers, or `None` for what is missing."""


class Format(NamedTuple):
    """How rows stand in a file.

    Attributes:
        head: the line above the rows, for the columns.
        lines: the lines of some rows.
        rows: the rows of a text of whole lines, without a last one that is torn; `ValueError` if another is not one.
        has_head: whether a new column changes what stands above the rows.
    """

    head: Callable[[Sequence[str]], str]
    lines: Callable[[Iterable[Epoch], Sequence[str]], str]
    rows: Callable[[str], list[Epoch]]
    has_head: bool


def _csv_lines(records: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(records)
    return stream.getvalue()


def _csv_rows(text: str) -> list[Epoch]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[list[str]] = []
    try:
        records.extend(reader)
    except csv.Error as error:
        # A quotation mark that nothing closes: of the last line, or of a head that was being written.
        if "unexpected end" not in str(error):
            raise ValueError(f"line {reader.line_num}: {error}") from error
    if not records:
        return []
    names, *lines = records
    columns = [name.removeprefix("'") for name in names]
    if not {STAGE, EPOCH} <= set(columns):
        raise ValueError(f"the columns {', '.join(columns[:8])}")
    return _without_torn(lines, lambda line: _csv_row(columns, line), first=2)


def _csv_row(columns: list[str], line: list[str]) -> Epoch:
    if len(line) != len(columns):
        raise ValueError(f"{len(line)} of {len(columns)} values")
    return _checked({name: _parsed(text) for name, text in zip(columns, line, strict=True)})


def _parsed(text: str) -> int | float | str | None:
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


_NO_NUMBERS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def _json_line(row: Epoch, columns: Sequence[str]) -> str:
    texts = {number: text for text, number in _NO_NUMBERS.items()}
    kept = {name: row[name] for name in columns if name in row}
    strict = {
        name: texts[str(value)] if isinstance(value, float) and not isfinite(value) else value
        for name, value in kept.items()
    }
    return json.dumps(strict, allow_nan=False) + "\n"


def _json_rows(text: str) -> list[Epoch]:
    return _without_torn(text.split("\n")[:-1], _json_row, first=1)


def _json_row(line: str) -> Epoch:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"a {type(row).__name__}, no object")
    return _checked({
        name: float(_NO_NUMBERS[value]) if isinstance(value, str) and value in _NO_NUMBERS else value
        for name, value in row.items()
    })  # fmt: skip


def _without_torn(lines: Sequence[Any], row_of: Callable[[Any], Epoch], first: int) -> list[Epoch]:
    rows = []
    for number, line in enumerate(lines):
        try:
            rows.append(row_of(line))
        except ValueError as error:
            if number + 1 < len(lines):
                raise ValueError(f"line {number + first}: {error}") from error
            if not rows:
                raise ValueError(f"line {number + first}, the only one: {error}") from error
    return rows


def _checked(row: Epoch) -> Epoch:
    if not isinstance(row.get(STAGE), int) or not isinstance(row.get(EPOCH), int):
        raise ValueError(f"no whole numbers as `{STAGE}` and `{EPOCH}`")
    return row


CSV = Format(
    head=lambda columns: _csv_lines([map(quoted, columns)]),
    lines=lambda rows, columns: _csv_lines([map(row.get, columns) for row in rows]),
    rows=_csv_rows,
    has_head=True,
)
JSON_LINES = Format(
    head=lambda _: "",
    lines=lambda rows, columns: "".join(_json_line(row, columns) for row in rows),
    rows=_json_rows,
    has_head=False,
)
FORMATS = {".csv": CSV, ".jsonl": JSON_LINES}
