"""The layers of a model that is made from another one: copies with their weights, and what takes the place of some."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from keras_cnnstats.errors import CNNStatsError, ModelError


class Copies:
    """For each layer of the original, and each way in which it is used, one layer of the new model."""

    def __init__(self) -> None:
        self.made: dict[Any, Any] = {}
        self.pairs: list[tuple[Any, Any]] = []

    def called(self, path: str, original: Any, args: Any, kwargs: Any, **changes: Any) -> Any:
        """Returns what a copy of the layer makes of these arguments.

        Args:
            path: where the layer is.
            original: the layer or operation.
            args: positional arguments of the call.
            kwargs: keyword arguments of the call.
            **changes: values that some of the copy's own arguments are to have.

        Raises:
            ModelError: the layer cannot be made from its config, or does not take inputs of open size.
        """
        key = (id(original), *changes)
        with put_together(path, original):
            if key in self.made:
                return self.made[key](*args, **kwargs)
            copy = type(original).from_config({**original.get_config(), **changes})
            result = self.keep(key, original, copy)(*args, **kwargs)
            if isinstance(original, keras.layers.Layer):
                _carry_over(original, copy)
            return result

    def replaced(self, path: str, original: Any, make: Callable[[], Any], tensor: Any, positions: Any) -> Any:
        """Returns what another layer, in the place of the original, makes of a map of so many trained positions.

        Raises:
            ModelError: that layer does not take the map.
        """
        key = (id(original), positions)
        with put_together(path, original):
            made = self.made[key] if key in self.made else self.keep(key, original, make())
            return made(tensor)

    def keep(self, key: Any, original: Any, made: Any) -> Any:
        """Returns what has taken the place of a layer, once it is noted."""
        self.made[key] = made
        if isinstance(original, keras.layers.Layer):
            self.pairs.append((made, original))
        return made

    def agree(self) -> None:
        """Makes trainable what is trainable in the original; what holds others comes before them."""
        for made, original in reversed(self.pairs):
            if made.trainable != original.trainable:
                made.trainable = original.trainable


@contextmanager
def put_together(path: str, original: Any) -> Iterator[None]:
    """Says of Keras' errors which layer could not be made anew."""
    try:
        yield
    except CNNStatsError:
        raise
    except Exception as error:
        raise ModelError(
            f"{path}: `{type(original).__name__}` cannot be copied onto a map whose size is open "
            f"({type(error).__name__}: {error}). Expected: layers that save their config and take maps of any size, "
            "those of the head always of the same."
        ) from error


def _carry_over(original: Any, copy: Any) -> None:
    weights, values = copy.weights, original.weights
    if [weight.dtype for weight in weights] != [value.dtype for value in values]:
        raise ValueError(f"made from its config, it has {len(weights)} weights and not {len(values)}")
    for weight, value in zip(weights, values, strict=True):
        # A copy: on some backends two layers would share memory, and training one would change the other.
        weight.assign(ops.copy(ops.reshape(ops.convert_to_tensor(value), weight.shape)))
