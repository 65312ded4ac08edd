"""A Keras model becomes a graph. The only place that touches the insides of Keras.

Functional and Sequential models are read: nothing runs, no weight is read, the model is left as it was. Where the
model was built without sizes, or for others than are asked for, the shapes are inferred anew by Keras' own shape
inference, one operation after the other, on tensors that belong to nobody.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from keras_cnnstats.capture.expand import as_it_was
from keras_cnnstats.capture.feeds import feeds_of, written_feeds
from keras_cnnstats.capture.models import check_model
from keras_cnnstats.capture.optimizer import optimizer_of
from keras_cnnstats.capture.reader import Reader
from keras_cnnstats.capture.state import names_untouched, variables_deferred
from keras_cnnstats.capture.summary import summary_of
from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.graph import Graph

__all__ = ["application_layer", "capture", "names_untouched", "variables_deferred"]


def capture(
    model: Any, input_shape: Any = None, batch_size: Any = 1, is_known: Callable[[Any], bool] = lambda _: True
) -> Graph:
    """Returns the graph of a built Keras model.

    Args:
        model: a `keras.Model` or `keras.Function`.
        input_shape: shape of one sample; a list or dict of shapes in the structure of the model's inputs; or arrays.
        batch_size: samples in a batch.
        is_known: whether a class of layers is a leaf; calls of other layers are followed inside.

    Raises:
        ModelError: `model` is no model, is not built, or has no layers.
        InputShapeError: `input_shape` does not fit the model.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InputShapeError(f"batch_size: expected an integer of at least 1. Received: {batch_size!r}.")
    function = check_model(model)
    reader = Reader(batch_size, is_known)
    with names_untouched():
        optimizer, summary = optimizer_of(model), summary_of(model)
        if function is not None:
            return reader.read(model, function, feeds_of(function, input_shape))._replace(optimizer=optimizer, summary=summary)
        args, kwargs = written_feeds(model, input_shape, batch_size)
        with as_it_was(model), variables_deferred():
            return reader.read_written(model, args, kwargs)._replace(optimizer=optimizer, summary=summary)


def application_layer(module: str, name: str) -> Any:
    """Returns the layer class that a network of `keras.applications` keeps to itself."""
    return getattr(import_module(f"keras.src.applications.{module}"), name)
