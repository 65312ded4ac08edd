"""What a configuration may name: public classes and functions of Keras, and what the user named."""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading import limits
from keras_cnnstats.reading.calls import check_calls
from keras_cnnstats.render.cells import plain

REFUSED = {
    "Lambda": "its function is code in the file",
    "__lambda__": "its function is code in the file",
    "TFSMLayer": "it loads another file, which is a program",
    "TorchModuleWrapper": "its module is code in the file",
    "JaxLayer": "its functions are code in the file",
    "FlaxLayer": "its module is code in the file",
    "__typespec__": "it names a class of TensorFlow",
}
"""What brings code, with the reason that the user reads."""

PLAIN = ("__tuple__", "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
"""Values that Keras writes as objects."""

FILES = ("vocabulary", "idf_weights", "filepath", "filename")
"""Settings that are the path of a file where they are a text: it would be opened."""

SHAPES = ("batch_shape", "batch_input_shape", "input_shape", "build_input_shape", "shape", "target_shape")

OUTPUTS = {"num": limits.OUTPUTS, "indices_or_sections": limits.OUTPUTS, "rank": limits.RANK}
"""Settings that say how many tensors an operation makes, or how many axes there are."""

MAKING = {
    **dict.fromkeys(("Normalization", "STFTSpectrogram", "MelSpectrogram", "Discretization"), limits.MADE),
    "Unstack": limits.OUTPUTS,
}
"""What makes values, or tensors, as many as its input has positions when it is built, and how many it may make."""

DTYPE = re.compile(r"(u?int|b?float|complex)[0-9]{1,3}|bool|str|string")
"""What values in a configuration are made of."""

NO_SIZES = ("seed", "shared_object_id")
"""Settings that are large integers in files of everybody: a number at random, an address in memory."""

BASES: tuple[type, ...] = (
    keras.Operation,
    keras.Initializer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.DTypePolicy,
    keras.quantizers.Quantizer,
    keras.quantizers.QuantizationConfig,
    keras.random.SeedGenerator,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
)
"""What models are made of; layers and models are operations."""

CLASSES = ("layers", "models", "initializers", "regularizers", "constraints", "dtype_policies", "quantizers", "random")
"""Where Keras has the classes of these, for configurations that name no module."""

FUNCTIONS = ("activations", "initializers", "regularizers", "constraints", "ops", "losses", "metrics")
"""Where it has functions that a configuration may name: all compute with tensors and touch nothing else."""


def checked(configuration: dict[str, Any], custom_objects: Mapping[str, Any]) -> None:
    """Raises `FileError` unless all that a configuration names may be made, and there is not too much of it."""
    objects = largest = 0
    most, making = limits.INTEGER, ""
    for node, place, depth in _walked(configuration):
        if depth > limits.DEPTH:
            raise FileError(f"expected at most {limits.DEPTH} levels. Received: a configuration nested deeper.")
        if isinstance(node, dict) and "class_name" in node:
            objects += 1
            _at_most(limits.OBJECTS, objects, "objects")
            _check_object(node, place, custom_objects)
            if MAKING.get(node["class_name"], most) < most:
                most, making = MAKING[node["class_name"]], _name(node)
        elif not isinstance(node, dict | list):
            _check_value(node, place)
            largest = max(largest, node) if isinstance(node, int) else largest
    if making and largest > most:
        raise FileError(f"{making}: makes so much when it is built: expected sizes of at most {most:,}.")
    check_calls(configuration)


def _at_most(limit: int, found: int, what: str) -> None:
    if found > limit:
        raise FileError(f"expected at most {limit:,} {what}. Received: {found:,}.")


def _walked(configuration: Any) -> Iterator[tuple[Any, str, int]]:
    """Each value with the name of the object that it is in, and how deep it lies; without recursion."""
    waiting = [(configuration, "the model", 1)]
    while waiting:
        node, place, depth = waiting.pop()
        yield node, place, depth
        if isinstance(node, dict):
            inside = _name(node) or place
            for key, value in node.items():
                _check_setting(key, value, inside)
                if key not in NO_SIZES or not isinstance(value, int):
                    waiting.append((value, inside, depth + 1))
        elif isinstance(node, list):
            waiting.extend((value, place, depth + 1) for value in node)


def _check_setting(key: str, value: Any, place: str) -> None:
    if isinstance(value, list) and key in SHAPES and len(value) > limits.RANK:
        raise FileError(f"{place}: {key}: expected at most {limits.RANK} axes. Received: {len(value):,}.")
    if key in OUTPUTS and isinstance(value, int) and value > OUTPUTS[key]:
        raise FileError(f"{place}: {key}: expected at most {OUTPUTS[key]:,}. Received: {value:,}.")


def _name(node: dict[str, Any]) -> str:
    """What an object is called in messages: by its own name, and its class."""
    inner = node.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    kind = node.get("class_name")
    if not isinstance(kind, str):
        return ""
    return f"{_shown(name)} ({_shown(kind)})" if isinstance(name, str) else _shown(kind)


def _shown(value: object) -> str:
    text = plain(str(value)[:80])
    return f"{text}..." if len(str(value)) > 80 else text


def _check_value(value: Any, place: str) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > limits.INTEGER:
        raise FileError(f"{place}: expected integers of at most {limits.INTEGER:,}. Received: a larger one.")
    if isinstance(value, str) and len(value) > limits.TEXT:
        raise FileError(f"{place}: expected texts of at most {limits.TEXT:,} letters. Received: {len(value):,}.")


def _check_object(node: dict[str, Any], place: str, custom_objects: Mapping[str, Any]) -> None:
    kind, module = node["class_name"], node.get("module")
    if not isinstance(kind, str) or not (module is None or isinstance(module, str)):
        raise FileError(f"{place}: expected the names of a class and its module. Received: {_shown(kind)}.")
    if kind in REFUSED:
        raise FileError(f"{place}: {_shown(kind)} is refused: {REFUSED[kind]}.")
    if kind in PLAIN:
        dtype = node["config"].get("dtype") if isinstance(node.get("config"), dict) else None
        if not (dtype is None or (isinstance(dtype, str) and DTYPE.fullmatch(dtype))):
            raise FileError(f"{place}: expected values of a dtype of Keras. Received: {_shown(dtype)}.")
        return
    if kind == "function":
        name = node.get("config")
        if not (isinstance(name, str) and (_is_custom(node, name, custom_objects) or _function(module, name))):
            raise FileError(_unknown(place, f"{module}.{name}", "function"))
    elif not _is_custom(node, kind, custom_objects):
        if not _is_public(module, kind):
            raise FileError(_unknown(place, f"{module}.{kind}" if module else kind, "class"))
        _check_files(node, place)


def _check_files(node: dict[str, Any], place: str) -> None:
    settings = node.get("config")
    for key in FILES:
        if isinstance(settings, dict) and isinstance(settings.get(key), str):
            raise FileError(f"{place}: `{key}` is the path of a file, and none is opened: {_shown(settings[key])}.")


def _unknown(place: str, name: str, what: str) -> str:
    return (
        f"{place}: {_shown(name)} is no {what} of Keras that models are made of. If it is yours, name its module: "
        "custom_objects=, or --custom-objects package.module."
    )


def _is_custom(node: dict[str, Any], name: str, custom_objects: Mapping[str, Any]) -> bool:
    registered = node.get("registered_name") or name
    names = [each for each in (registered, name, f"Custom>{name}") if isinstance(each, str)]
    # What is registered in this process was written by who runs it.
    return any(each in custom_objects or keras.saving.get_registered_object(each) is not None for each in names)


def _is_public(module: str | None, name: str) -> bool:
    if not name.isidentifier():
        return False
    if module is None or module == "builtins":
        found = [getattr(getattr(keras, each), name, None) for each in CLASSES]
        return name == "Functional" or any(map(_is_allowed, found))
    if module != "keras" and not module.startswith("keras."):
        return False
    return _is_allowed(_public(f"{module}.{name}")) or _is_allowed(vars(sys.modules.get(module, keras)).get(name))


def _is_allowed(found: Any) -> bool:
    return inspect.isclass(found) and issubclass(found, BASES) and found.__name__ not in REFUSED


def _public(path: str) -> Any:
    found: Any = keras
    for part in path.split(".")[1:]:
        if part.startswith("_"):
            return None
        found = getattr(found, part, None)
    return found


def _function(module: str | None, name: str) -> bool:
    if module is None or module == "builtins":
        found = [getattr(getattr(keras, each), name, None) for each in FUNCTIONS]
    else:
        place = module.removeprefix("keras.").split(".")[0]
        found = [_public(f"{module}.{name}")] if module.startswith("keras.") and place in FUNCTIONS else []
    return any(callable(each) for each in found) and not name.startswith("_")
