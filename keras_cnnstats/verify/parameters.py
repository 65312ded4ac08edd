"""Parameters, held against those that each layer has when it is built once more, of its configuration alone.

Their sum is held against the weights of the model.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import keras

from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.verification import CONFIRMED, DIFFERS, NOT_COMPARABLE, Check
from keras_cnnstats.verify.calls import with_tensors
from keras_cnnstats.verify.reasons import ADAPTED, of_error

REFEREE = "the layer built anew"
WEIGHTS = "the model's weights"


def check_parameters(model: Any, graph: Graph, report: Report) -> Iterator[Check]:
    """Yields the parameters of each layer beside those that it has when it is built of its configuration.

    Then those of the whole beside the weights that the model has.

    Args:
        model: the model.
        graph: its graph.
        report: its report.
    """
    yield from _of_layers(graph, report.rows)
    counted, weights = report.totals.params, getattr(model, "weights", None)
    if any(call.adapted for call in graph.calls) or weights is None:
        reason = ADAPTED if weights is not None else "it has no list of its weights"
        yield Check("", 0, "params", NOT_COMPARABLE, counted, None, WEIGHTS, reason=reason)
        return
    measured = sum(prod(weight.shape) for weight in weights)
    yield Check("", 0, "params", CONFIRMED if measured == counted else DIFFERS, counted, measured, WEIGHTS)


def _of_layers(graph: Graph, rows: Sequence[Row]) -> Iterator[Check]:
    seen: set[int] = set()
    # Behind the calls there may be a row of weights that belong to none.
    for call, row in zip(graph.calls, rows, strict=False):
        if call.nth or not isinstance(call.layer, keras.layers.Layer):
            continue
        reason = ADAPTED if call.adapted else ""
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
