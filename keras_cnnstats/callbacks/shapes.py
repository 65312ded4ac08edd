"""Shapes of what a model is trained on, batch by batch."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

Sizes = tuple[int, ...]


class Batch(NamedTuple):
    """What one step of training was fed.

    Attributes:
        samples: its samples.
        structure: of the model's inputs: nested lists and dicts, each tensor as the number of its shape.
        shapes: the shapes of one sample.
    """

    samples: int
    structure: "Structure"
    shapes: tuple[Sizes, ...]


class Structure:
    """How the inputs of a model are nested; equal where they are nested alike."""

    def __init__(self, inputs: Any) -> None:
        self.inputs = keras.tree.map_structure(lambda each: each is not None, inputs)
        self.text = repr(self.inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def filled(self, shapes: tuple[Sizes, ...]) -> Any:
        """The shapes in the places of the inputs, as `input_shape` of an analysis takes them."""
        if self.inputs is True:
            return shapes[0]
        given = iter(shapes)
        return _filled(self.inputs, given)


def _filled(structure: Any, given: Iterator[Sizes]) -> Any:
    if isinstance(structure, dict):
        # Keras flattens dicts in the order of their keys.
        values = {name: _filled(structure[name], given) for name in sorted(structure)}
        return {name: values[name] for name in structure}
    if isinstance(structure, (list, tuple)):
        return [_filled(each, given) for each in structure]
    return next(given) if structure else None


def inputs_of(data: Any) -> Any:
    """Returns the inputs in what a step of training is fed: `x` of `(x, y, sample_weight)`."""
    return keras.utils.unpack_x_y_sample_weight(data)[0]


def tensors_of(inputs: Any) -> list[Any]:
    """Returns the tensors among a model's inputs."""
    return [each for each in keras.tree.flatten(inputs) if each is not None]


def batch_of(data: Any) -> Batch:
    """Returns what there is to know of a batch without a look at its values.

    >>> import numpy as np
    >>> batch = batch_of((np.zeros((32, 28, 28, 1)), np.zeros(32)))
    >>> batch.samples, batch.shapes
    (32, ((28, 28, 1),))
    """
    inputs = inputs_of(data)
    shapes = [tuple(each.shape) for each in tensors_of(inputs)]
    return batch_of_shapes(Structure(inputs), shapes)


def batch_of_shapes(structure: Structure, shapes: list[Sizes]) -> Batch:
    """Returns a batch by the shapes of its tensors."""
    return Batch(shapes[0][0], structure, tuple(shape[1:] for shape in shapes))
