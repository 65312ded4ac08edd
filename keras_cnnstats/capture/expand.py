"""A layer that writes its own `call` is followed into it: called on tensors that have a shape and no values.

Every layer and every operation of `keras.ops` inside then shows itself, and the layer is put back as it was.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras.src import tree

from keras_cnnstats.capture.state import variables_deferred
from keras_cnnstats.graph import TensorSpec


class CannotFollowError(Exception):
    """A `call` that does not run on symbolic tensors; the message is the reason, in a few words."""


@contextmanager
def followed(layer: Any, node: Any, specs: dict[int, TensorSpec]) -> Iterator[Any]:
    """Gives the graph of what a layer does inside one call, as a `keras.Function` of the call's tensors.

    Args:
        layer: the layer that is called.
        node: Keras' record of the call.
        specs: shape and dtype of each tensor of the call, by the tensor's identity.

    Raises:
        CannotFollowError: the layer's `call` does not run on symbolic tensors.
    """
    fresh = {key: keras.Input(batch_shape=spec.shape, dtype=spec.dtype) for key, spec in specs.items()}
    args, kwargs = node.arguments.fill_in(fresh)
    with as_it_was(layer), variables_deferred():
        yield traced(layer, list(fresh.values()), args, kwargs)


def traced(layer: Any, tensors: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Returns the graph of one symbolic call of a layer's own `call`, which says what it warns of when it runs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _called(layer, tensors, args, kwargs)
    except Exception as error:
        raise CannotFollowError(f"{type(error).__name__}: {_first_line(error)}") from error


def _called(layer: Any, tensors: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not layer.built:
        layer(*args, **kwargs)
    outputs = layer.call(*args, **kwargs)
    return keras.Function(tensors, [output for output in tree.flatten(outputs) if output is not None])


def _first_line(error: Exception) -> str:
    # Keras says in front whose call it was, or what it wanted to infer, and prints what went wrong in bold.
    text = re.sub("\x1b\\[[0-9]*m", "", str(error.args[0]) if error.args else "").rpartition("Error encountered:")[2]
    lines = [line.strip() for line in text.splitlines() if not line.startswith("Exception encountered when calling")]
    first = next(filter(None, lines), "no message")
    if first.startswith("A KerasTensor cannot be used as input to a TensorFlow function"):
        return "it calls TensorFlow directly"
    return first if len(first) <= 200 else first[:197] + "..."


@contextmanager
def as_it_was(layer: Any) -> Iterator[None]:
    """Puts a layer and all layers in it back as they were: attributes, what they track, the calls they remember."""
    saved = [(each, _state(each)) for each in layer._flatten_layers()]
    try:
        yield
    finally:
        for each, state in saved:
            _restore(each, state)


def _state(layer: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, set[int]], bool]:
    attributes = dict(vars(layer))
    contents = {name: _copy(value) for name, value in attributes.items() if isinstance(value, (list, dict, set))}
    tracker = layer._tracker
    return attributes, contents, {name: set(ids) for name, ids in tracker.stored_ids.items()}, tracker.locked


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else (set(value) if isinstance(value, set) else list(value))


def _restore(layer: Any, state: tuple[dict[str, Any], dict[str, Any], dict[str, set[int]], bool]) -> None:
    attributes, contents, stored_ids, locked = state
    # Past the layer's own `__setattr__`, and past the collections that track what is put into them.
    now = vars(layer)
    now.clear()
    now.update(attributes)
    for name, content in contents.items():
        value = attributes[name]
        if isinstance(value, dict):
            dict.clear(value)
            dict.update(value, content)
        elif isinstance(value, set):
            set.clear(value)
            set.update(value, content)
        else:
            list.clear(value)
            list.extend(value, content)
    layer._tracker.stored_ids.update(stored_ids)
    layer._tracker.locked = locked
