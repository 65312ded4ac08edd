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
from keras_cnnstats.testing.tally import Tally, is_known, tally_of, why_not_run
from keras_cnnstats.verification import CONFIRMED, DIFFERS, NOT_COMPARABLE, Check

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


def check(model: Any) -> Tally:
    """Analyses a model and holds the report against the model itself.

    That something cannot be measured for a reason that nobody has written down is a fault too.

    Args:
        model: a built `keras.Model`; it is run once, on zeros.

    Returns:
        How much of it was measured, with which verdicts, and why the rest was not.

    Raises:
        FaultError: something is wrong; it is an `AssertionError`, and its message says all that is.

    Example:

    >>> import keras
    >>> tally = check(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]))
    >>> tally.verdicts["macs", "row", "confirmed"], tally.reasons
    (1, Counter())
    """
    before = _state(model)
    try:
        report = analyze(model)
        again = analyze(model)
    except Exception as error:  # whatever it is, it is a fault
        raise FaultError(model.name, [Fault(f"analyze raises {type(error).__name__}", str(error))]) from error
    found = [] if again == report else [Fault("a second analysis", "it gives another report")]
    found += _unequal_states(before, _state(model))
    found += _sums(report)
    found += _parameters(model, report)
    found += _silent_rows(report)
    ran = _run(model, report)
    found += _shapes(report, ran)
    verification = report.verify(model, only=MEASURED).verification
    checks = (*(() if verification is None else verification.checks), _of_run(ran))
    found += _measurements(checks)
    if found:
        raise FaultError(model.name, found)
    return tally_of(checks)


def _measurements(checks: Sequence[Check]) -> Iterator[Fault]:
    """What the measurements say otherwise, and what nobody knows why it could not be measured."""
    for check in checks:
        if check.verdict == NOT_COMPARABLE and not is_known(check.quantity, check.reason):
            # Shrinking keeps the sort: another error, of a model that shrinking broke, is another sort.
            sort = f"{check.quantity} is not measured, {check.reason.partition(':')[0]}"
            yield Fault(sort, f"{check.layer or 'the model'}: {check.reason}")
    differing = [check for check in checks if check.verdict == DIFFERS]
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


class _Run(NamedTuple):
    """What a model makes of zeros.

    Attributes:
        outputs: shapes of its outputs, without the batch.
        made: shapes of what each layer makes that is called once, by its name.
        reason: why it cannot run here.
    """

    outputs: list[Shape]
    made: dict[str, list[Shape]]
    reason: str = ""


def _of_run(ran: _Run) -> Check:
    verdict = NOT_COMPARABLE if ran.reason else CONFIRMED
    return Check("", 0, "shapes", verdict, None, None, "the model that is run", reason=ran.reason)


def _shapes(report: Report, ran: _Run) -> Iterator[Fault]:
    """Holds the shapes of what the model makes, and of the layers that are called once, to the rows."""
    rows = {row.layer: row for row in report.rows}
    shapes = {shape for row in report.rows for shape in _of_a_sample(row.output_shapes)}
    for number, shape in enumerate(ran.outputs):
        if shape not in shapes:
            yield Fault("shape of an output", f"output {number} has {shape}, which no row has")
    for name, made in ran.made.items():
        if made != _of_a_sample(rows[name].output_shapes):
            text = f"{name} makes {made} of a sample, the row says {rows[name].output_shapes}"
            yield Fault("shape of a layer", text)


def _run(model: Any, report: Report) -> _Run:
    """Runs a model once, on zeros."""
    inputs = getattr(model, "inputs", None) or []
    rows = {row.layer for row in report.rows}
    watched = {layer.name: layer.output for layer in _called_once(model) if layer.name in rows}
    zeros = _zeros(model)
    try:
        with catch_warnings():
            simplefilter("ignore")
            outputs = _of_a_sample(model(zeros))
            made = keras.Model(inputs if len(inputs) > 1 else inputs[0], watched)(zeros) if watched else {}
    except Exception as error:
        return _Run([], {}, why_not_run(error))
    return _Run(outputs, {name: _of_a_sample(tensor) for name, tensor in made.items()})


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
