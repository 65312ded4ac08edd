"""Parameters, held against those that each layer has when it is built once more, of its configuration alone."""

from collections.abc import Iterator, Sequence
from math import prod

import keras

from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.records import Row
from keras_cnnstats.verification import CONFIRMED, DIFFERS, NOT_COMPARABLE, Check
from keras_cnnstats.verify.calls import with_tensors
from keras_cnnstats.verify.reasons import of_error

REFEREE = "the layer built anew"


def check_parameters(graph: Graph, rows: Sequence[Row]) -> Iterator[Check]:
    """Yields the parameters of each layer beside those that it has when it is built of its configuration.

    Args:
        graph: the graph of the model.
        rows: the rows of its report, as many as the graph has calls.
    """
    seen: set[int] = set()
    for call, row in zip(graph.calls, rows, strict=True):
        if call.nth or not isinstance(call.layer, keras.layers.Layer):
            continue
        reason = "its weights were made into others since" if call.adapted else ""
        if any(weight.key in seen for weight in call.weights):
            reason = "some of its weights are another layer's, and counted there"
        seen.update(weight.key for weight in call.weights)
        measured: int | None = None
        if not reason:
            try:
                measured = _built(call)
            except Exception as error:
                reason = f"it cannot be built of its configuration: {of_error(error)}"
        if measured is None:
            yield Check(row.layer, 0, "params", NOT_COMPARABLE, row.params, None, REFEREE, reason=reason)
        else:
            verdict = CONFIRMED if measured == row.params else DIFFERS
            yield Check(row.layer, 0, "params", verdict, row.params, measured, REFEREE)


def _built(call: Call) -> int:
    """The parameters of the layer's double, called on tensors that have a shape and no values."""
    if not getattr(call.layer, "variables", ()):
        return 0
    double = type(call.layer).from_config(call.layer.get_config())
    args, kwargs = with_tensors(call, lambda spec: keras.KerasTensor(spec.shape, spec.dtype))
    double(*args, **kwargs)
    return sum(prod(weight.shape) for weight in double.weights)
