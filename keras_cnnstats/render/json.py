"""The report as JSON, and back.

Every record is stored whole, under the names of its attributes. Integers are exact at any size; the fraction one half
is `"1/2"`, the whole input `"all"`, unknown `null`. `totals` and the counts of a row's work are there for other
readers: reading computes them anew. Of a padding that depends on an input size that nobody gave, the JSON keeps its
bounds and a number, the same wherever that padding occurs: what depends on it stays unknown, and stays comparable.
"""

import json
import operator
import os
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from math import inf
from typing import Any, NoReturn

from keras_cnnstats import units
from keras_cnnstats.errors import FormatError
from keras_cnnstats.field import Field, Slack, Unsized
from keras_cnnstats.placement import Share
from keras_cnnstats.precision import Sparsity
from keras_cnnstats.records import Disagreement, Header, Memory, Row
from keras_cnnstats.render import SCHEMA_VERSION, decode
from keras_cnnstats.render.files import deliver
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Training, Work
from keras_cnnstats.verification import VERDICTS, Check, Term, Verification

FORMAT = "keras_cnnstats.report"

COMPUTED = ("macs", "flops", "transcendentals", "train_macs", "train_flops", "param_bytes")
"""What a row computes of its terms, written for other readers."""


def to_json(report: Report, path: str | os.PathLike[str] | None = None) -> str:
    """Returns the whole report as JSON, one record a line, or writes it to `path`."""
    numbers: dict[object, int] = {}
    rows = [_encoded(row, numbers) | {name: getattr(row, name) for name in COMPUTED} for row in report.rows]
    parts = {
        "format": _dumped(FORMAT),
        "schema_version": _dumped(SCHEMA_VERSION),
        "header": _dumped(_encoded(report.header, numbers)),
        "totals": _dumped(_encoded(report.totals, numbers)),
        "memory": _dumped(_encoded(report.memory, numbers)),
        "rows": _lines(rows),
        "disagreements": _lines([_encoded(item, numbers) for item in report.disagreements]),
    }
    if report.verification is not None:
        parts["verification"] = _lines([_encoded(check, numbers) for check in report.verification.checks])
    body = ",\n".join(f'  "{name}": {value}' for name, value in parts.items())
    return deliver(f"{{\n{body}\n}}\n", path)


def _dumped(value: Any) -> str:
    # In ASCII, which keeps even the half characters that UTF-8 has no bytes for.
    return json.dumps(value, allow_nan=False)


def _lines(records: list[Any]) -> str:
    return "[\n    " + ",\n    ".join(map(_dumped, records)) + "\n  ]" if records else "[]"


def _encoded(value: Any, numbers: dict[object, int]) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, float):
        return "all" if value == inf else value
    if isinstance(value, Slack):
        return {"padding": numbers.setdefault(value.key, len(numbers)), "low": value.low, "high": value.high}
    if names := _attributes(value):
        return {name: _encoded(getattr(value, name), numbers) for name in names}
    if isinstance(value, tuple):
        return [_encoded(item, numbers) for item in value]
    return operator.index(value)


def _attributes(value: object) -> Sequence[str]:
    """The names of a record's attributes, be it a dataclass or a named tuple; none for anything else."""
    return [field.name for field in fields(value)] if is_dataclass(value) else getattr(value, "_fields", ())


def from_json(text: str) -> Report:
    """Returns the report that `to_json` wrote.

    Raises:
        FormatError: `text` is no JSON, no report, or of an unknown schema version; the message names the place.
    """
    document = _loaded(text)
    version = document.get("schema_version")
    if document.get("format") != FORMAT or not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FormatError(
            f"from_json: expected what `report.to_json()` writes, with `format` {FORMAT!r} and a `schema_version`. "
            f"Received: an object with {_listed(document)}."
        )
    if version > SCHEMA_VERSION:
        raise FormatError(
            f"from_json: expected schema_version {SCHEMA_VERSION}, the newest that this keras_cnnstats reads. Update "
            f"keras_cnnstats to read the report. Received: {version}."
        )
    parts = {name: decode.member(document, name, name) for name in ("header", "rows", "disagreements", "memory")}
    checks = decode.optional(decode.many(_CHECK))(document.get("verification"), "verification")
    return Report(
        _HEADER(parts["header"], "header"),
        _rows(parts["rows"]),
        decode.many(_DISAGREEMENT)(parts["disagreements"], "disagreements"),
        decode.optional(_MEMORY)(parts["memory"], "memory"),
        None if checks is None else Verification(checks),
    )


