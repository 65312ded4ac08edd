"""A layer inside a model: found by its path, and what goes in and comes out of it when the model runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_cnnstats.analysis import analyze
from keras_cnnstats.capture import capture
from keras_cnnstats.errors import ModelError, UnknownLayerError
from keras_cnnstats.explaining.images import Sample
from keras_cnnstats.explaining.records import Values
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.rules import find

_CALLS = ("call", "quantized_call")
"""What Keras calls of a layer, and of a quantised one."""


class Place(NamedTuple):
    """A call of a layer inside a model.

    Attributes:
        layer: the layer, or the operation.
        row: what the analysis says of the call.
    """

    layer: Any
    row: Row


class Passed(NamedTuple):
    """What one call of a layer took and made, without the batch axis.

    Attributes:
        input: the map that went in; `None` where that was not one array.
        output: the map that came out; `None` where that was not one array.
    """

    input: Values | None
    output: Values | None


class Alone(keras.Model):
    """A layer as a model. It is called and not connected, so that the layer stays as it was."""

    def __init__(self, layer: Any) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.alone = layer
        self.built = True

    def call(self, inputs: Any) -> Any:
        """What the layer makes."""
        return self.alone(inputs)


def place_of(model: Any, sample: Sample, layer: Any) -> Place:
    """Returns the call that `layer` names: a path, a name that only one path ends with, or `(path, number of call)`.

    Raises:
        UnknownLayerError: there is no such layer, or no such call.
    """
    report = analyze(model, input_shape=sample.values.shape)
    if isinstance(model, Alone) and layer in (None, model.alone.name):
        # Where it was followed inside, the last row makes what it makes.
        *_, last = (row for row in report.rows if row.output_shapes)
        return Place(model.alone, last._replace(layer=model.alone.name, type=type(model.alone).__name__, call=0))
    path, nth = layer if isinstance(layer, tuple) and len(layer) == 2 else (layer, 0)
    row = report[_path(report, path), nth]
    with capture(model, sample.values.shape, 1, lambda target: find(target, None).is_certain) as graph:
        found = next((call.layer for call in graph.calls if (call.path, call.nth) == (row.layer, row.call)), None)
    return Place(found, row)


def _path(report: Report, name: Any) -> str:
    paths = list(dict.fromkeys(row.layer for row in report.rows))
    if name is None and len(paths) == 1:
        return paths[0]
    if not isinstance(name, str):
        some = ", ".join(f"`{path}`" for path in paths[:3]) + ", ..." * (len(paths) > 3)
        raise UnknownLayerError(
            f"explain: expected layer= the path of one of {len(paths)} layers: {some}. Received: {name!r}."
        )
    ends = [path for path in paths if path.endswith(f"/{name}")]
    if name in paths or not ends:
        return name
    if len(ends) > 1:
        listed = ", ".join(f"`{path}`" for path in ends[:5])
        raise UnknownLayerError(f"explain: {len(ends)} layers are named `{name}`; expected a path: {listed}.")
    return ends[0]


def run(model: Any, sample: Sample, place: Place) -> Passed:
    """Runs the model on the image, at inference, and returns what went through the layer; the model stays as it was.

    Raises:
        ModelError: the model does not run on the image, or runs without calling the layer.
    """
    if not isinstance(place.layer, keras.layers.Layer):
        return Passed(None, None)
    with _watched(place.layer) as calls:
        try:
            # What layers would note in their state, such as a recurrent layer's last step, goes with the scope.
            with keras.StatelessScope(collect_losses=True):
                model(sample.batch, training=False)
        except Exception as error:
            raise ModelError(
                f"explain: `{model.name}` does not run on an image of shape {sample.values.shape}: {error}"
            ) from error
    if place.row.call >= len(calls):
        raise ModelError(
            f"explain: `{model.name}` ran without calling `{place.row.layer}`: its `call` takes another way on numbers "
            "than on symbolic tensors."
        )
    given, made = calls[place.row.call]
    return Passed(_array(given), _array(made))


@contextmanager
def _watched(layer: Any) -> Iterator[list[tuple[Any, Any]]]:
    """Notes what the layer is called with, and what it returns."""
    calls: list[tuple[Any, Any]] = []
    before = {name: vars(layer)[name] for name in _CALLS if name in vars(layer)}

    def noted(call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            made = call(*args, **kwargs)
            calls.append((args[0] if args else None, made))
            return made

        return noting

    try:
        for name in _CALLS:
            setattr(layer, name, noted(getattr(layer, name)))
        yield calls
    finally:
        for name in _CALLS:
            if name in before:
                setattr(layer, name, before[name])
            else:
                delattr(layer, name)


def _array(value: Any) -> Values | None:
    if not keras.ops.is_tensor(value) or not len(value.shape):
        return None
    array: Values = np.asarray(keras.ops.convert_to_numpy(value), dtype=np.float64)[0]
    return array
