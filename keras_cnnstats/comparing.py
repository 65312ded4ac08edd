"""`compare`: models and reports, living or stored, become a comparison."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_cnnstats import units
from keras_cnnstats.comparison import Comparison
from keras_cnnstats.errors import CNNStatsError, FormatError, ModelError
from keras_cnnstats.render.decode import shown
from keras_cnnstats.reports import Report

EXPECTED = "a Keras model, a report, or the path of a report as JSON (`report.to_json(path)`, ending in .json)"


def compare(
    *models: Any,
    names: Sequence[str] | None = None,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str | None = None,
) -> Comparison:
    """Returns models side by side: their totals, and what changed, layer by layer, from the first to each other.

    Args:
        models: two or more, each a Keras model, a `Report`, or the path of a report that was stored as JSON.
        names: what they are called; by default the models' names, or the files'.
        input_shape: see `analyze`: for the models among them.
        batch_size: see `analyze`: for the models among them.
        convention: how FLOPs are counted in all of them; by default as in the first.

    Returns:
        The comparison.

    Raises:
        ModelError: one of them is something else, there are fewer than two, or a model cannot be analysed.
        FormatError: a file holds no report.
        ConventionError: `convention` is not one of the five.
        CNNStatsError: `names` do not fit.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> def network(filters):
    ...     return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(filters, 3)])
    >>> comparison = cnnstats.compare(network(8), network(16), names=["narrow", "wide"])
    >>> comparison.totals["macs"].ratios
    (1.0, 2.0)
    >>> [(change.status, change.row.type, change.difference("params")) for change in comparison.changes]
    [('changed', 'Conv2D', 224)]
    """
    if len(models) < 2:
        raise ModelError(f"compare: expected two or more, each {EXPECTED}. Received: {len(models)}.")
    if convention is not None:
        units.check_convention(convention)
    given = _given_names(names, len(models))
    # All files are read before the first model is analysed: what is wrong is said at once.
    stored = [_stored(model, f"compare: argument {number}") for number, model in enumerate(models, start=1)]
    if None not in stored and (input_shape is not None or batch_size != 1):
        raise ModelError("compare: input_shape and batch_size are for models. Received: reports alone.")
    reports: list[Report] = []
    for number, (model, found) in enumerate(zip(models, stored, strict=True), start=1):
        common = convention or (reports[0].header.convention if reports else None)
        usual = common or "textbook"
        report = _analyzed(model, number, input_shape, batch_size, usual) if found is None else found
        reports.append(report.with_convention(common) if common else report)
    return Comparison(given or _own_names(models, reports), tuple(reports))


def _given_names(names: Sequence[str] | None, count: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not is_list or len(names) != count or len(set(names)) != count:
        raise CNNStatsError(f"compare: names: expected {count} different names. Received: {shown(names)}.")
    return tuple(names)


def _stored(model: Any, where: str) -> Report | None:
    """The report that was given, or that a file holds; nothing where there is a model to analyse."""
    if isinstance(model, Report):
        return model
    if not isinstance(model, str | os.PathLike):
        return None
    path = Path(model)
    if path.suffix.lower() != ".json":
        raise ModelError(f"{where}: expected {EXPECTED}. Received: {shown(model)}.")
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{where}: {shown(str(path))} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise FormatError(f"{where}: {shown(str(path))} holds no report: {error}") from None


def _analyzed(model: Any, number: int, input_shape: Any, batch_size: int, convention: str) -> Report:
    # Here, as stored reports compare without Keras.
    from keras_cnnstats.analysis import analyze

    try:
        return analyze(model, input_shape=input_shape, batch_size=batch_size, convention=convention)
    except CNNStatsError as error:
        raise type(error)(f"compare: argument {number}: {error}") from error


def _own_names(models: Sequence[Any], reports: Sequence[Report]) -> tuple[str, ...]:
    """The models' names, or those of files without their ending; with a number where there are several of one."""
    names: list[str] = []
    for model, report in zip(models, reports, strict=True):
        name = Path(model).stem if isinstance(model, str | os.PathLike) else report.header.model
        numbered = (f"{name} ({number})" for number in range(2, len(models) + 1))
        names.append(name if name not in names else next(each for each in numbered if each not in names))
    return tuple(names)
