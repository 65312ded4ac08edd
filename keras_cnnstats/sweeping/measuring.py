"""One model of a sweep: built without weights, analysed, and told in a row."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any, NamedTuple

from keras_cnnstats.analysis import analyze
from keras_cnnstats.budgets import smallest_field
from keras_cnnstats.reports import Report
from keras_cnnstats.sweeping.candidates import Candidate, told
from keras_cnnstats.sweeping.columns import MEMORY, WORK, Values, row
from keras_cnnstats.units import Extent
from keras_cnnstats.weightless import abstract


class Settings(NamedTuple):
    """How the models of a sweep are analysed: see `analyze`."""

    input_shape: Any = None
    batch_size: int = 1
    convention: str = "textbook"
    rules: Mapping[Any, Any] | None = None


def measured(candidate: Candidate, settings: Settings) -> Values:
    """Returns a model's row; whatever its builder raises is told there."""
    started = perf_counter()
    try:
        with abstract():
            model = candidate.build(**candidate.arguments)
        report = analyze(model, **settings._asdict())
        found = {**_of_report(report), "error": ""}
    except (Exception, SystemExit) as error:
        found = {"batch_size": settings.batch_size, "convention": settings.convention, "error": told(error)}
    return row(name=candidate.name, seconds=round(perf_counter() - started, 4), **found)


def _of_report(report: Report) -> Values:
    totals, memory, header = report.totals, report.memory, report.header
    explained = sum(item.explained for item in report.disagreements)
    return {
        **{name: getattr(totals, name) for name in (*WORK, "rows")},
        **{name: None if memory is None else getattr(memory, name) for name in MEMORY},
        **_fields(report),
        "explained": explained,
        "unexplained": len(report.disagreements) - explained,
        "input_shape": ", ".join(_shape_text(shape[1:]) for _, shape in header.input_shapes),
        "batch_size": header.batch_size,
        "dtype": header.dtype,
        "convention": header.convention,
    }


def _fields(report: Report) -> Values:
    last = report.last_map
    if last is None:
        return {}
    sizes, strides = map(_number, last.receptive_field), map(_number, last.stride_product)
    per_axis = list(zip(report.axes, sizes, strides, strict=True))
    return {
        "rf": _number(smallest_field(report)),
        **{f"rf_{axis}": size for axis, size, _ in per_axis},
        **{f"stride_{axis}": stride for axis, _, stride in per_axis},
    }


def _number(extent: Extent) -> Any:
    """An extent as files keep it: a fraction of a position is a decimal there."""
    return extent if extent is None or isinstance(extent, int) else float(extent)


def _shape_text(shape: tuple[int | None, ...]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape)
