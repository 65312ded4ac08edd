"""Work and shapes, call by call and for the whole model, held against the counter of a backend."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats import units
from keras_cnnstats.capture import Constant
from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.records import Row
from keras_cnnstats.units import Work
from keras_cnnstats.verification import CONFIRMED, DIFFERS, NOT_COMPARABLE, Check, Term, check_of_work, merged
from keras_cnnstats.verify.calls import Runnable, runnable
from keras_cnnstats.verify.figures import FIRST_STEP, Figures
from keras_cnnstats.verify.reasons import CONSTANT, CONTRACTIONS_ALONE, OPEN, UNKNOWN
from keras_cnnstats.verify.uses import REASON as UNREAD
from keras_cnnstats.verify.uses import uses
from keras_cnnstats.verify.ways import another_algorithm, padded_before, products_of_images, ways_of
from keras_cnnstats.verify.whole import whole

PLACES = "of what is taken for places and constants, some is work of rows"
_AS_IT_RUNS = "what is measured is counted as it runs"
_COUNTED = frozenset({"conversions", "logic", "places"})
_BY_ITSELF = "of rows whose cost is unknown, this is what the referee counts for each by itself"


def check_work(model: Any, graph: Graph, rows: Sequence[Row]) -> Iterator[Check]:
    """Yields each row's work and shapes, then the model's work, beside what the running backend says.

    Args:
        model: the model.
        graph: its graph.
        rows: the rows of its report, as many as the graph has calls.
    """
    referee = the_referee()
    figures = figures_of_each(graph)
    others = [another_algorithm(call, keras.backend.backend()) for call in graph.calls]
    for call, row, each, other in zip(graph.calls, rows, figures, others, strict=True):
        contractions, rest = _terms([(call, each)], graph.batch_size)
        said = UNKNOWN if row.work is None and isinstance(each, Figures) else each
        yield from _work((row.layer, row.call), [row], said, contractions, rest, referee, other)
        yield _shapes(row, each, referee)
    called = whole(model, graph)
    counted = called if isinstance(called, str) else referee.count_whole(called)
    contractions, rest = _terms_of_whole(graph, rows, figures, called, counted)
    unmeasured = any(row.work is None and isinstance(each, str) for row, each in zip(rows, figures, strict=True))
    counted = UNKNOWN if unmeasured and isinstance(counted, Figures) else counted
    yield from _work(("", 0), rows, counted, contractions, rest, referee, next(filter(None, others), ""))


def _terms_of_whole(
    graph: Graph,
    rows: Sequence[Row],
    figures: Sequence[Figures | str],
    called: Runnable | str,
    counted: Figures | str,
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What is done in the whole in another way than its rows are counted: in contractions, and in everything else."""
    numbers = called.makes_numbers if isinstance(called, Runnable) else None
    run, left, kept, unknown = [], [], [], []
    for call, row, each, use in zip(graph.calls, rows, figures, uses(graph, figures), strict=True):
        if use.is_unread:
            left.append(row)
        # In the midst of a model the referee takes for places what a row is there for: a mask of tokens, constants.
        elif use.is_constant or (numbers and not _has_fractions(call)):
            kept.append(row)
        else:
            run.append((call, each, use.constants))
            unknown += [each] if row.work is None and isinstance(each, Figures) else []
    contractions, rest = _terms([(call, each) for call, each, _ in run], graph.batch_size)
    for call, each, constants in run:
        if constants and isinstance(each, Figures):
            more = _of_constants(call, each, constants, graph)
            contractions, rest = contractions + more[0], rest + more[1]
        if numbers is False and isinstance(each, Figures):
            rest += _of_places(call, each, graph)
    contractions += first_steps(each for _, each, _ in run)
    contractions += (Term("unknown", sum(each.net[0] for each in unknown), _BY_ITSELF),)
    if isinstance(counted, Figures):
        theirs = [term for _, each, _ in run if isinstance(each, Figures) for term in each.loose]
        rest += merged([*counted.loose, *[term._replace(amount=-term.amount) for term in theirs]])
    referee = the_referee()
    for name, chosen, reason in (("unread", left, UNREAD), ("places", kept, PLACES)):
        works = works_of(chosen)
        contractions += (Term(name, -2 * products(works, referee), reason),)
        rest += (Term(name, 2 * products(works, referee) - flops(works, referee), reason),)
    return contractions, rest


def _has_fractions(call: Call) -> bool:
    return any("float" in spec.dtype for spec in (*call.specs, *call.results))


def first_steps(figures: Iterable[Figures | str]) -> tuple[Term, ...]:
    """Returns the terms that only a recurrence by itself shows, and not the model that it stands in."""
    known = [each for each in figures if isinstance(each, Figures)]
    return tuple([term for each in known for term in each.terms if term.name == FIRST_STEP])


def figures_of_each(graph: Graph) -> list[Figures | str]:
    """Returns what the running backend says of each call by itself, or why it says nothing."""
    calls = [_runnable(call, graph) for call in graph.calls]
    found = iter(the_referee().count_each([call for call in calls if isinstance(call, Runnable)]))
    return [next(found) if isinstance(call, Runnable) else call for call in calls]


