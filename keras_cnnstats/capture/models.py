"""Which objects are models that can be read, and what is said of the others."""

from typing import Any

import keras
from keras.src.models.functional import Functional

from keras_cnnstats.errors import ModelError


def check_model(model: Any) -> Any:
    """Returns the function whose graph the model is; `None` for a model that writes its own `call`."""
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
        raise ModelError(f"model: expected a built keras.Model. Received: {shown(model)} of type {_type_name(model)}.")
    _check_no_cycle(model)
    if isinstance(model, keras.Sequential) and not model.layers:
        raise ModelError(f"model `{model.name}`: it has no layers. Add some with model.add(layer).")
    function = function_of(model)
    if function is not None:
        if not any(not isinstance(op, keras.layers.InputLayer) for op in function.operations):
            raise ModelError(f"model `{model.name}`: it has no layers: its outputs are its inputs.")
        return function
    if isinstance(model, keras.Sequential):
        raise ModelError(f"{_not_built(model)} Give it an input: begin with keras.Input(shape), {_BUILD}")
    return None


def _check_no_cycle(model: Any) -> None:
    """Refuses a model in which a layer holds itself or one that it is held by: Keras lists its weights without end."""
    entered, left = set(), set()
    waiting = [(model, False)]
    while waiting:
        layer, is_done = waiting.pop()
        if is_done:
            left.add(id(layer))
        elif id(layer) in entered and id(layer) not in left:
            raise ModelError(
                f"model `{model.name}`: its layer `{layer.name}` holds itself, or a layer that holds it, so that Keras "
                "cannot list its weights. Keep such a reference as weakref.ref(layer)."
            )
        elif id(layer) not in entered:
            entered.add(id(layer))
            waiting += [(layer, True), *[(inner, False) for inner in layer._layers if inner._layers]]


_BUILD = "or call model.build(shape) with the batch axis, e.g. (None, 224, 224, 3)."


def _not_built(model: Any) -> str:
    return f"model `{model.name}`: it is not built, so that its layers have no shapes."


def written_shapes(model: Any) -> dict[str, Any]:
    """Returns the shapes that a model that writes its own `call` was built with, by the name of the argument."""
    recorded = getattr(model, "_build_shapes_dict", None) if model.built else None
    if not recorded:
        raise ModelError(f"{_not_built(model)} Pass input_shape=, {_BUILD}")
    return dict(recorded)


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def function_of(operation: Any) -> Any:
    """Returns the graph inside a model that only runs it, else `None`."""
    if isinstance(operation, keras.Sequential):
        return operation._functional if type(operation).call is keras.Sequential.call else None
    if isinstance(operation, keras.Model) and isinstance(operation, keras.Function):
        return operation if type(operation).call is Functional.call else None
    if type(operation) is keras.Function:
        return operation
    return None
