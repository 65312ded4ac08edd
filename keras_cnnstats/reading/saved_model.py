"""A SavedModel: a program of TensorFlow's, behind inputs as its signature has them."""

from pathlib import Path
from typing import Any

import keras

from keras_cnnstats.errors import FileError
from keras_cnnstats.render.cells import plain

ENDPOINTS = ("serving_default", "serve")
"""What is called, the first that there is."""


def saved_model(folder: Path, trusted: bool) -> keras.Model:
    """Returns a model of one layer that calls the program.

    Raises:
        FileError: there is none in the folder, it is not trusted, or TensorFlow cannot load it.
    """
    if not (folder / "saved_model.pb").is_file():
        raise FileError(f"{folder}: expected a file, or the folder of a SavedModel. Received: another folder.")
    if not trusted:
        raise FileError(
            f"{folder}: a SavedModel is a program, which TensorFlow runs when it loads it. If you know who wrote it: "
            "read_model(..., trusted=True), or --trusted."
        )
    try:
        layer, signature = _loaded(folder)
        inputs = [keras.Input(spec.shape[1:], dtype=spec.dtype.name, name=spec.name) for spec in signature]
        return keras.Model(inputs, layer(*inputs))
    except Exception as error:
        said = plain(" ".join(str(error).split())[:600])
        raise FileError(f"{folder}: TensorFlow cannot load the SavedModel: {type(error).__name__}: {said}") from error


def _loaded(folder: Path) -> tuple[keras.layers.Layer, list[Any]]:
    """The layer, and a specification for each tensor that it is called with."""
    failed: Exception | None = None
    for endpoint in ENDPOINTS:
        try:
            layer = keras.layers.TFSMLayer(str(folder), call_endpoint=endpoint)
        except ValueError as error:
            failed = error
            continue
        function = layer.call_endpoint_fn
        if hasattr(function, "concrete_functions"):
            function = function.concrete_functions[0]
        positional, named = function.structured_input_signature
        return layer, [*positional, *named.values()]
    assert failed is not None
    raise failed
