"""Work and shapes, call by call and for the whole model, held against the counter of a backend."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats import units
from keras_cnnstats.capture import Constant
from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.records import Row
from keras_cnnstats.verification import CONFIRMED, DIFFERS, NOT_COMPARABLE, Check, Term, check_of_work
from keras_cnnstats.verify.calls import Runnable, runnable
from keras_cnnstats.verify.figures import Figures
from keras_cnnstats.verify.ways import another_algorithm, padded_before, ways_of
from keras_cnnstats.verify.whole import OPEN, whole

_CONSTANT = "it is made of weights and sizes alone"


def check_work(model: Any, graph: Graph, rows: Sequence[Row]) -> Iterator[Check]:
    """Yields each row's work and shapes, then the model's work, beside what the running backend says.

    Args:
        model: the model.
        graph: its graph.
        rows: the rows of its report, as many as the graph has calls.
    """
    referee = the_referee()
    calls = [_runnable(call, graph.batch_size) for call in graph.calls]
    found = iter(referee.count_each([call for call in calls if isinstance(call, Runnable)]))
    figures = [next(found) if isinstance(call, Runnable) else call for call in calls]
    in_rows: list[Check] = []
    others = [another_algorithm(call, keras.backend.backend()) for call in graph.calls]
    for call, row, each, algorithm in zip(graph.calls, rows, figures, others, strict=True):
        other = algorithm if isinstance(each, Figures) else ""
        in_rows += _work((row.layer, row.call), [row], other or each, *_terms([call], graph.batch_size), referee)
        in_rows.append(_shapes(row, each, referee))
    yield from in_rows
    called = whole(model, graph)
    counted = called if isinstance(called, str) else referee.count_whole(called)
    reason = next(filter(None, others), "")
    for check in _work(("", 0), rows, reason or counted, *_terms(graph.calls, graph.batch_size), referee):
        yield _with_terms_of_rows(check, in_rows) if check.verdict == DIFFERS else check


def _with_terms_of_rows(whole_model: Check, in_rows: Sequence[Check]) -> Check:
    """The check of the whole with the terms that its rows have, where these are what makes the gap.

    What a row makes of constants, or what no later row reads, is work of the row, and in the whole no work at all.
    """
    terms = [term for check in in_rows if check.quantity == whole_model.quantity for term in check.terms]
    place = (whole_model.layer, whole_model.call)
    found = check_of_work(
        place, whole_model.quantity, whole_model.counted, whole_model.measured, whole_model.referee, terms
    )
    return whole_model if found.verdict == DIFFERS else found


def the_referee() -> Any:
    """Returns the module that counts on the running backend."""
    return import_module(f"keras_cnnstats.verify.{keras.backend.backend()}")


def _runnable(call: Call, batch_size: int) -> Runnable | str:
    """The call, so that it can be run; or why not."""
    if isinstance(call.layer, Constant):
        return _CONSTANT
    found = runnable(call, batch_size)
    return found if found.is_sized else OPEN


def _terms(calls: Sequence[Call], batch_size: int) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What the calls do in another way than they are counted: in contractions, and in everything else."""
    backend = keras.backend.backend()
    try:
        return (
            tuple(term for call in calls for term in padded_before(call, batch_size, backend)),
            tuple(term for call in calls for term in ways_of(call, batch_size, backend)),
        )
    except TypeError:  # a size is unknown
        return (), ()


def _work(
    place: tuple[str, int],
    rows: Sequence[Row],
    figures: Figures | str,
    contractions: tuple[Term, ...],
    rest: tuple[Term, ...],
    referee: Any,
) -> Iterator[Check]:
    convention = referee.CONVENTION
    if isinstance(figures, str) or any(row.work is None for row in rows):
        reason = figures if isinstance(figures, str) else "its cost is unknown"
        for quantity in ("macs", "flops"):
            yield Check(*place, quantity, NOT_COMPARABLE, None, None, referee.NAME, reason=reason)
        return
    works = [work for row in rows for _, work in row.work or ()]
    products = sum(work.inside if convention == "xla" else work.macs for work in works)
    terms = (*figures.terms, *contractions)
    yield check_of_work(
        place,
        "macs",
        products,
        half(figures.contractions),
        referee.NAME,
        [term._replace(amount=half(term.amount)) for term in terms],
        figures.resolution,
    )
    counted = sum(units.flops(work, convention) for work in works)
    if figures.rest is None:
        reason = "it counts contractions alone"
        yield Check(*place, "flops", NOT_COMPARABLE, counted, None, referee.NAME, reason=reason)
        return
    terms = (*terms, *figures.rest_terms, *rest)
    measured = figures.contractions + figures.rest
    yield check_of_work(place, "flops", counted, measured, referee.NAME, terms, figures.resolution)


def half(flops: int | Fraction) -> Any:
    """Returns the pairs of a product and an addition that make so many FLOPs; a referee may be wrong by a half."""
    halved = Fraction(flops) / 2
    return int(halved) if halved.denominator == 1 else halved


def _shapes(row: Row, figures: Figures | str, referee: Any) -> Check:
    said = tuple(shape[1:] for shape in row.output_shapes)
    if isinstance(figures, str):
        return Check(
            row.layer, row.call, "output_shape", NOT_COMPARABLE, row.output_shapes, None, referee.NAME, reason=figures
        )
    made = tuple(shape[1:] for shape in figures.shapes)
    fits = len(said) == len(made) and all(
        len(a) == len(b) and all(x in (None, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(said, made, strict=True)
    )
    reason = "" if fits else "the layer makes another shape than it says"
    verdict = CONFIRMED if fits else DIFFERS
    return Check(row.layer, row.call, "output_shape", verdict, said, made, referee.NAME, reason=reason)
