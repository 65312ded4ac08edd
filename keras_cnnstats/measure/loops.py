"""How often a loop of a TensorFlow graph runs, where shapes and constants alone decide it."""

from typing import Any

from keras_cnnstats.measure.counts import TURNS, CannotMeasureError


class _UnknownTripsError(CannotMeasureError):
    def __init__(self) -> None:
        super().__init__(TURNS)


def trips(loop: Any, condition: Any, body: Any) -> int:
    """Returns how often the body of a loop runs.

    Args:
        loop: the operation.
        condition: the graph of its condition.
        body: the graph of its body.

    Raises:
        CannotMeasureError: that depends on the values.
    """
    found = [_trips(test, loop, condition, body) for test in _conjuncts(condition.outputs[0])]
    known = [often for often in found if often is not None]
    if not known:
        raise _UnknownTripsError
    return min(known)


def _source(tensor: Any) -> Any:
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _conjuncts(tensor: Any) -> list[Any]:
    """The tests that all have to hold for the loop to go on."""
    tensor = _source(tensor)
    if tensor.op.type == "LogicalAnd":
        return [test for each in tensor.op.inputs for test in _conjuncts(each)]
    return [tensor]


def _trips(test: Any, loop: Any, condition: Any, body: Any) -> int | None:
    """How often a test holds; `None` where it always does."""
    if _static(test) is not None and bool(_static(test)):
        return None
    if test.op.type not in ("Less", "LessEqual"):
        raise _UnknownTripsError
    counter, limit = test.op.inputs
    place = _place(counter, condition)
    start, step = _static(loop.inputs[place]), _step(place, loop, body)
    end = _constant(limit, loop, condition, body)
    if start is None or not step or step < 0 or end is None:
        raise _UnknownTripsError
    distance = int(end) + int(test.op.type == "LessEqual") - int(start)
    return max(-(-distance // step), 0)


def _place(tensor: Any, graph: Any) -> int:
    """Which of a graph's inputs a tensor is."""
    tensor = _source(tensor)
    for place, fed in enumerate(graph.inputs):
        if fed is tensor:
            return place
    raise _UnknownTripsError


def _step(place: int, loop: Any, body: Any) -> int | None:
    """What the body adds to a loop's variable."""
    made = _source(body.outputs[place])
    if made.op.type not in ("Add", "AddV2"):
        return None
    first, second = map(_source, made.op.inputs)
    if second is body.inputs[place]:
        first, second = second, first
    added = _constant(second, loop, body, body)
    return int(added) if first is body.inputs[place] and added is not None else None


def _constant(tensor: Any, loop: Any, graph: Any, body: Any) -> Any:
    """The value of a tensor that is the same at each turn."""
    value = _static(tensor)
    if value is not None:
        return value
    place = _place(tensor, graph)
    return _static(loop.inputs[place]) if _source(body.outputs[place]) is body.inputs[place] else None


def _static(tensor: Any) -> Any:
    """The value of a tensor that constants and shapes decide, else `None`."""
    import tensorflow as tf

    tensor = _source(tensor)
    value = tf.get_static_value(tensor)
    if value is None and tensor.op.type == "StridedSlice" and not tensor.shape.rank:
        whole, begin = (tf.get_static_value(each) for each in tensor.op.inputs[:2])
        return None if whole is None or begin is None or len(begin) != 1 else whole[begin[0]]
    if value is None and tensor.op.type in ("Max", "Min") and not tensor.op.inputs[0].shape.rank:
        return _static(tensor.op.inputs[0])
    return value
