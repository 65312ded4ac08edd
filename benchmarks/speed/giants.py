"""Models of any number of layers, to see how the time of an analysis grows."""

import sys
import threading
from collections.abc import Callable
from typing import Any

STACK = 1 << 29
"""Bytes of a stack that Keras builds deep models on: it calls itself once for each layer."""


def chain(count: int) -> Any:
    """Returns convolutions one behind the other."""
    import keras

    x = image = keras.Input((8, 8, 4))
    for _ in range(count):
        x = keras.layers.Conv2D(4, 3, padding="same")(x)
    return keras.Model(image, x)


def wide(count: int) -> Any:
    """Returns convolutions side by side, and their sum."""
    import keras

    image = keras.Input((8, 8, 4))
    branches = [keras.layers.Conv2D(4, 1 + 2 * (number % 2), padding="same")(image) for number in range(count)]
    return keras.Model(image, keras.layers.Add()(branches))


def nested(count: int) -> Any:
    """Returns a model in a model in a model, each with one layer of its own."""
    import keras

    model = None
    for _ in range(count):
        x = image = keras.Input((8,))
        x = keras.layers.Dense(8)(x if model is None else model(x))
        model = keras.Model(image, x)
    return model


def built(make: Callable[[int], Any], count: int) -> Any:
    """Returns the model, without weights, made where Keras can call itself often enough."""
    import keras_cnnstats as cnnstats

    made: list[Any] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK)

    def work() -> None:
        sys.setrecursionlimit(1_000_000)
        with cnnstats.abstract():
            made.append(make(count))

    thread = threading.Thread(target=work)
    try:
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    return made[0]
