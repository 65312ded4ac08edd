"""Calls that a trace leaves out or takes for constants: work of the model as it is written, and none that it runs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.verify.calls import specs_of
from keras_cnnstats.verify.figures import Figures

REASON = "no output depends on what these rows make, so that a trace leaves them out"


class Use(NamedTuple):
    """What becomes of a call in the trace of the whole.

    Attributes:
        is_unread: whether no output depends on it.
        is_constant: whether what it makes depends neither on the inputs nor on weights.
        constants: places among its inputs of those that depend on neither.
    """

    is_unread: bool
    is_constant: bool
    constants: frozenset[int]


def uses(graph: Graph, figures: Sequence[Figures | str]) -> list[Use]:
    """Returns for each call of a graph what becomes of it in the trace of the whole.

    Args:
        graph: the graph of a model.
        figures: what the referee says of each call: it knows which of its inputs a call reads.
    """
    left = unread(graph, figures)
    fed, found = set(graph.inputs), []
    for call, each, is_left in zip(graph.calls, figures, left, strict=True):
        is_constant = not call.weights and fed.isdisjoint(_read(call, each))
        constants = frozenset(place for place, number in enumerate(call.inputs) if number not in fed)
        found.append(Use(is_left, is_constant, constants))
        if not is_constant:
            fed.update(call.outputs)
    return found


def unread(graph: Graph, figures: Sequence[Figures | str]) -> list[bool]:
    """Returns for each call of a graph whether no output depends on it: see `uses`."""
    wanted, found = set(graph.outputs), []
    for call, each in zip(reversed(graph.calls), reversed(figures), strict=True):
        # A mask goes with the tensors that it is of: no graph says who reads it.
        is_mask = all(spec.dtype == "bool" for spec in call.results)
        found.append(not is_mask and wanted.isdisjoint(call.outputs))
        if not found[-1]:
            wanted.update(_read(call, each))
    return found[::-1]


def _read(call: Call, figures: Figures | str) -> Iterator[int]:
    """The numbers of the tensors that a call reads."""
    specs = specs_of(call)
    reads = [True] * len(specs) if isinstance(figures, str) or not figures.reads else figures.reads
    known = [call.place(spec) for spec in specs]
    # What stands in no argument is read as well.
    yield from (number for place, number in enumerate(call.inputs) if place not in known)
    for place, is_read in zip(known, reads, strict=True):
        if is_read and place is not None:
            yield call.inputs[place]
