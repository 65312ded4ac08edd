"""Where the head of a classifier begins: where its maps become vectors and nothing else is added any more."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from keras_cnnstats.capture.models import function_of
from keras_cnnstats.capture.steps import Step, steps_of

AVERAGES = (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
MAXIMA = (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D)


def starts_of(function: Any) -> frozenset[int]:
    """Returns the numbers of the steps of a graph with which a head begins.

    A head begins where a map is flattened or pooled over all positions, and every later step takes nothing but what
    the one before it has made. So no head begins with a global pooling whose result is multiplied with the map again.
    """
    steps = list(steps_of(function))
    return frozenset(
        number for number, step in enumerate(steps) if begins(step) and mixed(steps, _behind(steps, number)) is None
    )


def obstacle(function: Any) -> Step | None:
    """Returns the first step behind the end of the maps that takes something else too, if there is one."""
    steps = list(steps_of(function))
    found = (mixed(steps, _behind(steps, number)) for number, step in enumerate(steps) if begins(step))
    return next((step for step in found if step is not None), None)


def mixed(steps: Sequence[Step], behind: Sequence[int]) -> Step | None:
    """Returns the first of these steps that takes several tensors."""
    return next((steps[number] for number in behind if len(steps[number].inputs) != 1), None)


def begins(step: Step) -> bool:
    """Whether a step makes a vector of a map, itself or in a model that is nested in it."""
    inner = function_of(step.operation)
    if inner is not None:
        return bool(starts_of(inner))
    rank = len(step.inputs[0].shape)
    flattens = isinstance(step.operation, (layers.Flatten, layers.Reshape)) and len(step.outputs[0].shape) == 2
    return rank > 2 and (flattens or isinstance(step.operation, (*AVERAGES, *MAXIMA)))


def _behind(steps: Sequence[Step], start: int) -> list[int]:
    """The steps that depend on one of them."""
    made, behind = {id(tensor) for tensor in steps[start].outputs}, []
    for number in range(start + 1, len(steps)):
        if any(id(tensor) in made for tensor in steps[number].inputs):
            made |= {id(tensor) for tensor in steps[number].outputs}
            behind.append(number)
    return behind
