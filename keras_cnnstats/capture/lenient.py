"""What a layer inside another one may do when it runs, and Keras does not allow for where it is called symbolically."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras.src import tree
from keras.src.backend import any_symbolic_tensors
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.backend.common.variables import Variable
from keras.src.layers import layer as module_of_layers
from keras.src.ops import core, image, linalg, math, nn, numpy, operation
from keras.src.ops.node import Node
from keras.src.ops.numpy import GetItem
from keras.src.ops.operation import Operation

from keras_cnnstats.capture.views import ComputedError, Views, variables_in
from keras_cnnstats.graph import Shape

_MODULES = (core, image, linalg, math, nn, numpy, operation)

_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lt", "le", "gt", "ge", "eq", "ne")


@contextmanager
def lenient(views: Views, noted: list[Any]) -> Iterator[None]:
    """Symbolic calls inside go as the calls would go that compute.

    A layer may return `None` beside its tensors. Its shapes are those that its `call` makes, where Keras has no formula
    for them or one that is another class's. `variable * x` is the operation that `x * variable` is. What is made of
    weights alone is a view of them; what is computed with them alone would be computed at once, and never be seen:
    that raises `ComputedError`.

    Args:
        views: what stands in for what is made of weights alone.
        noted: the calls that are noted, so that they can be taken back, are put behind the others here.
    """

    def note(operation: Any, call_args: Any = None, call_kwargs: Any = None, outputs: Any = None) -> Any:
        made = [each for each in tree.flatten(outputs) if each is not None]
        noted.append(Node(operation, call_args, call_kwargs, made))
        return noted[-1]

    def layer_called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return _output_spec(layer, *args, **kwargs)  # `Layer.__call__` notes it

    def operation_called(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic_tensors(args, kwargs):
            return views.made(operation, args, kwargs)
        outputs = _output_spec(operation, *args, **kwargs)
        _keep_dense(outputs, (args, kwargs))
        note(operation, args, kwargs, outputs)
        return outputs

    def sliced(variable: Any, key: Any) -> Any:
        if in_symbolic_scope():
            return get_item(variable, key)
        return views.made(GetItem(), (variable, key if isinstance(key, (int, tuple)) else (key,)), {})

    get_item = vars(Variable)["__getitem__"]
    operators = [name for name in map("__{}__".format, _OPERATORS) if name in vars(Variable)]
    with ExitStack() as stack:
        stack.enter_context(replaced(Operation, symbolic_call=operation_called))
        stack.enter_context(replaced(keras.layers.Layer, symbolic_call=layer_called))
        stack.enter_context(replaced(module_of_layers, Node=note))
        for module in _MODULES:
            stack.enter_context(replaced(module, any_symbolic_tensors=_with_weights))
        stack.enter_context(replaced(Variable, **{name: _reflected(vars(Variable)[name]) for name in operators}))
        stack.enter_context(replaced(Variable, __getitem__=sliced))
        yield


@contextmanager
def replaced(holder: Any, **attributes: Any) -> Iterator[None]:
    """Attributes of one of Keras' classes or modules are others for a while."""
    before = {name: vars(holder)[name] for name in attributes}
    for name, value in attributes.items():
        setattr(holder, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(holder, name, value)


def _keep_dense(outputs: Any, fed: Any) -> None:
    """Takes back what Keras says of `0.5 * x`: that it is sparse, because a number says nothing of the kind."""
    sparse = [each for each in tree.flatten(outputs) if getattr(each, "sparse", False)]
    if sparse and not any(getattr(each, "sparse", False) for each in tree.flatten(fed)):
        for each in sparse:
            each._sparse = False


def _reflected(method: Any) -> Any:
    def operator(variable: Any, other: Any) -> Any:
        if isinstance(other, keras.KerasTensor):
            return NotImplemented
        if in_symbolic_scope():
            return method(variable, other)
        raise ComputedError

    return operator


def _with_weights(args: Any = None, kwargs: Any = None) -> bool:
    """Keras' question whether something symbolic is among the arguments of a function: a weight is, too."""
    # Where Keras infers a shape, there are tensors of the backend that have no values either.
    return any_symbolic_tensors(args, kwargs) or (not in_symbolic_scope() and bool(variables_in(args, kwargs)))


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
