"""How a layer computes whose weights were quantised or adapted since it was built."""

from typing import Any

from keras_cnnstats.capture import adaptation
from keras_cnnstats.primitives import Adaptation
from keras_cnnstats.rules.registry import RuleGapError


def adapted(layer: Any) -> Adaptation:
    """What was made of the weights of a layer since it was built.

    Raises:
        RuleGapError: its inputs are quantised in a way of the user's.
    """
    how = adaptation(layer)
    if how.inputs is None:
        raise RuleGapError(
            f"no cost is known for the quantizer `{type(layer.inputs_quantizer).__name__}` of its inputs"
        )
    return how
