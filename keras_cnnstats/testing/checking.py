"""What holds for the analysis of any model."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import keras
import numpy as np

from keras_cnnstats.analysis import analyze
from keras_cnnstats.records import Shape
from keras_cnnstats.reports import Report

SUMMED = ("params", "trainable_params", "macs", "flops", "transcendentals", "param_bytes", "train_macs", "train_flops")


MEASURED = ("work", "params", "training")
"""What is measured of each model: receptive fields take seconds a model, and are held to gradients elsewhere."""


class Fault(NamedTuple):
    """Something that is wrong.

    Attributes:
        sort: a few words that are the same for each model in which the same is wrong.
        text: what it is in this model.
    """

    sort: str
    text: str


class FaultError(AssertionError):
    """A model has faults: the message says all of them."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        lines = [f"  {fault.sort}: {fault.text}" for fault in faults]
        super().__init__("\n".join([f"model `{name}`: faults of its analysis:", *lines]))
        self.faults = tuple(faults)


def check(model: Any) -> None:
    """Analyses a model and holds the report against the model itself.

    Args:
        model: a built `keras.Model`; it is run once, on zeros.

    Raises:
        FaultError: something is wrong; it is an `AssertionError`, and its message says all that is.

    Example:

    >>> import keras
    >>> check(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]))
    """
    found = tuple(faults(model))
    if found:
        raise FaultError(model.name, found)


def faults(model: Any) -> Iterator[Fault]:
    """Each fault of the analysis of a model."""
    before = _state(model)
    try:
        report = analyze(model)
        again = analyze(model)
    except Exception as error:  # whatever it is, it is a fault
        yield Fault(f"analyze raises {type(error).__name__}", str(error))
        return
    if again != report:
        yield Fault("a second analysis", "it gives another report")
    yield from _unequal_states(before, _state(model))
    yield from _sums(report)
    yield from _parameters(model, report)
    yield from _silent_rows(report)
    yield from _shapes(model, report)
    yield from _measurements(model, report)


def _measurements(model: Any, report: Report) -> Iterator[Fault]:
    """What the measurements say otherwise."""
    verification = report.verify(model, only=MEASURED).verification
    differing = () if verification is None else verification.differing
    for check in differing:
        # The sum of all differs where a row does.
        if check.layer or not any(each.layer for each in differing if each.quantity == check.quantity):
            text = f"{check.layer or 'the model'}: {check.counted} was counted, {check.measured} measured"
            yield Fault(f"{check.quantity} by {check.referee}", f"{text}; {check.reason}")


def _sums(report: Report) -> Iterator[Fault]:
    for column in SUMMED:
        values = [getattr(row, column) for row in report.rows]
        rows, total = sum(value for value in values if value is not None), getattr(report.totals, column)
        if rows != total:
            yield Fault(f"sum of {column}", f"the rows' is {rows:,}, the total is {total:,}")
        if any(value is not None and value < 0 for value in values):
            yield Fault(f"sign of {column}", "a row has less than 0")


def _parameters(model: Any, report: Report) -> Iterator[Fault]:
    for column, weights in (("params", model.weights), ("trainable_params", model.trainable_weights)):
        counted, there = getattr(report.totals, column), sum(prod(weight.shape) for weight in weights)
        if counted != there:
            yield Fault(column, f"{counted:,} are counted, the model has {there:,}")


def _silent_rows(report: Report) -> Iterator[Fault]:
    for row in report.rows:
        if (row.work is None or row.training is None) and not row.note:
            yield Fault("unknown", f"something of {row.layer} ({row.type}) is, and no note says why")


def _shapes(model: Any, report: Report) -> Iterator[Fault]:
    """Holds the shapes of what the model makes, and of the layers that are called once, to the rows."""
    rows = {row.layer: row for row in report.rows}
    layers = [layer for layer in _called_once(model) if layer.name in rows]
    outputs, made = _run(model, layers)
    shapes = {shape for row in report.rows for shape in _of_a_sample(row.output_shapes)}
    for number, shape in enumerate(outputs):
        if shape not in shapes:
            yield Fault("shape of an output", f"output {number} has {shape}, which no row has")
    for name, tensor in made.items():
        if _of_a_sample(tensor) != _of_a_sample(rows[name].output_shapes):
            text = f"{name} makes {_of_a_sample(tensor)} of a sample, the row says {rows[name].output_shapes}"
            yield Fault("shape of a layer", text)


def _run(model: Any, layers: list[Any]) -> tuple[list[Shape], dict[str, Any]]:
    """The shapes that a model makes of zeros, and what the layers make, by name; nothing where it cannot run here."""
    inputs = getattr(model, "inputs", None) or []
    zeros = _zeros(model)
    try:
        with catch_warnings():
            simplefilter("ignore")
            outputs = _of_a_sample(model(zeros))
            if not layers:
                return outputs, {}
            watched = {layer.name: layer.output for layer in layers}
            return outputs, keras.Model(inputs if len(inputs) > 1 else inputs[0], watched)(zeros)
    except Exception:  # not each backend can run on this machine what it can trace, as channels first
        return [], {}


def _called_once(model: Any) -> Iterator[Any]:
    """Layers that can be asked for their one output; none in models that are written as classes."""
    for layer in model.layers if getattr(model, "inputs", None) else ():
        try:
            output = layer.output
        except (AttributeError, ValueError):  # called several times
            continue
        if isinstance(output, keras.KerasTensor):
            yield layer


def _zeros(model: Any) -> Any:
    """A batch of one sample for each input."""
    if getattr(model, "inputs", None):
        shapes = [(tensor.shape, tensor.dtype) for tensor in model.inputs]
    else:
        built = model.get_build_config()["input_shape"]
        shapes = [(shape, "float32") for shape in (built if isinstance(built, list) else [built])]
    made = [np.zeros((1, *shape[1:]), dtype) for shape, dtype in shapes]
    return made if len(made) > 1 else made[0]


def _of_a_sample(made: Any) -> list[Shape]:
    """The shapes of one or several tensors, or those shapes themselves, without the batch."""
    several: list[Any] = list(made) if isinstance(made, list | tuple) else [made]
    return [tuple(each if isinstance(each, tuple) else each.shape)[1:] for each in several]


def _state(model: Any) -> dict[str, Any]:
    """What an analysis must leave as it is."""
    weights = [
        (id(weight), weight.path, tuple(weight.shape), weight.dtype, weight.trainable) for weight in model.variables
    ]
    try:
        config = model.get_config()
    except NotImplementedError:  # a model written as a class need not have one
        config = None
    return {"weights": weights, "config": config, "layers": [layer.name for layer in model.layers]}


def _unequal_states(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Fault]:
    for name, was in before.items():
        if after[name] != was:
            yield Fault(f"{name} of the model", f"the analysis changed them: {was} became {after[name]}")
