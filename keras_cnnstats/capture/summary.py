"""What `model.summary()` prints of a model, where a reader may take it for something else."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import keras
from keras.src.utils.summary_utils import format_layer_shape

from keras_cnnstats.capture.models import function_of
from keras_cnnstats.graph import Shape, Summary


def summary_of(model: Any, weights: Sequence[Any]) -> Summary | None:
    """Returns what the summary says otherwise than the report; `None` for what has no summary.

    Args:
        model: the model.
        weights: its weights, which take long to list.
    """
    if not isinstance(model, keras.Model):
        return None
    layers = list(_layers(model, ""))
    return Summary(
        weights=_size(weights),
        shared=tuple([(path, shapes) for path, layer in layers if len(shapes := _shapes(layer)) > 1]),
        nested=tuple([(path, _size(layer.weights)) for path, layer in layers if isinstance(layer, keras.Model)]),
        unshown=() if function_of(model) is not None else tuple([path for path, layer in layers if _is_unshown(layer)]),
        unbuilt=tuple([path for path, layer in [(model.name, model), *layers] if not layer.built]),
    )


def _layers(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The layers that the summary lists, with those of nested models behind each, under their paths."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        yield path, layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{path}/")


def _shapes(layer: Any) -> tuple[Shape, ...]:
    """The shapes of the layer's output in its calls, where they are not all the same."""
    nodes = layer._inbound_nodes
    if len(nodes) < 2:
        return ()
    shapes = tuple([tuple(node.outputs[0].shape) for node in nodes if node.outputs])
    return shapes if len(set(shapes)) > 1 else ()


def _is_unshown(layer: Any) -> bool:
    try:
        return bool(format_layer_shape(layer) == "?")
    except Exception:
        return True


def _size(weights: Any) -> int:
    return sum([prod(weight._shape) for weight in weights])
