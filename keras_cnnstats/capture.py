"""A Keras model becomes a graph. The only place that touches the insides of Keras.

Functional and Sequential models are read: nothing runs, no weight is read, the model is left as it was. Where the
model was built without sizes, or for others than are asked for, the shapes are inferred anew by Keras' own shape
inference, one operation after the other, on tensors that belong to nobody.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from math import prod
from typing import Any

import keras
from keras.src import tree
from keras.src.backend.common import global_state
from keras.src.models.functional import Functional
from keras.src.ops.operation import Operation

from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.graph import Call, Graph, Shape, TensorSpec, Weight

_MIXERS = frozenset(
    {"reshape", "transpose", "swapaxes", "moveaxis", "concatenate", "stack", "ravel", "get_item", "einsum"}
)
"""Operations that may mix the batch axis with others: a model that has one is read at a batch size that is known."""

_OPERATION_NAMES = {"batch_norm": "batch_normalization", "view_op": "view"}


def capture(model: Any, input_shape: Any = None, batch_size: Any = 1) -> Graph:
    """Returns the graph of a built Keras model.

    Args:
        model: a `keras.Model` or `keras.Function`.
        input_shape: shape of one sample; a list or dict of shapes in the structure of the model's inputs; or arrays.
        batch_size: samples in a batch.

    Raises:
        ModelError: `model` is no model, is not built, or has no layers.
        InputShapeError: `input_shape` does not fit the model.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InputShapeError(f"batch_size: expected an integer of at least 1. Received: {batch_size!r}.")
    function = _check_model(model)
    reader = _Reader(batch_size)
    with names_untouched():
        return reader.read(model, function, _feeds(function, input_shape))


@contextmanager
def names_untouched() -> Iterator[None]:
    """Restores Keras' counters of automatic names, so that later layers are called what they would have been."""
    counters = global_state.get_global_attribute("object_name_uids")
    before = None if counters is None else dict(counters)
    try:
        yield
    finally:
        after = global_state.get_global_attribute("object_name_uids")
        if after is not None:
            after.clear()
            after.update(before or {})


@contextmanager
def variables_deferred() -> Iterator[None]:
    """Variables made inside have a shape and no value, and nobody will give them one later."""
    waiting = global_state.get_global_attribute("uninitialized_variables", [], set_to_default=True)
    before = len(waiting)
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        del waiting[before:]


# What is no model that can be read


