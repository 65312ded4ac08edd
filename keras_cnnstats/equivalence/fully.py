"""A classifier becomes fully convolutional: its dense head slides over maps of any size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
from keras import layers

from keras_cnnstats.capture.models import check_model, function_of
from keras_cnnstats.capture.state import names_untouched, random_untouched
from keras_cnnstats.capture.steps import Step, steps_of, structured
from keras_cnnstats.equivalence.copies import Copies, put_together
from keras_cnnstats.equivalence.flow import Flow
from keras_cnnstats.equivalence.heads import obstacle, starts_of
from keras_cnnstats.equivalence.turned import turned
from keras_cnnstats.errors import ModelError


def to_fully_convolutional(model: Any) -> Any:
    """Returns a model with the weights of a classifier that takes larger inputs and gives a map of scores.

    From where the maps end, dense layers become convolutions, poolings over all positions become poolings over windows
    of the trained size, and flattening disappears. On an input of the original size the output has one position, with
    the scores of the original. Layers keep their names. The model that is returned is not compiled. The original is
    left as it is, and training one of them does not change the other.

    Args:
        model: a built functional or Sequential classifier, whose inputs have sizes.

    Raises:
        ModelError: the model is not built, writes its own `call`, or has no head or one that cannot be converted.

    >>> model = keras.Sequential([
    ...     keras.Input((28, 28, 1)),
    ...     keras.layers.Conv2D(20, 5, activation="relu"),
    ...     keras.layers.MaxPooling2D(2),
    ...     keras.layers.Flatten(),
    ...     keras.layers.Dense(100, activation="relu"),
    ...     keras.layers.Dense(10, activation="softmax"),
    ... ])
    >>> converted = to_fully_convolutional(model)
    >>> converted.compute_output_shape((None, 28, 28, 1)), converted.compute_output_shape((None, 64, 48, 1))
    ((None, 1, 1, 10), (None, 19, 11, 10))
    """
    function = check_model(model)
    if function is None:
        raise ModelError(
            f"model `{model.name}`: expected a functional or Sequential model. Received: `{type(model).__name__}`, "
            "which writes its own call. Build it functionally: keras.Model(inputs, outputs)."
        )
    if not starts_of(function):
        raise ModelError(f"model `{model.name}`: {_no_head(function)}")
    with names_untouched(), random_untouched():
        conversion = _Conversion()
        made, flows = conversion.rebuilt(model, function, conversion.opened(function), "", has_head=True)
        conversion.copies.agree()
    for flow in flows:
        if flow.flattened is not None and not flow.is_one_position:
            raise ModelError(
                f"model `{model.name}`: expected a head with a dense layer or a pooling. Received: a flattened map "
                f"{flow.shape[1:]} as its output. Leave the flattening away."
            )
    return made


def _no_head(function: Any) -> str:
    step = obstacle(function)
    if step is None:
        return (
            "expected a head: a `Flatten` or a pooling over all positions, and behind it dense layers. Received: none, "
            "so that there is nothing to convert."
        )
    names = ", ".join(f"`{tensor.name}`" for tensor in step.inputs)
    return (
        f"expected a head in which each layer takes the output of one other. Received: `{step.operation.name}`, which "
        f"takes {len(step.inputs)} inputs ({names}). Convert the part before it as a model of its own."
    )


class _Conversion:
    """One model that is made from another one, and the models nested in it."""

    def __init__(self) -> None:
        self.copies = Copies()
        self.outputs: dict[int, tuple[Flow, ...]] = {}

    def opened(self, function: Any) -> list[Flow]:
        """Inputs like those of the model, with sizes left open."""
        data_format = next(_data_formats(function), None) or keras.config.image_data_format()
        texts = {id(step.inputs[0]) for step in steps_of(function) if isinstance(step.operation, layers.Embedding)}
        flows = []
        for tensor in function.inputs:
            shape = list(tensor.shape)
            flow = Flow(tensor=tensor, shape=tuple(shape), data_format=data_format)
            if len(shape) > 2:
                shape = [size if axis in (0, flow.channel_axis) else None for axis, size in enumerate(shape)]
            elif id(tensor) in texts:
                shape[1] = None
            flows.append(replace(flow, tensor=_input(shape, tensor, function)))
        return flows

    def rebuilt(
        self, model: Any, function: Any, flows: Sequence[Flow], prefix: str, has_head: bool
    ) -> tuple[Any, tuple[Flow, ...]]:
        """A model with copies of the layers, on other inputs, and what it makes."""
        starts = starts_of(function) if has_head else frozenset()
        known = {id(tensor): flow for tensor, flow in zip(function.inputs, flows, strict=True)}
        for number, step in enumerate(steps_of(function)):
            given = [known[id(tensor)] for tensor in step.inputs]
            path = f"{prefix}{step.operation.name}"
            follows = self._step(step, given, path, number in starts)
            known.update(zip(map(id, step.outputs), follows, strict=True))
        results = tuple(known[id(tensor)] for tensor in function.outputs)
        inputs, outputs = structured(function, [flow.tensor for flow in flows], [flow.tensor for flow in results])
        with put_together(prefix or f"model `{model.name}`", model):
            made = keras.Model(inputs, outputs, name=model.name)
        return self.copies.keep(id(model), model, made), results

    def _step(self, step: Step, given: Sequence[Flow], path: str, starts: bool) -> Sequence[Flow]:
        inner = function_of(step.operation)
        is_head = starts or any(flow.in_head for flow in given)
        if inner is not None:
            return self._nested(step, inner, given, path, starts)
        shapes = _shapes(step, given)
        if is_head:
            return [turned(path, step, given[0], shapes[0], self.copies)]
        args, kwargs = step.arguments({id(old): flow.tensor for old, flow in zip(step.inputs, given, strict=True)})
        tensors = keras.tree.flatten(self.copies.called(path, step.operation, args, kwargs))
        data_format = given[0].data_format
        if not isinstance(step.operation, layers.Flatten):
            data_format = getattr(step.operation, "data_format", None) or data_format
        return [
            Flow(tensor=tensor, shape=shape, data_format=data_format)
            for tensor, shape in zip(tensors, shapes, strict=True)
        ]

    def _nested(self, step: Step, inner: Any, given: Sequence[Flow], path: str, starts: bool) -> Sequence[Flow]:
        key = id(step.operation)
        if key not in self.outputs:
            fed = [
                replace(flow, tensor=_input(flow.tensor.shape, tensor, inner))
                for flow, tensor in zip(given, inner.inputs, strict=True)
            ]
            _, self.outputs[key] = self.rebuilt(step.operation, inner, fed, f"{path}/", has_head=starts)
        args, kwargs = step.arguments({id(old): flow.tensor for old, flow in zip(step.inputs, given, strict=True)})
        with put_together(path, step.operation):
            tensors = keras.tree.flatten(self.copies.made[key](*args, **kwargs))
        return [replace(flow, tensor=tensor) for flow, tensor in zip(self.outputs[key], tensors, strict=True)]


def _input(shape: Sequence[Any], like: Any, function: Any) -> Any:
    """An input of this shape, for the one of a graph that it takes the place of."""
    entries = (operation for operation in function.operations if isinstance(operation, layers.InputLayer))
    name = next((entry.name for entry in entries if entry.output is like), like.name)
    return keras.Input(batch_shape=tuple(shape), dtype=like.dtype, name=name)


def _shapes(step: Step, given: Sequence[Flow]) -> list[tuple[Any, ...]]:
    """Shapes of what a step makes in the original, worked out where the model it is in was built without sizes."""
    shapes = [tuple(tensor.shape) for tensor in step.outputs]
    if any(None in shape[1:] for shape in shapes) and all(flow.flattened is None for flow in given):
        tensors = {
            id(old): keras.KerasTensor(flow.shape, dtype=old.dtype)
            for old, flow in zip(step.inputs, given, strict=True)
        }
        args, kwargs = step.arguments(tensors)
        made = step.operation.compute_output_spec(*args, **kwargs)
        return [tuple(tensor.shape) for tensor in keras.tree.flatten(made)]
    return shapes


def _data_formats(function: Any) -> Iterator[str]:
    for step in steps_of(function):
        inner = function_of(step.operation)
        if inner is not None:
            yield from _data_formats(inner)
        elif not isinstance(step.operation, layers.Flatten) and getattr(step.operation, "data_format", None):
            yield step.operation.data_format
