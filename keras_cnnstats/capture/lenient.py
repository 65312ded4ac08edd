"""What a layer inside another one may do when it runs, and Keras does not allow for where it is called symbolically."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any

import keras
from keras.src import tree
from keras.src.backend import any_symbolic_tensors
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.backend.common.variables import Variable
from keras.src.layers import layer as module_of_layers
from keras.src.ops import core, image, linalg, math, nn, numpy
from keras.src.ops.node import Node
from keras.src.ops.operation import Operation

from keras_cnnstats.graph import Shape

_MODULES = (core, image, linalg, math, nn, numpy)

_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lt", "le", "gt", "ge", "eq", "ne")


@contextmanager
def lenient() -> Iterator[None]:
    """Symbolic calls inside go as the calls would go that compute.

    A layer may return `None` beside its tensors. Its shapes are those that its `call` makes, where Keras has no formula
    for them or one that is another class's. `variable * x` is the operation that `x * variable` is. What is computed
    with weights alone would be computed at once, and never be seen: that raises.
    """

    def layer_called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return _output_spec(layer, *args, **kwargs)  # `Layer.__call__` notes it

    def operation_called(operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = _output_spec(operation, *args, **kwargs)
        _note(operation, args, kwargs, outputs)
        return outputs

    asked = _of_weights()
    operators = [name for name in map("__{}__".format, _OPERATORS) if name in vars(Variable)]
    with ExitStack() as replaced:
        replaced.enter_context(_replaced(Operation, symbolic_call=operation_called))
        replaced.enter_context(_replaced(keras.layers.Layer, symbolic_call=layer_called))
        replaced.enter_context(_replaced(module_of_layers, Node=_note))
        for module in _MODULES:
            replaced.enter_context(_replaced(module, any_symbolic_tensors=asked))
        replaced.enter_context(_replaced(Variable, **{name: _reflected(vars(Variable)[name]) for name in operators}))
        yield


@contextmanager
def _replaced(holder: Any, **attributes: Any) -> Iterator[None]:
    """Attributes of one of Keras' classes or modules are others for a while."""
    before = {name: vars(holder)[name] for name in attributes}
    for name, value in attributes.items():
        setattr(holder, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(holder, name, value)


def _note(operation: Any, call_args: Any = None, call_kwargs: Any = None, outputs: Any = None) -> Any:
    return Node(operation, call_args, call_kwargs, [each for each in tree.flatten(outputs) if each is not None])


def _reflected(method: Any) -> Any:
    def operator(variable: Any, other: Any) -> Any:
        if isinstance(other, keras.KerasTensor):
            return NotImplemented
        if in_symbolic_scope():
            return method(variable, other)
        raise ComputedError

    return operator


class ComputedError(Exception):
    """A `call` that computes with its weights alone, which a symbolic call would do at once."""


_FREE = frozenset(
    {
        "broadcast_to", "cast", "concatenate", "convert_to_tensor", "copy", "diag", "diagonal", "expand_dims", "flip",
        "full_like", "get_item", "identity", "moveaxis", "ones_like", "pad", "ravel", "repeat", "reshape", "roll",
        "shape", "slice", "split", "squeeze", "stack", "stop_gradient", "swapaxes", "take", "take_along_axis", "tile",
        "transpose", "tril", "triu", "unstack", "zeros_like",
    }
)  # fmt: skip
"""Functions that compute nothing: with a weight they are done at once, and what they make is a constant."""

_SMALL = 2**16
"""Values of a weight that was given none, as in an abstract model, which may be made on the spot."""


def _of_weights() -> Any:
    """Keras' question whether something symbolic is among the arguments of a function, with an eye on the weights."""
    touched = False

    def asked(args: Any = None, kwargs: Any = None) -> bool:
        nonlocal touched
        if any_symbolic_tensors(args, kwargs):
            return True
        if in_symbolic_scope():
            # Keras infers a shape, with tensors of the backend that have no values either.
            return False
        given = tree.flatten((args, kwargs))
        weights = [each for each in given if isinstance(each, Variable)]
        if not weights and not (touched and any(map(keras.ops.is_tensor, given))):
            return False
        if sys._getframe(1).f_code.co_name not in _FREE or any(map(_is_large_and_empty, weights)):
            raise ComputedError
        touched = True
        return False

    return asked


def _is_large_and_empty(weight: Any) -> bool:
    return weight._value is None and prod(weight.shape) > _SMALL


def _output_spec(operation: Any, *args: Any, **kwargs: Any) -> Any:
    cls = type(operation)
    # What a base class says of its outputs need not hold for the `call` of a class derived from it: that is asked then.
    if _writer(cls, "call") < min(_writer(cls, "compute_output_shape"), _writer(cls, "compute_output_spec")):
        return Operation.compute_output_spec(operation, *args, **kwargs)
    try:
        made = operation.compute_output_spec(*args, **kwargs)
    except Exception:
        return Operation.compute_output_spec(operation, *args, **kwargs)
    if isinstance(operation, keras.layers.EinsumDense):
        return keras.KerasTensor(completed(operation.equation, args[0].shape, made.shape), made.dtype)
    return made


def _writer(cls: type, method: str) -> int:
    """How far up among its bases the class stands that writes a method."""
    return next((place for place, base in enumerate(cls.__mro__) if method in vars(base)), len(cls.__mro__))


def completed(equation: str, fed: Shape, made: Shape) -> Shape:
    """Returns the shape that an einsum makes with the sizes that its input has, where the user left them open."""
    if None not in made[1:]:
        return made
    source, result = equation.replace(" ", "").split(",")[0], equation.replace(" ", "").split("->")[1]
    if "..." in source:
        return made
    sizes = dict(zip(source, fed, strict=True))
    return tuple(sizes.get(letter) if size is None else size for letter, size in zip(result, made, strict=True))
