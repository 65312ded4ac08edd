"""The state that a model's optimizer keeps, or will keep once training has begun."""

from math import prod
from typing import Any

from keras_cnnstats.capture.state import variables_deferred
from keras_cnnstats.graph import Optimizer
from keras_cnnstats.units import dtype_bytes


def optimizer_of(model: Any) -> Optimizer | None:
    """Returns what is to be known of a model's optimizer; `None` where the model is not compiled with one."""
    optimizer = getattr(model, "optimizer", None) if getattr(model, "compiled", False) else None
    if optimizer is None:
        return None
    name = type(optimizer).__name__
    if optimizer.built:
        return Optimizer(name, *_sizes(optimizer.variables), built=True)
    try:
        # A twin is built in its place, on variables that have shapes and no values.
        twin = type(optimizer).from_config(optimizer.get_config())
        with variables_deferred():
            twin.build(model.trainable_variables)
            return Optimizer(name, *_sizes(twin.variables))
    except Exception:
        # Some make variables of given values, which have to be made for real: their state is known after `fit`.
        return Optimizer(name)


def _sizes(variables: Any) -> tuple[int, int]:
    """Values and bytes of all variables together."""
    sizes = [(prod(variable.shape), dtype_bytes(variable.dtype) or 0) for variable in variables]
    return sum(size for size, _ in sizes), sum(size * each for size, each in sizes)