def the_referee() -> Any:
    """Returns the module that counts on the running backend."""
    return import_module(f"keras_cnnstats.verify.{keras.backend.backend()}")


def _runnable(call: Call, graph: Graph) -> Runnable | str:
    """The call, so that it can be run; or why not."""
    if isinstance(call.layer, Constant):
        return CONSTANT
    found = runnable(call, graph)
    return found if found.is_sized else OPEN


def _terms(calls: Iterable[tuple[Call, Figures | str]], batch_size: int) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What calls do in another way than they are counted: in contractions, and in everything else."""
    backend = keras.backend.backend()
    contractions: list[Term] = []
    rest: list[Term] = []
    for call, figures in calls:
        if isinstance(figures, Figures) and call.measured is not None:
            contractions += _tables(figures.terms)
            rest += _tables(figures.rest_terms)
        try:
            contractions += padded_before(call, batch_size, backend)
            contractions += products_of_images(call, batch_size, backend)
            rest += ways_of(call, batch_size, backend)
        except TypeError:  # a size is unknown
            continue
    return tuple(contractions), tuple(rest)


def _of_constants(
    call: Call, figures: Figures, constants: Collection[int], graph: Graph
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What more of a call is taken for constants where some of its inputs are."""
    (again,) = the_referee().count_each([runnable(call, graph, constants)])
    if isinstance(again, str):
        return (), ()
    more = _places(figures.terms) - _places(again.terms), _places(figures.rest_terms) - _places(again.rest_terms)
    return (Term("places", more[0], PLACES),), (Term("places", more[1], PLACES),)


def _of_places(call: Call, figures: Figures, graph: Graph) -> tuple[Term, ...]:
    """What is places in a call that makes numbers, and work to the referee in a model that ends in integers."""
    alone = runnable(call, graph)
    if not alone.makes_numbers or not _places(figures.rest_terms):
        return ()
    (again,) = the_referee().count_each([alone._replace(makes_numbers=False)])
    if isinstance(again, str):
        return ()
    return (Term("places", _places(figures.rest_terms) - _places(again.rest_terms), PLACES),)


def _places(terms: Iterable[Term]) -> int:
    return sum(int(term.amount) for term in terms if term.name == "places")


def _tables(terms: Iterable[Term]) -> list[Term]:
    """What a layer that is measured has been counted with: places, constants, and what changes no number."""
    return [term._replace(amount=-term.amount, reason=_AS_IT_RUNS) for term in terms if term.name in _COUNTED]


def _work(
    place: tuple[str, int],
    rows: Sequence[Row],
    figures: Figures | str,
    contractions: tuple[Term, ...],
    rest: tuple[Term, ...],
    referee: Any,
    other: str,
) -> Iterator[Check]:
    if isinstance(figures, str):
        for quantity in ("macs", "flops"):
            yield Check(*place, quantity, NOT_COMPARABLE, None, None, referee.NAME, reason=figures)
        return
    works = works_of(rows)
    terms = (*figures.terms, *contractions)
    yield check_of_work(
        place,
        "macs",
        products(works, referee),
        half(figures.contractions),
        referee.NAME,
        [term._replace(amount=half(term.amount)) for term in terms],
        figures.resolution,
    )
    counted = None if any(row.work is None for row in rows) else flops(works, referee)
    if counted is None or other or figures.rest is None:
        reason = UNKNOWN if counted is None else other or CONTRACTIONS_ALONE
        yield Check(*place, "flops", NOT_COMPARABLE, counted, None, referee.NAME, reason=reason)
        return
    terms = (*terms, *figures.rest_terms, *rest)
    measured = figures.contractions + figures.rest
    yield check_of_work(place, "flops", counted, measured, referee.NAME, terms, figures.resolution)


def works_of(rows: Iterable[Row]) -> list[Work]:
    """Returns the work of rows, as far as it is known."""
    return [work for row in rows for _, work in row.work or ()]


def products(works: Iterable[Work], referee: Any) -> int:
    """Returns the products of contractions, as the referee counts them."""
    return sum(work.inside if referee.CONVENTION == "xla" else work.macs for work in works)


def flops(works: Iterable[Work], referee: Any) -> int:
    """Returns FLOPs, as the referee counts them."""
    return sum(units.flops(work, referee.CONVENTION) for work in works)


def half(flops: int | Fraction) -> Any:
    """Returns the pairs of a product and an addition that make so many FLOPs; a referee may be wrong by a half."""
    halved = Fraction(flops) / 2
    return int(halved) if halved.denominator == 1 else halved


def _shapes(row: Row, figures: Figures | str, referee: Any) -> Check:
    said = tuple(shape[1:] for shape in row.output_shapes)
    if isinstance(figures, str):
        return Check(row.layer, row.call, "output_shape", NOT_COMPARABLE, said, None, referee.NAME, reason=figures)
    made = tuple(shape[1:] for shape in figures.shapes)
    fits = len(said) == len(made) and all(
        len(a) == len(b) and all(x in (None, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(said, made, strict=True)
    )
    reason = "" if fits else "the layer makes another shape than it says"
    verdict = CONFIRMED if fits else DIFFERS
    return Check(row.layer, row.call, "output_shape", verdict, said, made, referee.NAME, reason=reason)
