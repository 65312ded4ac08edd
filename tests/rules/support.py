"""What Keras makes public, and the answers about it that are no rules."""

import importlib
from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops
from keras.src.ops.operation import Operation

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture
from keras_cnnstats.capture.operations import public_function
from keras_cnnstats.rules import find, registered
from keras_cnnstats.rules.gaps import GAPS
from tests.rules.zoo import ZOO, analyzed, cases
from tests.rules.zoo_more import UNSAMPLED, more_cases

_CONSTANT = "creates values from no input"
_WINDOW = "makes a window of a given length: no map goes in"
_ASKED = "tells something about a map and makes none"
_BASE = "a base class: the layers derived from it have their own answers"

NO_OPERATION: dict[str, str] = {
    "layers.InputLayer": "stands for what a model is fed and computes nothing",
    "layers.InputSpec": "says which inputs a layer accepts, and is no layer",
    "layers.Layer": _BASE,
    "layers.Wrapper": _BASE,
    "ops.arange": _CONSTANT,
    "ops.bartlett": _WINDOW,
    "ops.blackman": _WINDOW,
    "ops.convert_to_numpy": "takes values out of a model, for which they have to be there",
    "ops.custom_gradient": "wraps a function for training; what the function does is seen inside",
    "ops.dtype": _ASKED,
    "ops.empty": _CONSTANT,
    "ops.eye": _CONSTANT,
    "ops.hamming": _WINDOW,
    "ops.hanning": _WINDOW,
    "ops.identity": _CONSTANT,
    "ops.is_tensor": _ASKED,
    "ops.kaiser": _WINDOW,
    "ops.ones": _CONSTANT,
    "ops.shape": _ASKED,
    "ops.tri": _CONSTANT,
    "ops.vectorize": "returns a function; calling that is `ops.vectorized_map`",
    "ops.zeros": _CONSTANT,
}
"""Public names that are no operation on maps, each with its reason."""

_LOOPED = "what it runs is a function of the user's"
_FOREIGN = "what it runs is written for one backend"

MEASURED: dict[Any, str] = {
    **dict.fromkeys(
        (
            ops.associative_scan, ops.cond, ops.fori_loop, ops.jvp, ops.map, ops.scan, ops.switch, ops.vectorized_map,
            ops.while_loop,
        ),
        _LOOPED,
    ),
    **dict.fromkeys((layers.FlaxLayer, layers.JaxLayer, layers.TFSMLayer, layers.TorchModuleWrapper), _FOREIGN),
}  # fmt: skip
"""What no rule can look into and the backend counts, unless values decide what it runs; with the reason."""

OTHER_NAMES: dict[str, str] = {
    "ops.conj": "ops.conjugate",
    "ops.image.extract_patches_3d": "ops.image.extract_patches",
}
"""Functions whose calls Keras notes under another name, which has the rule."""


def _lambda() -> keras.Model:
    return keras.Sequential([keras.Input((9, 7, 3)), layers.Lambda(lambda x: ops.tanh(x) * 2.0)])


def _pipeline() -> keras.Model:
    return keras.Sequential([keras.Input((9, 7, 3)), layers.Pipeline([layers.RandomFlip(), layers.Rescaling(0.5)])])


def _spectrogram() -> keras.Model:
    # Without a window, for which Keras would need SciPy.
    layer = layers.STFTSpectrogram(mode="magnitude", frame_length=8, frame_step=4, fft_length=8, window=None)
    return keras.Sequential([keras.Input((32, 1)), layer])


FOLLOWED: dict[str, tuple[Callable[[], keras.Model], set[str]]] = {
    "layers.Lambda": (_lambda, {"tanh", "multiply"}),
    "layers.Pipeline": (_pipeline, {"RandomFlip", "Rescaling"}),
    "layers.STFTSpectrogram": (_spectrogram, {"conv", "square", "sqrt"}),
}
"""Layers that are followed inside: a model that has one, and what is among its rows."""


def public_layers() -> dict[str, Any]:
    """The public classes of `keras.layers`, by name."""
    found = {f"layers.{name}": getattr(layers, name) for name in dir(layers)}
    return {name: value for name, value in found.items() if isinstance(value, type)}


def public_operations() -> dict[str, Any]:
    """The public functions of `keras.ops` and of its submodules, which repeat them but for the images'."""
    found = {f"ops.{name}": getattr(ops, name) for name in dir(ops)}
    known = {id(value) for value in found.values()}
    for module in (ops.image, ops.linalg, ops.nn, ops.numpy):
        own = {name: getattr(module, name) for name in dir(module) if id(getattr(module, name)) not in known}
        found.update({f"ops.{module.__name__.rsplit('.', 1)[-1]}.{name}": value for name, value in own.items()})
    return {name: value for name, value in found.items() if callable(value) and "._" not in name}


def operation_classes() -> list[type]:
    """The classes of operations behind them."""
    names = ("core", "image", "linalg", "math", "nn", "numpy")
    modules = [importlib.import_module(f"keras.src.ops.{name}") for name in names]
    classes = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return [cls for cls in dict.fromkeys(classes) if issubclass(cls, Operation) and cls is not Operation]


def target_of(cls: type) -> Any:
    """What the rules of a class of operations are looked up by."""
    return public_function(cls)


def targets_of(model: keras.Model) -> list[Any]:
    """What the rules of a model's calls are looked up by."""
    with capture(model) as graph:
        return [call.target for call in graph.calls]


def answers() -> dict[str, tuple[str, str]]:
    """The kind of answer and where it stands, or the reason, by public name."""
    rules = {target: find(target).rule for target in registered()}
    found: dict[str, tuple[str, str]] = {}
    for name, target in (public_layers() | public_operations()).items():
        if target in GAPS:
            found[name] = "unknown", GAPS[target]
        elif target in rules:
            module = rules[target].__module__.removeprefix("keras_cnnstats.")
            found[name] = "rule", f"{module.replace('.', '/')}.py"
        elif name in NO_OPERATION:
            found[name] = "no operation", NO_OPERATION[name]
        elif name in OTHER_NAMES:
            found[name] = "rule", f"as `{OTHER_NAMES[name]}`"
        elif target in MEASURED:
            found[name] = "measured", MEASURED[target]
        elif name in FOLLOWED:
            found[name] = "followed", "what it computes inside is counted"
    return found


def costing_nothing() -> set[str]:
    """The public names whose samples all cost nothing."""
    every = [*cases(ZOO), *more_cases()]
    costing = {case.target for case in every if _computes(analyzed(case))}
    # Its samples go forwards, and it counts in reverse.
    free = {case.target for case in every} - costing - {layers.ReversibleEmbedding}
    return {name for name, target in (public_layers() | public_operations()).items() if target in free | set(UNSAMPLED)}


def _computes(report: cnnstats.Report) -> bool:
    totals = report.totals
    return bool(totals.macs or totals.flops or totals.transcendentals)
