"""The work of a step of training, held against the trace of one: forwards, and the gradients that the weights need."""

from collections.abc import Iterator
from typing import Any

from keras_cnnstats.graph import Graph
from keras_cnnstats.reports import Report
from keras_cnnstats.verification import NOT_COMPARABLE, Check, check_of_work
from keras_cnnstats.verify.figures import Figures
from keras_cnnstats.verify.whole import whole
from keras_cnnstats.verify.work import half, the_referee


def check_training(model: Any, graph: Graph, report: Report) -> Iterator[Check]:
    """Yields the contractions of a step of training beside what the running backend says of its trace.

    Args:
        model: the model.
        graph: its graph.
        report: its report.
    """
    referee = the_referee()
    figures = "its training is unknown" if report.totals.unknown_train_rows else _figures(model, graph, referee)
    if isinstance(figures, str):
        yield Check("", 0, "train_macs", NOT_COMPARABLE, None, None, referee.NAME, reason=figures)
        return
    works = [row.training.total for row in report.rows if row.training is not None]
    yield check_of_work(
        ("", 0),
        "train_macs",
        sum(work.inside if referee.CONVENTION == "xla" else work.macs for work in works),
        half(figures.contractions),
        referee.NAME,
        [term._replace(amount=half(term.amount)) for term in figures.terms],
        figures.resolution,
    )


def _figures(model: Any, graph: Graph, referee: Any) -> Figures | str:
    step = whole(model, graph, training=True)
    if isinstance(step, str):
        return step
    trained = {id(variable) for variable in getattr(model, "trainable_variables", ())}
    learned = [place for place, variable in enumerate(model.variables) if id(variable) in trained]
    figures: Figures | str = referee.count_training(step, learned) if learned else "nothing of it is trained"
    return figures
