"""A layer that writes its own `call` is followed into it: called on tensors that have a shape and no values.

Every layer and every operation of `keras.ops` inside then shows itself. What cannot be followed is counted by the
backend, where that can. The layers stay as the call left them until all is read, and are then put back as they were.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras
from keras.src import tree

from keras_cnnstats.capture.lenient import lenient
from keras_cnnstats.capture.state import quietly
from keras_cnnstats.capture.views import ComputedError, Views
from keras_cnnstats.graph import Shape, TensorSpec
from keras_cnnstats.measure import CannotMeasureError, backend_name, measure
from keras_cnnstats.units import Work


class CannotFollowError(Exception):
    """A `call` that does not run on symbolic tensors; the message is the reason, in a few words."""

    def __init__(self, reason: str, remedy: str = "write it in keras.ops") -> None:
        super().__init__(reason)
        self.remedy = remedy


def traced(
    layer: Any,
    tensors: Sequence[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    views: Views,
    keeper: "Keeper",
) -> Any:
    """Returns the graph of one symbolic call of a layer's own `call`, as a `keras.Function` of the call's tensors.

    Raises:
        CannotFollowError: the layer's `call` does not run on symbolic tensors.
    """
    try:
        with quietly(), lenient(views, keeper.noted):
            if not layer.built:
                layer(*args, **kwargs)
            outputs = [each for each in tree.flatten(layer.call(*args, **_accepted(layer, kwargs))) if each is not None]
            return keras.Function(list(tensors), [_in_the_graph(each, tensors[0], layer) for each in outputs])
    except ComputedError as error:
        raise CannotFollowError("it computes with its weights alone") from error
    except Exception as error:
        raise CannotFollowError(_reason(error)) from error


def _accepted(layer: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments without what Keras hands through layers that do not take it, such as `training`."""
    taken = layer._call_signature.parameters
    return {name: value for name, value in kwargs.items() if name in taken or name not in layer._call_context_args}


class Constant(keras.Operation):
    """What a layer makes of its weights and of sizes alone: the same for each sample, and worked out once."""

    def __init__(self, value: Any) -> None:
        super().__init__(name="constant")
        self.spec = tuple(value.shape), keras.backend.standardize_dtype(value.dtype)

    def compute_output_spec(self, *_: Any) -> Any:
        return keras.KerasTensor(*self.spec)


def _in_the_graph(output: Any, tensor: Any, layer: Any) -> Any:
    """The output; one that depends on no input is hung on a tensor that is there, so that the graph has it."""
    return output if isinstance(output, keras.KerasTensor) else Constant(output).symbolic_call(tensor, *layer.variables)


def measured(
    operation: Any, variables: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Work | None, tuple[Shape, ...]]:
    """Returns the backend's count of a call, and the shapes that it makes; no count where a size is unknown.

    Raises:
        CannotFollowError: the backend cannot tell either.
    """
    tensors = [each for each in tree.flatten((args, kwargs)) if isinstance(each, keras.KerasTensor)]
    if any(None in tensor.shape for tensor in tensors):
        return None, ()
    try:
        with quietly():
            return measure(operation, variables, args, kwargs)
    except CannotMeasureError as error:
        raise CannotFollowError(_reason(error.failure) if error.failure else str(error)) from error


def check_shapes(made: Iterable[Sequence[int | None]], claimed: Sequence[TensorSpec]) -> None:
    """Raises `CannotFollowError` where a call makes other shapes than the layer says that it makes."""
    for shape, says in zip(made, [spec.shape for spec in claimed], strict=False):
        fits = len(shape) == len(says) and all(
            None in (size, wanted) or size == wanted for size, wanted in zip(shape[1:], says[1:], strict=True)
        )
        if not fits:
            raise CannotFollowError(
                f"it makes the shape {_open(shape)}, and says that it makes {_open(says)}",
                "mend its compute_output_shape",
            )


def _open(shape: Sequence[int | None]) -> Shape:
    return (None, *shape[1:])


def _reason(error: BaseException) -> str:
    # Keras says in front whose call it was, or what it wanted to infer, and prints what went wrong in bold.
    text = re.sub("\x1b\\[[0-9]*m", "", str(error.args[0]) if error.args else "").rpartition("Error encountered:")[2]
    lines = [line.strip() for line in text.splitlines() if not line.startswith("Exception encountered when calling")]
    first = next(filter(None, lines), "no message")
    if any(sign in first for sign in ("KerasTensor", "__jax_array__", "as an abstract array")):
        return f"it calls {backend_name()} directly"
    return f"{type(error).__name__}: {first if len(first) <= 200 else first[:197] + '...'}"


class _State(NamedTuple):
    """What a layer holds.

    Attributes:
        layer: the layer.
        attributes: its attributes.
        contents: copies of those of them that can be changed in place.
        tracked: the identities of what it tracks.
        locked: whether it tracks no more.
    """

    layer: Any
    attributes: dict[str, Any]
    contents: dict[str, Any]
    tracked: dict[str, set[int]]
    locked: bool


class Keeper:
    """Remembers layers before they are called, and puts them back as they were: attributes, what they track, calls.

    Attributes:
        kept: what the layers held.
        noted: the calls that were noted: those of layers, too, that a `call` reaches without holding them.
    """

    def __init__(self) -> None:
        self.kept: dict[int, _State] = {}
        self.noted: list[Any] = []

    def keep(self, layer: Any) -> None:
        """Remembers a layer and all layers in it, each as it was when it was first seen."""
        for each in layer._flatten_layers():
            if id(each) not in self.kept:
                self.kept[id(each)] = _state(each)

    def put_back(self) -> None:
        for state in self.kept.values():
            _restore(state)
        for node in reversed(self.noted):
            _take_back(node)


def _state(layer: Any) -> _State:
    attributes, tracker = dict(vars(layer)), layer._tracker
    contents = {name: _copy(value) for name, value in attributes.items() if isinstance(value, (list, dict, set))}
    return _State(
        layer, attributes, contents, {name: set(ids) for name, ids in tracker.stored_ids.items()}, tracker.locked
    )


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else (set(value) if isinstance(value, set) else list(value))


def _restore(state: _State) -> None:
    # Past the layer's own `__setattr__`, and past the collections that track what is put into them.
    now = vars(state.layer)
    now.clear()
    now.update(state.attributes)
    for name, content in state.contents.items():
        # TensorFlow has proxies around some, which only look like dicts and lists.
        value = getattr(state.attributes[name], "__wrapped__", state.attributes[name])
        if isinstance(value, dict):
            dict.clear(value)
            dict.update(value, content)
        elif isinstance(value, set):
            set.clear(value)
            set.update(value, content)
        else:
            list.clear(value)
            list.extend(value, content)
    state.layer._tracker.stored_ids.update(state.tracked)
    state.layer._tracker.locked = state.locked


def _take_back(node: Any) -> None:
    """Removes a call from what it was noted in: the operation itself, and those that made what it reads."""
    read = [tensor._keras_history.operation for tensor in node.input_tensors if hasattr(tensor, "_keras_history")]
    for nodes in (node.operation._inbound_nodes, *[each._outbound_nodes for each in read if each is not None]):
        place = next((at for at in reversed(range(len(nodes))) if nodes[at] is node), None)
        if place is not None:
            del nodes[place]