def _loaded(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise FormatError(
            f"from_json: expected the text that `report.to_json()` returns. Received: {decode.shown(text)}."
        )
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise FormatError("from_json: expected a report. Received: JSON nested too deeply.") from None
    except ValueError as error:
        raise FormatError(
            f"from_json: expected JSON: {error}. To read a file, pass its text: Path(...).read_text(). "
            f"Received: {decode.shown(text)}."
        ) from None
    if not isinstance(document, dict):
        raise FormatError(f"from_json: expected a JSON object. Received: {decode.shown(document)}.")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _listed(document: dict[str, Any]) -> str:
    names = [f"`{name}`" for name in document][:6]
    return ", ".join(names) + (", ..." if len(document) > len(names) else "") if names else "nothing in it"


def _convention(value: Any, place: str) -> str:
    if decode.text(value, place) not in units.CONVENTIONS:
        raise decode.wrong(place, f"one of {', '.join(units.CONVENTIONS)}", value)
    return str(value)


_SHAPE = decode.many(decode.optional(decode.integer))
_SLACK = decode.record(
    lambda padding, low, high: Slack(padding, low, high),
    padding=decode.integer,
    low=decode.integer,
    high=decode.integer,
)
_UNSIZED = decode.record(Unsized, base=decode.rational, slacks=decode.many(decode.pair(_SLACK, decode.rational)))


def _position(value: Any, place: str) -> int | Fraction | Unsized:
    return _UNSIZED(value, place) if isinstance(value, dict) else decode.rational(value, place)


_FIELD = decode.record(
    Field,
    size=decode.extent,
    lo=decode.optional(_position),
    jump=decode.optional(decode.rational),
    phases=decode.many(decode.optional(decode.pair(_position, _position))),
)
_HEADER = decode.record(
    Header,
    model=decode.text,
    input_shapes=decode.many(decode.pair(decode.text, _SHAPE)),
    batch_size=decode.integer,
    dtype=decode.text,
    convention=_convention,
    origin=decode.text,
    mesh=decode.many(decode.pair(decode.text, decode.natural)),
    batch_axis=decode.text,
)
_WORK = decode.record(Work, **dict.fromkeys(Work._fields, decode.integer))
_TRAINING = decode.record(Training, **dict.fromkeys(Training._fields, _WORK))
_SPARSITY = decode.record(Sparsity, **dict.fromkeys(Sparsity._fields, decode.optional(decode.natural)))
_SHARE = decode.record(Share, params=decode.natural, param_bytes=decode.natural, work=decode.optional(_WORK))
_ROW = decode.record(
    Row,
    layer=decode.text,
    type=decode.text,
    call=decode.natural,
    output_shapes=decode.many(_SHAPE),
    params=decode.natural,
    trainable_params=decode.natural,
    work=decode.optional(decode.many(decode.pair(decode.text, _WORK))),
    convention=_convention,
    axes=decode.many(decode.text),
    fields=decode.many(_FIELD),
    local_fields=decode.many(_FIELD),
    input_sizes=decode.many(decode.optional(decode.natural)),
    positions=decode.many(decode.optional(decode.natural)),
    aligned=decode.optional(decode.flag),
    source=decode.text,
    note=decode.text,
    disagreements=decode.many(decode.text),
    stored=decode.many(decode.pair(decode.text, decode.natural)),
    activation_bytes=decode.optional(decode.natural),
    training=decode.optional(_TRAINING),
    moved_bytes=decode.optional(decode.natural),
    quantizer_params=decode.natural,
    operands=decode.many(decode.pair(decode.text, decode.natural)),
    sparsity=decode.optional(_SPARSITY),
    inputs=decode.many(decode.natural),
    share=decode.optional(_SHARE),
)
_MEMORY = decode.record(
    Memory,
    peak_activation_bytes=decode.optional(decode.natural),
    peak_layer=decode.text,
    activation_bytes=decode.optional(decode.natural),
    param_bytes=decode.natural,
    gradient_bytes=decode.natural,
    optimizer=decode.text,
    optimizer_bytes=decode.optional(decode.natural),
)
_DISAGREEMENT = decode.record(
    Disagreement,
    layer=decode.text,
    call=decode.natural,
    quantity=decode.text,
    code=decode.text,
    formula=decode.text,
    expected=decode.extent,
    actual=decode.extent,
    explained=decode.flag,
    reason=decode.text,
)


def _verdict(value: Any, place: str) -> str:
    if decode.text(value, place) not in VERDICTS:
        raise decode.wrong(place, f"one of {', '.join(VERDICTS)}", value)
    return str(value)


def _measured(value: Any, place: str) -> Any:
    """A count, a number of positions, or a list of them, such as a shape."""
    return decode.many(_measured)(value, place) if isinstance(value, list) else decode.extent(value, place)


_TERM = decode.record(Term, name=decode.text, amount=decode.rational, reason=decode.text)
_CHECK = decode.record(
    Check,
    layer=decode.text,
    call=decode.natural,
    quantity=decode.text,
    verdict=_verdict,
    counted=_measured,
    measured=_measured,
    referee=decode.text,
    terms=decode.many(_TERM),
    reason=decode.text,
)


def _row(value: Any, place: str) -> Row:
    row = _ROW(value, place)
    for name in ("fields", "local_fields", "input_sizes", "positions"):
        values = getattr(row, name)
        if len(values) != len(row.axes):
            raise decode.wrong(f"{place}.{name}", f"one entry for each of {len(row.axes)} axes", value[name])
    return row


def _rows(value: Any) -> tuple[Row, ...]:
    rows = decode.many(_row)(value, "rows")
    for place, row in enumerate(rows):
        if any(number >= place for number in row.inputs):
            raise decode.wrong(f"rows[{place}].inputs", "numbers of rows before it", list(row.inputs))
    return rows
