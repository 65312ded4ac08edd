"""What a layer inside another one may do when it runs, and Keras does not allow for where it is called symbolically."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras.src import tree
from keras.src.backend.common.variables import Variable
from keras.src.layers import layer as module_of_layers
from keras.src.ops.node import Node
from keras.src.ops.operation import Operation

from keras_cnnstats.graph import Shape

_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lt", "le", "gt", "ge", "eq", "ne")


@contextmanager
def lenient() -> Iterator[None]:
    """Symbolic calls inside go as the calls would go that compute.

    A layer may return `None` beside its tensors. Its shapes are those that its `call` makes, where Keras has no formula
    for them or one that is another class's. `variable * x` is the operation that `x * variable` is.
    """

    def layer_called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return _output_spec(layer, *args, **kwargs)  # `Layer.__call__` notes it

    def operation_called(operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = _output_spec(operation, *args, **kwargs)
        _note(operation, args, kwargs, outputs)
        return outputs

    operators = [name for name in map("__{}__".format, _OPERATORS) if name in vars(Variable)]
    with ExitStack() as replaced:
        replaced.enter_context(_replaced(Operation, symbolic_call=operation_called))
        replaced.enter_context(_replaced(keras.layers.Layer, symbolic_call=layer_called))
        replaced.enter_context(_replaced(module_of_layers, Node=_note))
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
        return NotImplemented if isinstance(other, keras.KerasTensor) else method(variable, other)

    return operator


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
