"""What a call costs by the count of the backend that runs it: for what no rule knows and what cannot be followed.

The call is traced on tensors that have a shape and no values; each operation of the trace is counted by its shapes, in
the terms of the primitives. What TensorFlow's profiler and XLA would say is theirs for the operations of the trace:
exact on their own backend, and on the others what they count for the operation of that name. Integers without axes are
counters and sizes, and cost nothing.
"""

import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import CannotMeasureError, Result

__all__ = ["CannotMeasureError", "Result", "backend_name", "measure"]


def backend_name() -> str:
    """Returns what the backend that Keras runs on is called."""
    name: str = _backend().NAME
    return name


def _backend() -> Any:
    return import_module(f"keras_cnnstats.measure.{keras.backend.backend()}")


def measure(operation: Any, variables: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
    """Returns what one call of a layer or an operation costs: it is traced, nothing is computed or changed.

    Args:
        operation: the layer or the operation.
        variables: the variables that it may read.
        args: positional arguments, with a `keras.KerasTensor` in each tensor's place.
        kwargs: keyword arguments, likewise.

    Raises:
        CannotMeasureError: the trace fails, or has something in it that has no known count.
    """
    places = [each for each in keras.tree.flatten((args, kwargs)) if isinstance(each, keras.KerasTensor)]
    specs = [TensorSpec(tuple(each.shape), each.dtype) for each in [*variables, *places]]
    if any(None in spec.shape for spec in specs):
        raise CannotMeasureError("its sizes are unknown")

    def run(tensors: Sequence[Any]) -> list[Any]:
        state, fed = tensors[: len(variables)], iter(tensors[len(variables) :])
        held = list(zip(variables, state, strict=True))
        with keras.StatelessScope(state_mapping=held, initialize_variables=False):
            given, named = _filled((args, kwargs), fed)
            return [made for made in keras.tree.flatten(operation(*given, **named)) if made is not None]

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result: Result = _backend().count(run, specs, len(variables))
    except CannotMeasureError:
        raise
    except Exception as error:
        failed = CannotMeasureError(f"{type(error).__name__}: {error}")
        failed.failure = error
        raise failed from error
    return result


def _filled(arguments: Any, tensors: Iterator[Any]) -> Any:
    # Not mapped: where optree is missing, that goes through a dictionary in another order than flattening does.
    flat = [next(tensors) if isinstance(each, keras.KerasTensor) else each for each in keras.tree.flatten(arguments)]
    return keras.tree.pack_sequence_as(arguments, flat)
