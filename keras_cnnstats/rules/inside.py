"""What stands inside a layer that another one runs, where no rule knows it: it is followed, and counted as a whole."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from keras_cnnstats.capture import CannotFollowError, calls_of
from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.primitives import Measured, Primitive
from keras_cnnstats.rules.registry import RuleGapError, is_known, wrapped


def inside(holder: Any, function: Callable[..., Any], *specs: TensorSpec) -> Measured:
    """Returns the work of one sample in a function that calls a layer; of where it looks nothing is said.

    Args:
        holder: the layer.
        function: calls it on tensors.
        *specs: those tensors; their first axis is the batch.

    Raises:
        RuleGapError: it cannot be followed, or somebody inside has no rule.
    """
    alone = [spec._replace(shape=(1, *spec.shape[1:])) for spec in specs]
    try:
        calls = calls_of(function, *alone, holder=holder, is_known=is_known)
    except CannotFollowError as reason:
        raise RuleGapError(f"`{type(holder).__name__}` inside cannot be followed ({reason})") from reason
    return Measured.of(chain.from_iterable(map(_steps, calls)), _parameters(holder))


def _steps(call: Call) -> Sequence[Primitive]:
    return wrapped(call, call.layer, call.target) if call.measured is None else [call.measured]


def _parameters(holder: Any) -> int:
    return int(holder.count_params()) if holder.built else 0
