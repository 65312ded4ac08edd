"""Multiply-accumulate pairs of a model as TensorFlow is about to run it: counted in the graph that TensorFlow traces.

Nothing of keras_cnnstats is imported. Each matrix product and each convolution of the graph is counted from the shapes
of its own tensors, padded taps included, and so is what stands in the functions that the graph calls. A loop or a
branch that holds products has no single count, and is an error.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import keras
import tensorflow as tf

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
LOOP, BRANCH = ("cond", "body"), ("then_branch", "else_branch")
BODIES = {"While": LOOP, "StatelessWhile": LOOP, "If": BRANCH, "StatelessIf": BRANCH}


def macs(model: Any, fed: Any) -> int:
    """Returns the multiply-accumulate pairs of one inference.

    Args:
        model: a Keras model on the TensorFlow backend.
        fed: what it is fed, as `keras.KerasTensor`s of known sizes, in the model's input structure.
    """
    specs = keras.tree.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), fed)
    function = tf.function(lambda given: model(given, training=False), autograph=False)
    return _of_graph(function.get_concrete_function(specs).graph)


def _of_graph(graph: Any) -> int:
    """What depends on nothing that is fed, and on no weight, is a constant that TensorFlow works out beforehand."""
    total, constant = 0, set()
    for operation in graph.get_operations():
        if operation.type != "Placeholder" and all(tensor.op in constant for tensor in operation.inputs):
            constant.add(operation)
        else:
            total += _of_operation(operation, graph)
    return total


def _of_operation(operation: Any, graph: Any) -> int:
    if operation.type in CALLS:
        return _of_graph(_function(operation, "f", graph))
    if operation.type in BODIES:
        if any(_of_graph(_function(operation, name, graph)) for name in BODIES[operation.type]):
            raise NotImplementedError(f"{operation.name}: a {operation.type} with products in it has no single count")
        return 0
    if operation.type in COUNTED:
        return COUNTED[operation.type](operation)
    if any(word in operation.type for word in ("MatMul", "Conv", "Einsum", "Rnn", "RNN", "Dot")):
        raise NotImplementedError(f"{operation.name}: how much a {operation.type} computes is not known here")
    return 0


def _function(operation: Any, attribute: str, graph: Any) -> Any:
    return graph._get_function(operation.get_attr(attribute).name).graph


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(tensor.shape.as_list())


def _matrix_product(operation: Any) -> int:
    """The product of the sizes of all rows, columns and summands."""
    first = _shape(operation.inputs[0])
    turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
    return prod(_shape(operation.outputs[0])) * first[-2 if turned else -1]


def _einsum(operation: Any) -> int:
    """The product of the sizes of all letters."""
    terms, _, _result = operation.get_attr("equation").decode().partition("->")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms.split(","), operation.inputs, strict=True):
        shape, dots = _shape(tensor), "..." in term
        before, _, behind = term.partition("...")
        hidden = len(shape) - len(before) - len(behind) if dots else 0
        names = [*before, *(f"{place}..." for place in range(hidden, 0, -1)), *behind]
        for name, size in zip(names, shape, strict=True):
            sizes[name] = max(size, sizes.get(name, 1))
    if len(operation.inputs) != 2:
        raise NotImplementedError(f"{operation.name}: an einsum of {len(operation.inputs)} tensors")
    return prod(sizes.values())


def _convolution(operation: Any) -> int:
    """Each output value is a sum over the window and the input channels of its group."""
    *window, channels, _outputs = _shape(operation.inputs[1])
    return prod(_shape(operation.outputs[0])) * prod(window) * channels


def _depthwise(operation: Any) -> int:
    *window, _channels, _multiplier = _shape(operation.inputs[1])
    return prod(_shape(operation.outputs[0])) * prod(window)


def _transposed(operation: Any) -> int:
    """Each input value is multiplied by the whole window of each output channel."""
    *window, outputs, _inputs = _shape(operation.inputs[1])
    return prod(_shape(operation.inputs[2])) * prod(window) * outputs


COUNTED: Mapping[str, Callable[[Any], int]] = {
    "BatchMatMul": _matrix_product,
    "BatchMatMulV2": _matrix_product,
    "BatchMatMulV3": _matrix_product,
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _transposed,
    "Conv3D": _convolution,
    "Conv3DBackpropInputV2": _transposed,
    "DepthwiseConv2dNative": _depthwise,
    "Einsum": _einsum,
    "MatMul": _matrix_product,
}
