"""What a model is fed: the shapes that it was built for, or those that the user asks for."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

import keras
from keras.src import tree

from keras_cnnstats.capture.models import shown, written_shapes
from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.graph import Shape, TensorSpec


def feeds_of(function: Any, input_shape: Any) -> list[TensorSpec]:
    recorded = [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in function.inputs]
    if input_shape is None:
        return recorded
    names = input_names(function)
    shapes = _shapes_given(input_shape, names)
    feeds = []
    for name, shape, spec in zip(names, shapes, recorded, strict=True):
        _check_shape(name, shape, spec.shape)
        feeds.append(TensorSpec((spec.shape[0], *shape), spec.dtype))
    return feeds


Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""Those of a call, by place and by name."""


def written_feeds(model: Any, input_shape: Any, batch_size: int) -> list[Arguments]:
    """Returns the arguments of a symbolic call of a model that writes its own `call`.

    Nobody says of which dtype they are where shapes alone are given: they are numbers, or else indices.
    """
    known = keras.tree.flatten(input_shape) if input_shape is not None else []
    dtypes = ["int32"] if not any(hasattr(given, "dtype") for given in known) else []
    return [_arguments(model, input_shape, batch_size, dtype) for dtype in (keras.config.floatx(), *dtypes)]


def _arguments(model: Any, input_shape: Any, batch_size: int, dtype: str) -> Arguments:
    def fed(spec: TensorSpec, name: str) -> Any:
        name = name.removeprefix("input/").replace("/", "_")
        return keras.Input(batch_shape=(batch_size, *spec.shape[1:]), dtype=spec.dtype, name=name)

    if input_shape is not None:
        specs = _map_shapes(
            lambda given, name: TensorSpec((None, *_one_shape(given, name)), _dtype_of(given) or dtype),
            input_shape,
            "input",
        )
        if _are_arguments(specs, model):
            return (), {name: _map_specs(fed, spec, name) for name, spec in specs.items()}
        return (_map_specs(fed, specs, "input"),), {}
    recorded = {name.removesuffix("_shape"): shape for name, shape in written_shapes(model).items()}
    given = {
        name: _map_shapes(lambda shape, name: fed(TensorSpec(shape, dtype), name), shape, name)
        for name, shape in recorded.items()
    }
    return (tuple(given.values()), {}) if len(given) == 1 else ((), given)


def missing_inputs(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Returns how to pass the shapes of several arguments, where a model's call takes more than it was fed."""
    taken = [
        name
        for name, parameter in signature(model.call).parameters.items()
        if name not in ("training", "mask") and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if len(taken) <= len(args) + len(kwargs):
        return ""
    shapes = ", ".join(f'"{name}": shape' for name in taken)
    return f"It takes {_names(taken)}: pass a shape for each that it needs, input_shape={{{shapes}}}."


def _are_arguments(shapes: Any, model: Any) -> bool:
    """Whether a dictionary gives a shape for each of several arguments of the model's call, and not one dictionary."""
    return isinstance(shapes, Mapping) and set(shapes) <= set(signature(model.call).parameters)


def _map_specs(work: Any, specs: Any, name: str) -> Any:
    """Applies `work` to each spec in a structure of lists and dictionaries."""
    if isinstance(specs, Mapping):
        return {key: _map_specs(work, spec, f"{name}/{key}") for key, spec in specs.items()}
    if isinstance(specs, list):
        return [_map_specs(work, spec, f"{name}/{place}") for place, spec in enumerate(specs)]
    return work(specs, name)


def _dtype_of(given: Any) -> str | None:
    """The dtype of an array or of a symbolic tensor that stands for a shape: layers cast numbers to their own."""
    dtype = getattr(given, "dtype", None)
    if dtype is None:
        return None
    name: str = keras.backend.standardize_dtype(dtype)
    return None if "float" in name else name


def _map_shapes(work: Any, shapes: Any, name: str) -> Any:
    """Applies `work` to each shape in a structure of lists and dictionaries."""
    if isinstance(shapes, Mapping):
        return {key: _map_shapes(work, shape, f"{name}/{key}") for key, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)) and not _is_shape(shapes):
        return [_map_shapes(work, shape, f"{name}/{place}") for place, shape in enumerate(shapes)]
    return work(shapes, name)


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
                f"shapes. Received: {shown(given)}."
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
        f"Received: {shown(given)}."
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
            f"Received: {shown(given)}."
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


def input_names(function: Any) -> list[str]:
    """What a user calls the inputs: their keys where the model takes a dictionary, else the names of their layers."""
    paths = [path for path, _ in tree.flatten_with_path(function._inputs_struct)]
    if paths and all(path and isinstance(path[-1], str) for path in paths):
        return ["/".join(str(step) for step in path) for path in paths]
    return [_producer_name(tensor) for tensor in function.inputs]


def _producer_name(tensor: Any) -> str:
    history = getattr(tensor, "_keras_history", None)
    name: str = tensor.name if history is None or history.operation is None else history.operation.name
    return name
