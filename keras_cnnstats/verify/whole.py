"""A whole model, made so that a backend can run it as its user does, on tensors that are given."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_cnnstats.graph import Graph, TensorSpec
from keras_cnnstats.verify.calls import Runnable, tensors_in
from keras_cnnstats.verify.reasons import OPEN, STRUCTURE


def whole(model: Any, graph: Graph, training: bool = False) -> Runnable | str:
    """Returns a model as a function of tensors, or why it is none.

    Args:
        model: the model.
        graph: its graph.
        training: whether it is called as training calls it.
    """
    specs = [_fed(graph, number) for number in graph.inputs]
    fed = [spec._replace(shape=(graph.batch_size, *spec.shape[1:])) if spec.shape else spec for spec in specs]
    if any(None in spec.shape for spec in fed):
        return OPEN
    several = len(fed) > 1
    structure = model.input if several and getattr(model, "inputs", None) else None
    if several and len(keras.tree.flatten(structure)) != len(fed):
        return STRUCTURE
    variables = list(getattr(model, "variables", ()))

    def run(tensors: Sequence[Any]) -> list[Any]:
        values, given = tensors[: len(variables)], list(tensors[len(variables) :])
        inputs = keras.tree.pack_sequence_as(structure, given) if several else given[0]
        with keras.StatelessScope(list(zip(variables, values, strict=True)), initialize_variables=False):
            made = model(inputs, training=training) if isinstance(model, keras.Model) else model(inputs)
        return tensors_in(made)

    of_variables = [TensorSpec(tuple(each.shape), each.dtype) for each in variables]
    return Runnable(run, (*of_variables, *fed), len(variables), makes_numbers(graph))


def makes_numbers(graph: Graph) -> bool:
    """Whether a model returns floating-point numbers, so that integers inside are places and sizes."""
    return any("float" in graph.tensors[number].dtype for number in graph.outputs)


def _fed(graph: Graph, number: int) -> TensorSpec:
    """What an input is fed; a model that writes its own `call` does not say that its tokens are integers."""
    spec = graph.tensors[number]
    readers = [call.layer for call in graph.calls if number in call.inputs]
    is_looked_up = bool(readers) and all(isinstance(layer, keras.layers.Embedding) for layer in readers)
    return spec._replace(dtype="int32") if is_looked_up else spec
