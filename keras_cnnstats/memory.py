"""How long each tensor has to be kept, and how many bytes each call moves.

Each call's outputs have memory of their own, kept until the last call that reads them has run; the model's outputs are
kept to the end. Left out: what a backend saves by fusing calls and by working in place, and what it spends on working
space inside a call.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from keras_cnnstats.graph import Call, Graph, Shape, TensorSpec
from keras_cnnstats.primitives import Lookup
from keras_cnnstats.primitives.base import Primitive, product
from keras_cnnstats.primitives.wrapping import Repeated, Wrapped
from keras_cnnstats.units import Count, dtype_bytes, sum_if_known


class Liveness(NamedTuple):
    """What liveness along the execution order finds out.

    Attributes:
        made: for each call the bytes of its outputs; `None` where a size is unknown.
        read: for each call the bytes of the maps that it reads, each of them once.
        peak: the most bytes that are live at once, a call's inputs and outputs included; `None` where unknown.
        peak_call: the call during which that is.
        total: bytes of the inputs and of all outputs together, as they are kept for a backward pass.
    """

    made: tuple[Count, ...]
    read: tuple[Count, ...]
    peak: Count
    peak_call: int | None
    total: Count


def liveness(graph: Graph) -> Liveness:
    """Returns the memory of a graph's activations, in its execution order."""
    sizes = [bytes_of(graph, spec) for spec in graph.tensors]
    made = tuple([sum_if_known([sizes[number] for number in call.outputs]) for call in graph.calls])
    read = tuple([sum_if_known([sizes[number] for number in set(call.inputs)]) for call in graph.calls])
    if any(sizes[number] is None for number in _tensors_used(graph)):
        return Liveness(made, read, None, None, None)
    last_use = _last_use(graph)
    live = total = sum(sizes[number] or 0 for number in set(graph.inputs))
    peak, peak_call = live, None
    for place, call in enumerate(graph.calls):
        fresh = made[place] or 0
        live, total = live + fresh, total + fresh
        if live > peak:
            peak, peak_call = live, place
        for number in {*call.inputs, *call.outputs}:
            if last_use.get(number, place) == place:
                live -= sizes[number] or 0
    return Liveness(made, read, peak, peak_call, total)


_OF_EACH_ROW = ("embeddings_scale", "embeddings_zero", "lora_embeddings_a")
"""Weights beside a table of which each of its rows has a part."""


def moved(call: Call, primitives: Sequence[Primitive], samples: int, read: Count, made: Count) -> Count:
    """Returns the bytes that a call moves: what it reads, what it makes and its weights, each of them once.

    Args:
        call: the call.
        primitives: what it is made of.
        samples: samples in the batch.
        read: bytes of the maps that it reads.
        made: bytes of its outputs.
    """
    if read is None or made is None:
        return None
    if not call.weights:
        return read + made
    table = next((each for each in primitives if each.kind == Lookup.kind), None)
    if table is None:
        return read + made + sum([weight.bytes for weight in call.weights])
    is_whole = any(each.is_shared for each in primitives)
    return read + made + _looked_up(call, table, is_whole, samples)


def _looked_up(call: Call, table: Primitive, is_whole: bool, samples: int) -> int:
    """Bytes of the weights that a look-up reads: of a table, its scales and its zero points, the rows that are picked.

    Args:
        call: the call.
        table: the look-up.
        is_whole: whether the table is made of its weights at each call, which are then read as a whole.
        samples: samples in the batch.
    """
    times = samples
    while isinstance(table, Wrapped):
        times *= (table.times or 0) if isinstance(table, Repeated) else 1
        table = table.primitive
    assert isinstance(table, Lookup)
    picked, found = min((table.picked or 0) * times, table.rows), 0
    for weight in call.weights:
        if weight.name.startswith("reverse_embeddings"):
            continue  # of the way back
        has_rows = weight.name in _OF_EACH_ROW and not table.maps
        is_table = weight.size == table.parameters and not is_whole
        found += weight.bytes * picked // max(table.rows, 1) if has_rows or is_table else weight.bytes
    return found


def _tensors_used(graph: Graph) -> set[int]:
    used = set(graph.inputs)
    for call in graph.calls:
        used.update(call.outputs)
    return used


def _last_use(graph: Graph) -> dict[int, int]:
    """The last call that reads each tensor; one behind the last call for the model's outputs."""
    last = {number: place for place, call in enumerate(graph.calls) for number in call.inputs}
    return last | dict.fromkeys(graph.outputs, len(graph.calls))


def bytes_of(graph: Graph, spec: TensorSpec) -> Count:
    """Returns the bytes of a tensor of a graph, for the graph's batch; `None` where a size is unknown."""
    return _bytes(spec.shape, spec.dtype, graph.first_size(spec.shape))


@lru_cache(maxsize=4096)
def _bytes(shape: Shape, dtype: str, first: int) -> Count:
    each = dtype_bytes(dtype)
    elements = product((first, *shape[1:]) if shape else ())
    return None if elements is None or each is None else elements * each
