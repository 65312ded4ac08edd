"""Memory, held against what a compiler sets aside for one call of the model."""

from collections.abc import Iterator
from typing import Any

import keras

from keras_cnnstats.graph import Graph
from keras_cnnstats.reports import Report
from keras_cnnstats.verification import EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify.reasons import of_error
from keras_cnnstats.verify.whole import whole

REFEREE = "XLA's memory analysis"


def check_memory(model: Any, graph: Graph, report: Report) -> Iterator[Check]:
    """Yields the bytes of an inference beside those that XLA sets aside, as a ratio: it is compiled, and not run.

    The report gives each output memory of its own; a compiler fuses calls and works in place, which makes it less, and
    sets aside room to work in, which makes it more.
    """
    counted = None if report.memory is None else report.memory.inference_bytes
    measured = _measured(model, graph) if counted else "its memory is unknown"
    if isinstance(measured, str) or not counted:
        yield Check("", 0, "memory", NOT_COMPARABLE, counted, None, REFEREE, reason=str(measured))
        return
    reason = f"{measured / counted:.2f} times what is counted: calls are fused, and there is room to work in"
    yield Check("", 0, "memory", EXPLAINED, counted, measured, REFEREE, reason=reason)


def _measured(model: Any, graph: Graph) -> int | str:
    if keras.backend.backend() != "jax":
        return "the backend does not say what it sets aside"
    called = whole(model, graph)
    if isinstance(called, str):
        return called
    import jax

    fed = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in called.specs]
    try:
        found = jax.jit(lambda *tensors: called.run(tensors)).lower(*fed).compile().memory_analysis()
    except Exception as error:
        return of_error(error)
    return int(found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes)
