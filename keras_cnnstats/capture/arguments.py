"""What a call is given: tensors as records of shape and dtype, and the masks that come with them."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

import keras
from keras.src import tree

from keras_cnnstats.capture.views import Views
from keras_cnnstats.graph import TensorSpec


def spec_of(tensor: Any) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), tensor.dtype)


def specs_of(tensors: Iterable[Any]) -> tuple[TensorSpec, ...]:
    """The records of symbolic tensors."""
    return tuple([TensorSpec(tensor._shape, tensor._dtype) for tensor in tensors])


def arguments_of(node: Any, specs: tuple[TensorSpec, ...], views: Views) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, each tensor, variable and array in them as its spec."""
    arguments = node.arguments
    if arguments._single_positional_tensor is not None:
        # The quick way for nearly all calls: one tensor, or one list of tensors.
        return specs, {}
    tensors = arguments.keras_tensors
    given = arguments.kwargs
    if len(arguments.args) == 1 and all(value is None for value in given.values()):
        (only,) = arguments.args
        if only is tensors[0]:
            return specs, dict(given)
        if isinstance(only, (list, tuple)) and len(only) == len(tensors):
            return (list(specs) if isinstance(only, list) else specs,), dict(given)
    by_tensor = {id(tensor): spec for tensor, spec in zip(tensors, specs, strict=True)}

    def described(value: Any) -> Any:
        if id(value) in by_tensor:
            return by_tensor[id(value)]
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            weight = views.weight(value) if isinstance(value, keras.Variable) else None
            dtype = keras.backend.standardize_dtype(value.dtype)
            return TensorSpec(tuple(value.shape), dtype, None if weight is None else id(weight))
        return value

    args = tree.map_structure(described, arguments.args)
    kwargs = tree.map_structure(described, given)
    return args, kwargs


def are_plain(tensors: Iterable[Any]) -> bool:
    """Whether there is nothing more to know of tensors than their shapes: none has a mask, none is sparse."""
    marked = [tensor for tensor in tensors if tensor._sparse or getattr(tensor, "_keras_mask", None) is not None]
    return not marked


def implied_masks(node: Any) -> dict[str, Any]:
    """The masks that come to a call with the tensors that it reads, by the arguments that Keras passes them in."""
    if not any(_is_masked(tensor) for tensor in node.input_tensors):
        return {}
    arguments, taken = node.arguments, signature(node.operation.call).parameters
    by_name = dict(zip(taken, arguments.args, strict=False)) | arguments.kwargs
    fed = {name: value for name, value in by_name.items() if _is_fed(value)}
    names = ["mask"] if len(fed) == 1 else [f"{name}_mask" for name in fed]
    return {
        name: tree.map_structure(_mask_of, value)
        for name, value in zip(names, fed.values(), strict=True)
        if name in taken and by_name.get(name) is None and any(map(_is_masked, tree.flatten(value)))
    }


def masks_of(node: Any, fresh: Mapping[int, Any]) -> list[Any]:
    """Gives the tensors that stand for those of a call masks like theirs, and returns these.

    Args:
        node: the call.
        fresh: the tensors, by the identity of what each stands for.
    """
    masks = []
    for tensor in {id(each): each for each in node.input_tensors if _is_masked(each)}.values():
        stands_for, rank = fresh[id(tensor)], len(tensor._keras_mask.shape)
        stands_for._keras_mask = keras.Input(batch_shape=stands_for.shape[:rank], dtype="bool")
        masks.append(stands_for._keras_mask)
    return masks


def _is_fed(value: Any) -> bool:
    flat = tree.flatten(value)
    return bool(flat) and all(isinstance(each, keras.KerasTensor) for each in flat)


def _is_masked(tensor: Any) -> bool:
    return getattr(tensor, "_keras_mask", None) is not None


def _mask_of(tensor: Any) -> TensorSpec | None:
    return spec_of(tensor._keras_mask) if _is_masked(tensor) else None


def stored_note(node: Any) -> str:
    """What the user should know of how the tensors that a call reads are stored."""
    # Keras also calls products with weights sparse; what is fed says for sure.
    if any(getattr(tensor, "sparse", False) and _is_input(tensor) for tensor in node.input_tensors):
        return "an input is sparse: counted as if all of its values were stored"
    return ""


def _is_input(tensor: Any) -> bool:
    return isinstance(tensor._keras_history.operation, keras.layers.InputLayer)
