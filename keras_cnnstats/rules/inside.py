"""What stands inside a layer that another one runs, where no rule knows it: it is followed, and counted as a whole."""

from collections.abc import Callable
from typing import Any

from keras_cnnstats.capture import CannotFollowError, calls_of
from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.primitives import Measured
from keras_cnnstats.rules.registry import RuleGapError, find, wrapped
from keras_cnnstats.units import NO_WORK, Work


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
        calls = calls_of(function, *alone, holder=holder, is_known=lambda target: find(target).is_certain)
    except CannotFollowError as reason:
        raise RuleGapError(f"`{type(holder).__name__}` inside cannot be followed ({reason})") from reason
    total: Work | None = NO_WORK
    for call in calls:
        steps = [call.measured] if call.measured is not None else wrapped(call, call.layer, call.target)
        for step in steps:
            work = step.work()
            total = None if total is None or work is None else total.plus(work)
    return Measured(counted=total, weights=_parameters(holder))


def _parameters(holder: Any) -> int:
    return int(holder.count_params()) if holder.built else 0
