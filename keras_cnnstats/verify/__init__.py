"""Each number of a report held against a measurement that shares no code with the rules."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras

from keras_cnnstats.capture import capture
from keras_cnnstats.errors import VerificationError
from keras_cnnstats.graph import Graph
from keras_cnnstats.reports import Report, Subject
from keras_cnnstats.rules import find
from keras_cnnstats.strictness import refuse_differing
from keras_cnnstats.verification import QUANTITIES, Check, Verification
from keras_cnnstats.verify.circular import not_by_itself

Place = tuple[str, int]
"""A row: its path, and which call."""


def verified(
    report: Report,
    model: Any = None,
    only: Sequence[str] | None = None,
    strict: bool = False,
    referee: str | None = None,
    rows: Sequence[str | Place] | None = None,
    is_of_this_backend: bool = True,
) -> Report:
    """Returns a report with what measurements say of its numbers. The model is traced, not run, and stays as it was.

    Args:
        report: the report.
        model: the model that it is of; the one that was analysed by default.
        only: what to measure, of `QUANTITIES`; all of it by default.
        strict: whether a measurement that differs is an error.
        referee: the backend that measures, in a process of its own where Keras does not run on it here.
        rows: paths of the rows whose receptive fields are measured, as the report takes them; all by default.
        is_of_this_backend: whether the backend that measures is also the one that the report was made with.

    Raises:
        VerificationError: there is no model, it is another, it cannot be made anew for the referee, `rows` without
            fields, or `strict` and something differs.
        UnknownLayerError: there is no such row.
        MissingDependencyError: the referee is not installed.
    """
    wanted = QUANTITIES if only is None else (only,) if isinstance(only, str) else tuple(only)
    unknown = [name for name in wanted if name not in QUANTITIES]
    if unknown:
        known = ", ".join(f"`{name}`" for name in QUANTITIES)
        raise VerificationError(f"only: expected some of {known}. Received: {unknown[0]!r}.")
    chosen = _chosen(report, wanted, rows)
    subject = report.subject
    model = subject.model if model is None else model
    if model is None:
        raise VerificationError(
            "verify: the model of this report is gone, or it was stored without one. Pass it: report.verify(model)."
        )
    elsewhere = None if referee == keras.backend.backend() else referee
    if elsewhere is None:
        checks = _checks(report, model, subject, wanted, chosen)
    else:
        checks = _checks_elsewhere(report, model, subject, wanted, elsewhere, chosen)
    with _unwarned():
        found = tuple(checks)
    verification = Verification(not_by_itself(report, found) if is_of_this_backend and elsewhere is None else found)
    verified = replace(report, verification=verification)
    if strict:
        refuse_differing(verified)
    return verified


def _chosen(report: Report, wanted: Sequence[str], rows: Sequence[str | Place] | None) -> tuple[Place, ...] | None:
    """The rows whose receptive fields are measured, each by its path and which call; `None` for all."""
    if rows is None:
        return None
    if "fields" not in wanted:
        raise VerificationError(
            f'rows: expected together with `only=["fields"]` or the like: of all else, each row is measured. '
            f"Received: only={list(wanted)!r}."
        )
    found = [report[path] for path in ([rows] if isinstance(rows, str) else rows)]
    return tuple(dict.fromkeys((row.layer, row.call) for row in found))


@contextmanager
def _unwarned() -> Iterator[None]:
    """Keeps what TensorFlow says of being traced again and again, and of its own registry: nobody here can mend it.

    So with what Keras warns of when a layer is called: where warnings are errors, nothing could be measured.
    """
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _checks(
    report: Report, model: Any, subject: Subject, wanted: Sequence[str], chosen: Sequence[Place] | None
) -> Iterator[Check]:
    with _graph(report, model, subject) as graph:
        rows = report.rows[: len(graph.calls)]
        if "work" in wanted:
            from keras_cnnstats.verify.work import check_work

            yield from check_work(model, graph, rows)
        if "params" in wanted:
            from keras_cnnstats.verify.parameters import check_parameters

            yield from check_parameters(model, graph, report)
        if "training" in wanted:
            from keras_cnnstats.verify.training import check_training

            yield from check_training(model, graph, report)
        if "memory" in wanted:
            from keras_cnnstats.verify.memory import check_memory

            yield from check_memory(model, graph, report)
    if "fields" in wanted:
        from keras_cnnstats.verify.gradient import check_fields

        yield from check_fields(model, report, chosen)


def _checks_elsewhere(
    report: Report,
    model: Any,
    subject: Subject,
    wanted: Sequence[str],
    referee: str,
    chosen: Sequence[Place] | None,
) -> Iterator[Check]:
    from keras_cnnstats.verify.elsewhere import checks_from

    with _graph(report, model, subject):
        pass  # it is the model that the report is of
    yield from checks_from(referee, report, model, wanted, chosen)


@contextmanager
def _graph(report: Report, model: Any, subject: Subject) -> Iterator[Graph]:
    """Gives the graph of the model that a report is of."""
    with capture(model, subject.input_shape, report.header.batch_size, subject.is_known or _has_rule) as graph:
        # Behind the calls there may be a row of weights that belong to none.
        rows = report.rows[: len(graph.calls)]
        if [(row.layer, row.type) for row in rows] != [(call.path, call.type) for call in graph.calls]:
            raise VerificationError(
                f"verify: expected the model that the report is of, `{report.header.model}`, with the same layers. "
                f"Received: `{graph.name}`. Analyse it again."
            )
        yield graph


def _has_rule(target: Any) -> bool:
    return find(target, None).is_certain
