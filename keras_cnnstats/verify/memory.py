"""Memory, held against what a compiler sets aside for one call of the model."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

import keras

from keras_cnnstats.graph import Graph
from keras_cnnstats.memory import bytes_of
from keras_cnnstats.reports import Report
from keras_cnnstats.units import dtype_bytes, sum_if_known
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check, Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.reasons import OPEN, of_error
from keras_cnnstats.verify.whole import whole

REFEREE = "XLA's memory analysis"

ALIGNED = 64
"""XLA begins the memory of a value at a multiple of so many bytes."""

_POINTER = 8
_STATE = "seeds and counters are fed too, and are no weights"
_NARROWED = "JAX keeps values of 64 bits in 32, unless it is told otherwise"
_TABLE = "of several outputs it also keeps a table, with a pointer for each"
_TEMPORARIES = (
    "it keeps maps as fused calls leave them, in other layouts and in room to work in, and not as calls make them"
)


class Counted(NamedTuple):
    """Bytes that a report counts.

    Attributes:
        weights: of the weights.
        inputs: of the inputs.
        outputs: of what the model returns.
        peak: of the activations at their peak.
    """

    weights: int
    inputs: int
    outputs: int
    peak: int


class SetAside(NamedTuple):
    """Bytes that XLA sets aside for a call, and what is known of them.

    Attributes:
        arguments: of all that is fed, weights too.
        outputs: of what comes back.
        temporaries: of what is kept on the way.
        state: of the arguments, those that are no weights and no inputs.
        narrowed: how much less the inputs, and the outputs, take because JAX narrows them.
        returned: how many outputs there are.
        room: the most that the temporaries can take: each value of the trace is kept by itself, and each argument once
            more in another layout.
    """

    arguments: int
    outputs: int
    temporaries: int
    state: int
    narrowed: tuple[int, int]
    returned: int
    room: int


def check_memory(model: Any, graph: Graph, report: Report) -> Iterator[Check]:
    """Yields the bytes of an inference beside those that XLA sets aside: it is compiled for a processor, and not run.

    Arguments and outputs have to be what is counted, to the last byte. Between them the report gives each output memory
    of its own; a compiler fuses calls and works in place, which makes it less, and sets aside room to work in, which
    makes it more.
    """
    counted = None if report.memory is None else report.memory.inference_bytes
    if report.memory is None or not counted:
        yield _not_comparable(counted, "its memory is unknown")
        return
    found = _measured(model, graph)
    inputs, outputs = (_of(graph, numbers) for numbers in (graph.inputs, graph.outputs))
    if isinstance(found, str) or inputs is None or outputs is None:
        yield _not_comparable(counted, found if isinstance(found, str) else OPEN)
        return
    memory = report.memory
    yield held_against(Counted(memory.param_bytes, inputs, outputs, memory.peak_activation_bytes or 0), found)


def held_against(counted: Counted, found: SetAside) -> Check:
    """Returns the verdict on what a report counts, given what XLA sets aside."""
    table = _POINTER * found.returned if found.returned > 1 else 0
    between = counted.peak - counted.inputs - counted.outputs
    terms = (
        Term("state", found.state, _STATE),
        Term("narrowed", -sum(found.narrowed), _NARROWED),
        Term("table", table, _TABLE),
        Term("temporaries", found.temporaries - between, _TEMPORARIES),
    )
    named = tuple(term for term in terms if term.amount)
    whole, measured = counted.weights + counted.peak, found.arguments + found.outputs + found.temporaries
    fed, returned = counted.weights + counted.inputs, counted.outputs
    wrong = [
        *_unequal("arguments", found.arguments, fed, found.state - found.narrowed[0]),
        *_unequal("outputs", found.outputs, returned, table - found.narrowed[1]),
    ]
    if not 0 <= found.temporaries <= found.room:
        wrong.append(f"temporaries of {found.temporaries:,} bytes, where there is use for {found.room:,}")
    if wrong:
        return Check("", 0, "memory", DIFFERS, whole, measured, REFEREE, named, "; ".join(wrong))
    reason = f"{measured / whole:.2f} times what is counted" if named else ""
    return Check("", 0, "memory", EXPLAINED if named else CONFIRMED, whole, measured, REFEREE, named, reason)


def _unequal(name: str, found: int, counted: int, more: int) -> Iterator[str]:
    if found != counted + more:
        yield f"{name} of {found:,} bytes, where {counted:,} are counted and {more:,} more are known of"


def _not_comparable(counted: int | None, reason: str) -> Check:
    return Check("", 0, "memory", NOT_COMPARABLE, counted, None, REFEREE, reason=reason)


def _of(graph: Graph, numbers: Iterable[int]) -> int | None:
    """Bytes of tensors of a graph; `None` where a size is unknown."""
    tensors = [graph.tensors[number] for number in numbers]
    return sum_if_known([bytes_of(graph, spec) for spec in tensors])


# What XLA says


def _measured(model: Any, graph: Graph) -> SetAside | str:
    if keras.backend.backend() != "jax":
        return "the backend does not say what it sets aside"
    called = whole(model, graph)
    if isinstance(called, str):
        return called
    known = {id(weight) for weight in getattr(model, "weights", ())}
    state = [each for each in getattr(model, "variables", ()) if id(each) not in known]
    try:
        found = _compiled(called, graph)
        return found._replace(state=sum((dtype_bytes(each.dtype) or 0) * prod(each.shape) for each in state))
    except Exception as error:
        return of_error(error)


def _compiled(called: Runnable, graph: Graph) -> SetAside:
    import jax

    def run(*tensors: Any) -> list[Any]:
        return called.run(tensors)

    fed = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in called.specs]
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        # What nothing reads is left out of the arguments, unless it is asked for.
        found = jax.jit(run, keep_unused=True).lower(*fed).compile().memory_analysis()
    closed = jax.make_jaxpr(run)(*fed)
    values = [variable.aval for variable in closed.jaxpr.invars]
    return SetAside(
        arguments=int(found.argument_size_in_bytes),
        outputs=int(found.output_size_in_bytes),
        temporaries=int(found.temp_size_in_bytes),
        state=0,
        narrowed=(
            _narrowed(graph, graph.inputs, values[called.held :]),
            _narrowed(graph, graph.outputs, [variable.aval for variable in closed.jaxpr.outvars]),
        ),
        returned=len(closed.jaxpr.outvars),
        room=sum(map(_kept, values)) + _room(closed.jaxpr),
    )


def _narrowed(graph: Graph, numbers: Iterable[int], values: Iterable[Any]) -> int:
    """How many bytes fewer values of 64 bits take than their dtype says."""
    pairs = [(graph.tensors[number], value) for number, value in zip(numbers, values, strict=False)]
    wide = [value for spec, value in pairs if "64" in spec.dtype and value.dtype.itemsize == 4]
    return sum(4 * prod(value.shape) for value in wide)


def _room(jaxpr: Any) -> int:
    """Bytes of all that a trace makes, in functions that it calls too."""
    room = 0
    for equation in jaxpr.eqns:
        room += sum(_kept(variable.aval) for variable in equation.outvars)
        room += sum(_room(inner) for inner in _inside(equation))
    return room


def _inside(equation: Any) -> Iterator[Any]:
    for parameter in equation.params.values():
        for each in parameter if isinstance(parameter, (list, tuple)) else (parameter,):
            inner = getattr(each, "jaxpr", each)
            if hasattr(inner, "eqns"):
                yield inner


def _kept(value: Any) -> int:
    """Bytes of a value with what is lost in front of the next one; keys of random numbers are two words."""
    size = prod(value.shape) * getattr(value.dtype, "itemsize", 8)
    return int(-(-size // ALIGNED) * ALIGNED)
