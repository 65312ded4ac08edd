"""Configurations of models as files have them, whole and of many kinds."""

import json
from itertools import pairwise
from typing import Any

import keras


def sequential(*layers: Any, **more: Any) -> dict[str, Any]:
    inner = {"name": "s", "trainable": True, "layers": list(layers), "build_input_shape": [None, 4]}
    return {"module": "keras", "class_name": "Sequential", "config": inner, "registered_name": None} | more


def layer(kind: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def dense(**config: Any) -> dict[str, Any]:
    return sequential(layer("InputLayer", batch_shape=[None, 4], name="i"), layer("Dense", **{"units": 2} | config))


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def nested(depth: int) -> dict[str, Any]:
    """Models in models in models, each of which calls the one inside twice."""
    inner: Any = layer("Dense", units=4)
    for _ in range(depth):
        inner = sequential(inner, inner)
    return inner


def doubled(depth: int) -> dict[str, Any]:
    """A functional model that calls its inner model twice, which does the same: 2 to the depth calls."""
    configuration = json.loads(_pair(None).to_json())
    for _ in range(depth):
        outer = json.loads(_pair(None).to_json())
        inner = configuration | {"name": "inner", "inbound_nodes": outer["config"]["layers"][1]["inbound_nodes"]}
        outer["config"]["layers"][1] = inner
        configuration = outer
    return configuration


def tensor(name: str, number: int = 0) -> dict[str, Any]:
    inner = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, number, 0]}
    return {"class_name": "__keras_tensor__", "config": inner}


def functional(*called: dict[str, Any], size: int = 4) -> dict[str, Any]:
    """Layers in a graph, each with its calls."""
    first = layer("InputLayer", batch_shape=[None, size], name="i") | {"name": "i", "inbound_nodes": []}
    inner = {"name": "f", "layers": [first, *called], "input_layers": [["i", 0, 0]]}
    return sequential() | {"class_name": "Model", "config": inner | {"output_layers": [[called[-1]["name"], 0, 0]]}}


def called(made: dict[str, Any], name: str, *arguments: Any) -> dict[str, Any]:
    made["config"]["name"] = name
    return made | {"name": name, "inbound_nodes": [{"args": list(arguments), "kwargs": {}}]}


def backwards(count: int) -> dict[str, Any]:
    """A chain of layers, the last one first."""
    names = ["i", *(f"a{number}" for number in range(count))]
    chain = [called(layer("Activation", activation="relu"), name, tensor(before)) for before, name in pairwise(names)]
    return functional(*reversed(chain))


def shared(depth: int) -> dict[str, Any]:
    """Models that call each other twice, of which all but the first are told by their number alone."""
    made = []
    for number in range(depth):
        inside = layer("Dense", units=4) if number == 0 else sequential(shared_object_id=number - 1)
        twice = called(inside, "b", tensor("i"))
        twice["inbound_nodes"].append({"args": [tensor("b", 1)], "kwargs": {}})
        model = functional(twice) | {"shared_object_id": number}
        made.append(called(model, f"m{number}", tensor(f"m{number - 1}" if number else "i")))
    return functional(*made)


NUMPY = "keras.src.ops.numpy"


def _pair(_: None) -> keras.Model:
    x, inner = keras.Input((4,)), keras.layers.Dense(4, name="inner")
    return keras.Model(x, inner(inner(x)))
