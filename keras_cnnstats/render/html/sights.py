"""What each position of each row sees, as the page draws it on a picture: fields once each, and the rows' shares."""

from fractions import Fraction
from math import inf
from typing import Any

from keras_cnnstats import units
from keras_cnnstats.field import Field, Position, Unsized
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report

NAMES = {"t": "position", "h": "row", "w": "column", "d": "slice"}
"""What a position is called on each axis."""


def sights(report: Report) -> dict[str, Any]:
    """Returns the axes, the different fields, and which of them each row has."""
    numbers: dict[Field, int] = {}
    rows = [_row(row, numbers) for row in report.rows]
    sizes = report.rows[0].input_sizes if report.rows else ()
    return {
        "axes": [
            {"letter": letter, "name": NAMES.get(letter, letter), "size": size}
            for letter, size in zip(report.axes, sizes, strict=False)
        ],
        "fields": [_field(field) for field in numbers],
        "rows": rows,
    }


def _row(row: Row, numbers: dict[Field, int]) -> dict[str, Any]:
    return {
        "fields": [numbers.setdefault(field, len(numbers)) for field in row.fields],
        "local": [numbers.setdefault(field, len(numbers)) for field in row.local_fields],
        "positions": row.positions,
        "clipped": [units.extent_text(value) for value in row.clipped_receptive_field],
        "aligned": row.aligned,
    }


def _field(field: Field) -> dict[str, Any]:
    ends = [] if not field.phases else [None if phase is None else list(map(_number, phase)) for phase in field.phases]
    return {
        "size": "all" if field.size == inf else _number(field.size),
        "lo": _number(field.lo),
        "jump": _number(field.jump),
        "phases": None if any(phase is not None and None in phase for phase in ends) else ends,
        "texts": [units.extent_text(each) for each in (field.size, field.jump, field.effective_padding, field.center)],
    }


def _number(value: Position | float | None) -> int | float | None:
    """A number for JSON; `None` where it is unknown, or depends on a size that is."""
    if value is None or isinstance(value, Unsized):
        return None
    return float(value) if isinstance(value, Fraction) else value
