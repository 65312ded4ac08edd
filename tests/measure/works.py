"""Models of one layer, and what the backend and the rules count of a function."""

from typing import Any

import keras
from keras import layers

from keras_cnnstats.capture import capture
from keras_cnnstats.describe import describe
from keras_cnnstats.measure import measure
from keras_cnnstats.units import NO_WORK, Work


def model_of(layer: Any, *shapes: tuple[int, ...]) -> keras.Model:
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, layer(*inputs))


class Function(layers.Layer):
    """Calls a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.built = True

    def call(self, x: Any) -> Any:
        return self.function(x)


def measured_work(function: Any, shape: tuple[int, ...]) -> Work:
    layer = function if isinstance(function, layers.Layer) else Function(function)
    return measure(layer, layer.variables, (keras.KerasTensor(shape),), {}).work


def ruled_work(function: Any, shape: tuple[int, ...]) -> Work:
    x = keras.Input(batch_shape=shape)
    with capture(keras.Model(x, function(x))) as graph:
        works = [facts.work for call in graph.calls for facts in describe(call).facts]
    total = NO_WORK
    for work in works:
        assert work is not None
        total = total.plus(work)
    return total
