"""From a configuration that has been checked to a model without weights."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_cnnstats.capture import model_of_configuration
from keras_cnnstats.errors import CNNStatsError, FileError
from keras_cnnstats.reading import limits
from keras_cnnstats.reading.allowed import checked
from keras_cnnstats.reading.container import configuration_of
from keras_cnnstats.reading.saved_model import saved_model
from keras_cnnstats.render.cells import plain
from keras_cnnstats.weightless import abstract


def read_model(
    path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, *, trusted: bool = False
) -> keras.Model:
    """Returns the model that a file describes, with shapes and without weights in memory: for files from strangers.

    Read is the configuration alone. No code from the file runs, no other file is opened, nothing is written, and no
    more memory is taken than the layers need: what brings code (`Lambda`, ...), what is no public class of Keras, and
    what asks for too much is refused. The model is for analysis alone: its weights are not read.

    Args:
        path: a `.keras` file, an HDF5 file of a whole model, the JSON of a model (`model.to_json()`), told apart by
            what is in them; or the folder of a SavedModel.
        custom_objects: your own layers and functions that the model has, by name. Those that are registered are known.
        trusted: whether a SavedModel may be loaded: it is a program, which TensorFlow runs, and its weights come along.

    Raises:
        FileError: the file holds no model, or one that is refused; the message says where and why.

    Example:

    >>> import tempfile, keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/net.keras")
    ...     again = cnnstats.read_model(f"{folder}/net.keras")
    >>> cnnstats.analyze(again).totals.macs
    194400
    """
    file = Path(path)
    if file.is_dir():
        return saved_model(file, trusted)
    configuration = configuration_of(file)
    known = dict(custom_objects or {})
    try:
        checked(configuration, known)
    except FileError as error:
        raise FileError(f"{plain(str(file))}: {error}") from None
    _strip(configuration)
    try:
        with abstract():
            model = model_of_configuration(configuration, known)
    except CNNStatsError:
        raise
    except RecursionError:
        raise FileError(f"{plain(str(file))}: its layers are nested too deeply for Keras.") from None
    except Exception as error:
        said = plain(" ".join(str(error).split())[: limits.MESSAGE])
        raise FileError(
            f"{plain(str(file))}: Keras cannot make a model of it: {type(error).__name__}: {said}"
        ) from error
    if not isinstance(model, keras.Model):
        raise FileError(f"{plain(str(file))}: expected a model. Received: {type(model).__name__}.")
    return model


def _strip(configuration: dict[str, Any]) -> None:
    """Takes out how the model was compiled, which is no part of its architecture."""
    waiting: list[Any] = [configuration]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "class_name" in node:
                node.pop("compile_config", None)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
