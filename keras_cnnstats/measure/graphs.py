"""Graphs of TensorFlow: what their outputs need, and the bodies of the functions that they call."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Body(NamedTuple):
    """The graph of a function.

    Attributes:
        graph: the graph.
        inputs: what it is called on.
        outputs: what it returns.
    """

    graph: Any
    inputs: Sequence[Any]
    outputs: Sequence[Any]


class Functions:
    """The functions that a graph calls, and those that they call."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.definitions: dict[str, Any] | None = None

    def body(self, operation: Any, attribute: str, inputs: Sequence[Any]) -> Body:
        """The body of a function, with the shapes that it is called with: it has forgotten them."""
        import tensorflow as tf
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def
        from tensorflow.python.ops.handle_data_util import copy_handle_data

        if self.definitions is None:
            library = self.graph.as_graph_def().library.function
            self.definitions = {function.signature.name: function for function in library}
        definition = self.definitions[operation.get_attr(attribute).name]
        nodes, flat_names = function_def_to_graph_def(definition, include_library_functions=True)
        names = [argument.name for argument in definition.signature.input_arg]
        returned = [flat_names[definition.ret[result.name]] for result in definition.signature.output_arg]
        with tf.Graph().as_default() as graph:
            fed = [tf.compat.v1.placeholder(tensor.dtype, tensor.shape) for tensor in inputs]
            for source, target in zip(inputs, fed, strict=True):
                copy_handle_data(source, target)
            by_name = {f"{name}:0": tensor for name, tensor in zip(names, fed, strict=True)}
            return Body(graph, fed, tf.graph_util.import_graph_def(nodes, by_name, returned, name=""))


def needed(outputs: Iterable[Any]) -> list[Any]:
    """Returns the operations that some tensors are made by."""
    found: dict[str, Any] = {}
    waiting = [tensor.op for tensor in outputs]
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found[operation.name] = operation
            waiting += [*(tensor.op for tensor in operation.inputs), *operation.control_inputs]
    return list(found.values())
