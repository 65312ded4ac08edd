"""A Keras model becomes a graph. The only place that touches the insides of Keras.

Functional and Sequential models are read: nothing runs, no weight is read, the model is left as it was. Where the
model was built without sizes, or for others than are asked for, the shapes are inferred anew by Keras' own shape
inference, one operation after the other, on tensors that belong to nobody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from keras_cnnstats.capture.adapted import adaptation, inner_layers
from keras_cnnstats.capture.expand import CannotFollowError, Constant
from keras_cnnstats.capture.feeds import feeds_of, written_feeds
from keras_cnnstats.capture.files import model_of_configuration
from keras_cnnstats.capture.interpreter import interpreted
from keras_cnnstats.capture.layouts import placement_of
from keras_cnnstats.capture.models import check_model
from keras_cnnstats.capture.optimizer import optimizer_of
from keras_cnnstats.capture.reader import Reader
from keras_cnnstats.capture.state import names_untouched, random_untouched, variables_deferred
from keras_cnnstats.capture.summary import summary_of
from keras_cnnstats.capture.values import zeros_of
from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.graph import Call, Graph, TensorSpec

__all__ = [
    "CannotFollowError",
    "Constant",
    "adaptation",
    "application_layer",
    "calls_of",
    "capture",
    "inner_layers",
    "interpreted",
    "model_of_configuration",
    "names_untouched",
    "placement_of",
    "variables_deferred",
    "zeros_of",
]


@contextmanager
def capture(
    model: Any, input_shape: Any = None, batch_size: Any = 1, is_known: Callable[[Any], bool] = lambda _: True
) -> Iterator[Graph]:
    """Gives the graph of a built Keras model.

    Inside, layers that were followed are still as the call left them, so that rules can read what they built; behind it
    they are as they were.

    Args:
        model: a `keras.Model` or `keras.Function`.
        input_shape: shape of one sample; a list or dict of shapes in the structure of the model's inputs; or arrays.
        batch_size: samples in a batch.
        is_known: whether a class of layers, or an operation, has a rule; calls of other layers are followed inside.

    Raises:
        ModelError: `model` is no model, is not built, or has no layers.
        InputShapeError: `input_shape` does not fit the model.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InputShapeError(f"batch_size: expected an integer of at least 1. Received: {batch_size!r}.")
    function = check_model(model)
    reader = Reader(model, batch_size, is_known, asked=input_shape is not None)
    with names_untouched(), random_untouched(at_once=False):
        optimizer, summary = optimizer_of(model), summary_of(model, reader.held)
        try:
            with variables_deferred():
                if function is not None:
                    graph = reader.read(function, feeds_of(function, input_shape))
                else:
                    graph = reader.read_written(written_feeds(model, input_shape, batch_size))
                yield graph._replace(optimizer=optimizer, summary=summary)
        finally:
            reader.keeper.put_back()


def calls_of(
    function: Any, *specs: TensorSpec, holder: Any = None, is_known: Callable[[Any], bool] = lambda _: True
) -> tuple[Call, ...]:
    """Returns the calls that a plain Python function makes of tensors, such as an activation that a user wrote.

    Args:
        function: the function.
        *specs: shape and dtype of each tensor that it takes.
        holder: the layer that the function calls, if any: it is left as it was.
        is_known: as in `capture`.

    Raises:
        CannotFollowError: the function does not run on symbolic tensors.
    """
    reader = Reader(holder or function, (specs[0].shape or (1,))[0] or 1, is_known, asked=False)
    with names_untouched(), random_untouched(), variables_deferred():
        try:
            if holder is not None:
                reader.keeper.keep(holder)
            return reader.read_applied(function, specs)
        finally:
            reader.keeper.put_back()


def application_layer(module: str, name: str) -> Any:
    """Returns the layer class that a network of `keras.applications` keeps to itself."""
    return getattr(import_module(f"keras.src.applications.{module}"), name)
