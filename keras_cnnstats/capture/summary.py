"""What `model.summary()` prints of a model, where a reader may take it for something else."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras.src.utils.summary_utils import format_layer_shape

from keras_cnnstats.capture.models import function_of
from keras_cnnstats.capture.weights import sizes_within, values_of, variables_within
from keras_cnnstats.graph import Shape, Summary


def summary_of(model: Any, weights: Sequence[Any]) -> Summary | None:
    """Returns what the summary says otherwise than the report; `None` for what has no summary.

    Args:
        model: the model.
        weights: its weights.
    """
    if not isinstance(model, keras.Model):
        return None
    layers = list(_layers(model))
    nested = [(path, layer) for path, layer, is_model in layers if is_model]
    sizes = sizes_within(model) if nested else {}
    if sizes is None:
        sizes = {id(layer): values_of(variables_within(layer)) for _, layer in nested}
    return Summary(
        weights=values_of(weights),
        shared=tuple(
            [
                (path, shapes)
                for path, layer, _ in layers
                if len(layer._inbound_nodes) > 1 and len(shapes := _shapes(layer)) > 1
            ]
        ),
        nested=tuple([(path, sizes[id(layer)]) for path, layer in nested]),
        unshown=() if function_of(model) is not None else tuple(path for path, each, _ in layers if _is_unshown(each)),
        unbuilt=tuple([path for path, layer, _ in [(model.name, model, True), *layers] if not layer.built]),
    )


def _layers(model: Any) -> Iterator[tuple[str, Any, bool]]:
    """The layers that the summary lists, with those of nested models behind each, under their paths.

    Beside each stands whether it is a model.
    """
    waiting = [("", layer) for layer in reversed(model.layers)]
    while waiting:
        prefix, layer = waiting.pop()
        path, is_model = f"{prefix}{layer.name}", isinstance(layer, keras.Model)
        yield path, layer, is_model
        if is_model:
            below = f"{path}/"
            waiting += [(below, inner) for inner in reversed(layer.layers)]


def _shapes(layer: Any) -> tuple[Shape, ...]:
    """The shapes of the layer's output in its calls, where they are not all the same."""
    shapes = tuple([tuple(node.outputs[0].shape) for node in layer._inbound_nodes if node.outputs])
    return shapes if len(set(shapes)) > 1 else ()


def _is_unshown(layer: Any) -> bool:
    try:
        return bool(format_layer_shape(layer) == "?")
    except Exception:
        return True