def _check_model(model: Any) -> Any:
    """Returns the function whose graph the model is."""
    if isinstance(model, type):
        raise ModelError(
            f"model: expected a built keras.Model, got the class `{model.__name__}`. Pass an instance of it."
        )
    if isinstance(model, keras.Function) and not isinstance(model, keras.Model):
        return model
    if not isinstance(model, keras.Model):
        if isinstance(model, keras.layers.Layer):
            raise ModelError(
                f"model: expected a built keras.Model, got the layer `{model.name}` of type {type(model).__name__}. "
                "Wrap it: keras.Sequential([keras.Input(shape), layer])."
            )
        raise ModelError(f"model: expected a built keras.Model. Received: {_shown(model)} of type {_type_name(model)}.")
    if isinstance(model, keras.Sequential) and not model.layers:
        raise ModelError(f"model `{model.name}`: it has no layers. Add some with model.add(layer).")
    function = _function_of(model)
    if function is not None:
        if not any(not isinstance(op, keras.layers.InputLayer) for op in function.operations):
            raise ModelError(f"model `{model.name}`: it has no layers: its outputs are its inputs.")
        return function
    if isinstance(model, keras.Sequential) or not model.built:
        raise ModelError(
            f"model `{model.name}`: it is not built, so that its layers have no shapes. Give it an input: "
            "begin with keras.Input(shape), or call model.build(shape) with the batch axis, e.g. (None, 224, 224, 3)."
        )
    raise ModelError(
        f"model `{model.name}`: it is a subclassed model: `{type(model).__name__}` writes its own `call`, of which "
        "Keras keeps no graph. Build it functionally: keras.Model(inputs, outputs)."
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _function_of(operation: Any) -> Any:
    """Returns the graph inside a model that only runs it, else `None`."""
    if isinstance(operation, keras.Sequential):
        return operation._functional if type(operation).call is keras.Sequential.call else None
    if isinstance(operation, keras.Model) and isinstance(operation, keras.Function):
        return operation if type(operation).call is Functional.call else None
    if type(operation) is keras.Function:
        return operation
    return None


# What the model is fed


def _feeds(function: Any, input_shape: Any) -> list[TensorSpec]:
    recorded = [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in function.inputs]
    if input_shape is None:
        return recorded
    names = _input_names(function)
    shapes = _shapes_given(input_shape, names)
    feeds = []
    for name, shape, spec in zip(names, shapes, recorded, strict=True):
        _check_shape(name, shape, spec.shape)
        feeds.append(TensorSpec((spec.shape[0], *shape), spec.dtype))
    return feeds


def _shapes_given(given: Any, names: list[str]) -> list[Shape]:
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        extra = [name for name in given if name not in names]
        if missing or extra:
            raise InputShapeError(
                f"input_shape: expected a shape for each of the inputs {_names(names)}. "
                f"Received: {_names(list(given))}."
            )
        return [_one_shape(given[name], name) for name in names]
    if _is_shape(given) or hasattr(given, "shape"):
        if len(names) != 1:
            raise InputShapeError(
                f"input_shape: the model has {len(names)} inputs, {_names(names)}: expected a list or dict of as many "
                f"shapes. Received: {_shown(given)}."
            )
        return [_one_shape(given, names[0])]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise InputShapeError(
                f"input_shape: expected {len(names)} shape{'s' * (len(names) > 1)}, for {_names(names)}. "
                f"Received: {len(given)}."
            )
        return [_one_shape(shape, name) for shape, name in zip(given, names, strict=True)]
    raise InputShapeError(
        f"input_shape: expected a shape without the batch axis, such as (224, 224, 3), or a list or dict of shapes. "
        f"Received: {_shown(given)}."
    )


def _names(names: list[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(size is None or _is_number(size) for size in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or hasattr(value, "__index__")


def _one_shape(given: Any, name: str) -> Shape:
    if hasattr(given, "shape") and not isinstance(given, (tuple, list)):
        # An array is a batch of samples.
        return tuple(given.shape)[1:]
    if not _is_shape(given):
        raise InputShapeError(
            f"input_shape of `{name}`: expected a shape without the batch axis, such as (224, 224, 3). "
            f"Received: {_shown(given)}."
        )
    for size in given:
        if size is not None and (isinstance(size, bool) or not hasattr(size, "__index__") or size < 1):
            raise InputShapeError(
                f"input_shape of `{name}`: expected positive integers. Received: {size!r} in {tuple(given)}."
            )
    return tuple(None if size is None else int(size) for size in given)


def _check_shape(name: str, shape: Shape, recorded: Shape) -> None:
    fixed = recorded[1:]
    if len(shape) != len(fixed):
        hint = " Leave the batch axis out." if len(shape) == len(recorded) else ""
        raise InputShapeError(
            f"input_shape of `{name}`: expected {len(fixed)} axes, for {fixed}. "
            f"Received: {len(shape)} axes, {shape}.{hint}"
        )
    for axis, (size, expected) in enumerate(zip(shape, fixed, strict=True)):
        if expected is not None and size != expected:
            raise InputShapeError(
                f"input_shape of `{name}`: the model was built with {expected} on axis {axis}: expected {fixed}. "
                f"Received: {shape}. Build it with keras.Input of the shape wanted."
            )


# The graph


class _Reader:
    """Walks the graphs of a model and of the models nested in it, and notes each call of a leaf."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.tensors: list[TensorSpec] = []
        self.calls: list[Call] = []
        self.times_called: dict[int, int] = {}
        self.weights: dict[int, tuple[Weight, ...]] = {}

    def read(self, model: Any, function: Any, feeds: list[TensorSpec]) -> Graph:
        if _mixes_batch(function):
            feeds = [TensorSpec((self.batch_size, *feed.shape[1:]), feed.dtype) for feed in feeds]
        inputs = tuple(self._new_tensor(feed) for feed in feeds)
        trainable = getattr(model, "trainable", True)
        outputs = self._read_function(function, inputs, "", trainable)
        owned = {weight.key for weights in self.weights.values() for weight in weights}
        rest = [weight for weight in getattr(model, "weights", ()) if id(weight) not in owned]
        return Graph(
            name=model.name,
            dtype=getattr(model, "compute_dtype", None) or keras.config.floatx(),
            inputs=inputs,
            input_names=tuple(_input_names(function)),
            outputs=outputs,
            tensors=tuple(self.tensors),
            calls=tuple(self.calls),
            weights=tuple(_weight(weight, trainable) for weight in rest),
            batch_size=self.batch_size,
            batch_is_open=any(tensor.shape[:1] == (None,) for tensor in function.inputs),
            channels_first=keras.config.image_data_format() == "channels_first",
        )

    def _new_tensor(self, spec: TensorSpec) -> int:
        self.tensors.append(spec)
        return len(self.tensors) - 1

    def _read_function(self, function: Any, feeds: tuple[int, ...], prefix: str, trainable: bool) -> tuple[int, ...]:
        """Notes the calls of a graph that is fed the tensors `feeds`; returns the tensors it makes."""
        numbers = {id(tensor): number for tensor, number in zip(function.inputs, feeds, strict=True)}
        # Shapes that Keras inferred when the model was built hold as long as it is fed what it was built for.
        as_built = all(
            self.tensors[number].shape == tuple(tensor.shape)
            for tensor, number in zip(function.inputs, feeds, strict=True)
        )
        for node in _nodes(function):
            sources = tuple(numbers[id(tensor)] for tensor in node.input_tensors)
            made = self._read_node(node, sources, prefix, trainable, as_built)
            for tensor, number in zip(node.outputs, made, strict=True):
                numbers[id(tensor)] = number
        return tuple(numbers[id(tensor)] for tensor in function.outputs)

    def _read_node(
        self, node: Any, sources: tuple[int, ...], prefix: str, trainable: bool, as_built: bool
    ) -> tuple[int, ...]:
        operation = node.operation
        path = f"{prefix}{operation.name}"
        trainable = trainable and getattr(operation, "trainable", True)
        inner = _function_of(operation)
        if inner is not None and len(inner.inputs) == len(sources):
            return self._read_function(inner, sources, f"{path}/", trainable)
        if as_built:
            results = [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in node.outputs]
        else:
            results = self._infer(node, sources, path)
        outputs = tuple(self._new_tensor(spec) for spec in results)
        self.calls.append(self._call(node, path, sources, outputs, tuple(results), trainable))
        return outputs

    def _call(
        self,
        node: Any,
        path: str,
        sources: tuple[int, ...],
        outputs: tuple[int, ...],
        results: tuple[TensorSpec, ...],
        trainable: bool,
    ) -> Call:
        operation = node.operation
        nth = self.times_called.get(id(operation), 0)
        self.times_called[id(operation)] = nth + 1
        is_layer = isinstance(operation, keras.layers.Layer)
        if is_layer and not nth:
            self.weights[id(operation)] = _weights(operation, trainable)
        target = type(operation) if is_layer else _public_function(type(operation))
        specs = tuple(self.tensors[number] for number in sources)
        args, kwargs = _arguments(node, specs)
        return Call(
            path=path,
            type=type(operation).__name__ if is_layer else getattr(target, "__name__", type(operation).__name__),
            nth=nth,
            layer=operation,
            target=target,
            inputs=sources,
            outputs=outputs,
            specs=specs,
            results=results,
            args=args,
            kwargs=kwargs,
            weights=self.weights.get(id(operation), ()),
            channels_first=_channels_first(operation),
        )

    def _infer(self, node: Any, sources: tuple[int, ...], path: str) -> list[TensorSpec]:
        fresh = iter([keras.KerasTensor(spec.shape, spec.dtype) for spec in (self.tensors[i] for i in sources)])
        arguments = node.arguments
        filled = {id(tensor): next(fresh) for tensor in arguments.keras_tensors}
        args, kwargs = arguments.fill_in(filled)
        try:
            made = node.operation.compute_output_spec(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(str(self.tensors[i].shape) for i in sources)
            raise InputShapeError(
                f"{path}: the layer does not accept the shapes that this input gives it ({shapes}). Keras says: {error}"
            ) from error
        return [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in tree.flatten(made)]


def _nodes(function: Any) -> Iterator[Any]:
    """The calls of a graph in execution order; those that could run side by side in the order of `model.summary()`."""
    order = {id(operation): place for place, operation in enumerate(function._operations)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in sorted(function._nodes_by_depth[depth], key=lambda node: order[id(node.operation)]):
            if not node.is_input:
                yield node


def _mixes_batch(function: Any) -> bool:
    """Whether some operation between the layers may move samples, so that the batch size has to be known."""
    for operation in function._operations:
        if isinstance(operation, keras.layers.Layer):
            inner = _function_of(operation)
            if inner is not None and _mixes_batch(inner):
                return True
        elif _snake_case(type(operation).__name__) in _MIXERS:
            return True
    return False


def _weights(layer: Any, trainable: bool) -> tuple[Weight, ...]:
    # `layer.weights` looks through the layers inside, which few have.
    own = layer.weights if layer._layers else layer._trainable_variables + layer._non_trainable_variables
    return tuple([_weight(weight, trainable) for weight in own])


def _weight(variable: Any, trainable: bool) -> Weight:
    return Weight(id(variable), prod(variable._shape), trainable and variable.trainable)


def _input_names(function: Any) -> list[str]:
    """What a user calls the inputs: their keys where the model takes a dictionary, else the names of their layers."""
    paths = [path for path, _ in tree.flatten_with_path(function._inputs_struct)]
    if paths and all(path and isinstance(path[-1], str) for path in paths):
        return ["/".join(str(step) for step in path) for path in paths]
    return [_producer_name(tensor) for tensor in function.inputs]


def _producer_name(tensor: Any) -> str:
    history = getattr(tensor, "_keras_history", None)
    name: str = tensor.name if history is None or history.operation is None else history.operation.name
    return name


def _channels_first(operation: Any) -> bool:
    return getattr(operation, "data_format", None) == "channels_first"


def _arguments(node: Any, specs: tuple[TensorSpec, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, each tensor, variable and array in them as its spec."""
    arguments = node.arguments
    tensors = arguments.keras_tensors
    if len(arguments.args) == 1 and not arguments.kwargs:
        # The quick way for nearly all calls: one tensor, or one list of tensors.
        (only,) = arguments.args
        if only is tensors[0]:
            return specs, {}
        if isinstance(only, (list, tuple)) and len(only) == len(tensors):
            return (specs,), {}
    by_tensor = {id(tensor): spec for tensor, spec in zip(tensors, specs, strict=True)}

    def described(value: Any) -> Any:
        if id(value) in by_tensor:
            return by_tensor[id(value)]
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            return TensorSpec(tuple(value.shape), str(value.dtype))
        return value

    args = tree.map_structure(described, arguments.args)
    kwargs = tree.map_structure(described, arguments.kwargs)
    return args, kwargs


def _public_function(operation_class: type) -> Any:
    """The function of `keras.ops` that makes operations of a class; the class itself where there is none."""
    if not issubclass(operation_class, Operation) or not operation_class.__module__.startswith("keras.src.ops"):
        return operation_class
    name = _snake_case(operation_class.__name__)
    name = _OPERATION_NAMES.get(name, name)
    return getattr(keras.ops, name, operation_class)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def application_layer(module: str, name: str) -> Any:
    """Returns the layer class that a network of `keras.applications` keeps to itself."""
    return getattr(import_module(f"keras.src.applications.{module}"), name)
