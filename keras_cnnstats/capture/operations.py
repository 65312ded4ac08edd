"""What an operation of a graph is: a layer, a model, a leaf of the report, and what its rules are looked up by."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras.src.ops.operation import Operation

from keras_cnnstats.capture.models import function_of

_OPERATION_NAMES = {
    "all_close": "allclose",
    "batch_norm": "batch_normalization",
    "ctcdecode": "ctc_decode",
    "ctcloss": "ctc_loss",
    "hsvto_rgb": "hsv_to_rgb",
    "is_in": "isin",
    "layer_norm": "layer_normalization",
    "rgbto_grayscale": "rgb_to_grayscale",
    "rgbto_hsv": "rgb_to_hsv",
    "rmsnorm": "rms_normalization",
    "search_sorted": "searchsorted",
    "view_op": "view",
}
"""Where the function of `keras.ops` is not called as its class."""


_MIXERS = frozenset(
    {
        "concatenate", "einsum", "get_item", "moveaxis", "ravel", "repeat", "reshape", "stack", "swapaxes", "tile",
        "transpose", "vstack",
    }
)  # fmt: skip
"""Operations that may mix the batch axis with others: a model that has one is read at a batch size that is known."""


class Kind(NamedTuple):
    """What a class of operations is: a layer, a model, a leaf of the report; what rules are looked up by; its name."""

    is_layer: bool
    is_model: bool
    is_leaf: bool
    target: Any
    name: str


class Kinds:
    """The kinds of operations, each class asked once."""

    def __init__(self, is_known: Callable[[Any], bool]) -> None:
        self.is_known = is_known
        self.found: dict[type, Kind] = {}

    def of(self, operation: Any) -> Kind:
        """The kind of an operation."""
        cls = type(operation)
        kind = self.found.get(cls)
        if kind is None:
            is_layer = issubclass(cls, keras.layers.Layer)
            target = cls if is_layer else public_function(cls)
            kind = self.found[cls] = Kind(
                is_layer=is_layer,
                is_model=issubclass(cls, (keras.Model, keras.Function)),
                is_leaf=self.is_known(target),
                target=target,
                name=cls.__name__ if is_layer else getattr(target, "__name__", cls.__name__),
            )
        return kind


def public_function(operation_class: type) -> Any:
    """The function of `keras.ops` that makes operations of a class; the class itself where there is none."""
    if not issubclass(operation_class, Operation) or not operation_class.__module__.startswith("keras.src.ops"):
        return operation_class
    name = snake_case(operation_class.__name__)
    name = _OPERATION_NAMES.get(name, name)
    return getattr(keras.ops, name, None) or getattr(keras.ops.image, name, operation_class)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def mixes_batch(function: Any) -> bool:
    """Returns whether some operation between the layers may move samples, so that the batch size has to be known."""
    waiting, seen = [function], {id(function)}
    while waiting:
        for operation in waiting.pop().operations:
            if isinstance(operation, keras.layers.Layer):
                inner = function_of(operation) if isinstance(operation, keras.Model) else None
                if inner is not None and id(inner) not in seen:
                    seen.add(id(inner))
                    waiting.append(inner)
            elif snake_case(type(operation).__name__) in _MIXERS:
                return True
    return False
