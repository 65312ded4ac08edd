"""The work of a step of training, held against the trace of one: forwards, and the gradients that the weights need."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras

from keras_cnnstats.graph import Graph
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Work
from keras_cnnstats.verification import DIFFERS, NOT_COMPARABLE, Check, Term, check_of_work
from keras_cnnstats.verify.figures import Figures
from keras_cnnstats.verify.reasons import UNKNOWN_TRAINING, UNTRAINED
from keras_cnnstats.verify.uses import REASON as UNREAD
from keras_cnnstats.verify.uses import uses
from keras_cnnstats.verify.ways import padded_before
from keras_cnnstats.verify.whole import makes_numbers, whole
from keras_cnnstats.verify.work import PLACES, figures_of_each, first_steps, half, products, the_referee


def check_training(model: Any, graph: Graph, report: Report) -> Iterator[Check]:
    """Yields the contractions of a step of training beside what the running backend says of its trace.

    Args:
        model: the model.
        graph: its graph.
        report: its report.
    """
    referee = the_referee()
    figures = UNKNOWN_TRAINING if report.totals.unknown_train_rows else _figures(model, graph, referee)
    if isinstance(figures, str):
        yield Check("", 0, "train_macs", NOT_COMPARABLE, None, None, referee.NAME, reason=figures)
        return
    padded = list(_padded(graph, report.rows))
    check = _check(report, figures, referee, padded)
    if check.verdict == DIFFERS:
        check = _check(report, figures, referee, [*padded, *_terms(graph, report.rows, referee)])
    yield check


def _terms(graph: Graph, rows: Sequence[Row], referee: Any) -> Iterator[Term]:
    """What becomes of rows in the trace of the whole that nothing reads, or that depend on no input and no weight."""
    each = figures_of_each(graph)
    found = uses(graph, each)
    yield from first_steps(one for one, use in zip(each, found, strict=True) if not use.is_unread)
    left = [row for row, use in zip(rows, found, strict=False) if use.is_unread]
    kept = [row for row, use in zip(rows, found, strict=False) if use.is_constant and not use.is_unread]
    for name, chosen, reason in (("unread", left, UNREAD), ("places", kept, PLACES)):
        yield Term(name, -2 * products(_works(chosen), referee), reason)


def _padded(graph: Graph, rows: Sequence[Row]) -> Iterator[Term]:
    """The products with padding that XLA takes for a map: of the step forwards, and of each gradient."""
    for call, row in zip(graph.calls, rows, strict=False):
        parts = [] if row.training is None else [row.training.forward, row.training.inputs, row.training.weights]
        often = sum(bool(part.macs) for part in parts)
        for term in padded_before(call, graph.batch_size, keras.backend.backend()):
            yield term._replace(amount=often * term.amount)


def _check(report: Report, figures: Figures, referee: Any, terms: Sequence[Term]) -> Check:
    return check_of_work(
        ("", 0),
        "train_macs",
        products(_works(report.rows), referee),
        half(figures.contractions),
        referee.NAME,
        [term._replace(amount=half(term.amount)) for term in (*figures.terms, *terms)],
        figures.resolution,
    )


def _works(rows: Iterable[Row]) -> list[Work]:
    return [row.training.total for row in rows if row.training is not None]


def _figures(model: Any, graph: Graph, referee: Any) -> Figures | str:
    if not makes_numbers(graph):
        return UNTRAINED
    step = whole(model, graph, training=True)
    if isinstance(step, str):
        return step
    trained = {id(variable) for variable in getattr(model, "trainable_variables", ())}
    learned = [place for place, variable in enumerate(model.variables) if id(variable) in trained]
    figures: Figures | str = referee.count_training(step, learned) if learned else UNTRAINED
    return figures
