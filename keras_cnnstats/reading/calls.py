"""How much work it would be to make a model: a few lines may ask for calls without end."""

from collections.abc import Iterator
from typing import Any

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading import limits


def check_calls(configuration: dict[str, Any]) -> None:
    """Raises `FileError` where layers call each other too often, in an order without end, or no tensor at all."""
    calls = _calls(configuration, {})
    if calls > limits.CALLS:
        raise FileError(f"expected at most {limits.CALLS:,} calls of layers. Received: {calls:,}.")


def _calls(node: Any, shared: dict[Any, int]) -> int:
    """How many calls of layers a model is, those inside nested ones for each call of theirs."""
    if not isinstance(node, dict):
        return 1
    total = _calls_inside(node.get("config"), shared)
    key = node.get("shared_object_id")
    if isinstance(key, int | str):
        # The object that has this number already is taken, whatever stands here.
        total = shared[key] = max(total, shared.get(key, 0))
    return total


def _calls_inside(settings: Any, shared: dict[Any, int]) -> int:
    layers = settings.get("layers") if isinstance(settings, dict) else None
    if not isinstance(layers, list):
        return 1
    _check_order(layers)
    return sum(max(len(_nodes(layer)), 1) * _calls(layer, shared) for layer in layers)


def _nodes(layer: Any) -> list[Any]:
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return nodes if isinstance(nodes, list) else []


def _check_order(layers: list[Any]) -> None:
    """Keras goes through all layers again for each call of one that stands further down, which few models have."""
    places = {layer.get("name"): place for place, layer in enumerate(layers) if isinstance(layer, dict)
              if isinstance(layer.get("name"), str)}  # fmt: skip
    ahead = 0
    for place, layer in enumerate(layers):
        for node in _nodes(layer):
            read = [places.get(name, -1) for name in _read(node)]
            if not read and isinstance(node, dict):
                raise FileError(f"a call of no tensor, by {str(layer.get('class_name'))[:80]!r}: it would be computed.")
            ahead += max(read, default=-1) > place
    if ahead * len(layers) > limits.LOOKED_AHEAD:
        raise FileError(f"{ahead:,} of {len(layers):,} layers call one that stands further down: Keras would not end.")


def _read(node: Any) -> Iterator[str]:
    """The names of the layers whose outputs a call reads, as Keras 3 writes them and as Keras 2 did."""
    waiting = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            history = value.get("keras_history")
            if isinstance(history, list) and history and isinstance(history[0], str):
                yield history[0]
            waiting.extend(value.values())
        elif isinstance(value, list):
            if len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int):
                yield value[0]
            waiting.extend(value)
