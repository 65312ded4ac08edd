"""Small networks and data to train them on."""

from typing import Any

import keras
import numpy as np
from keras import layers


def classifier(shape: tuple[int | None, ...] = (8, 8, 1), **compiling: Any) -> keras.Model:
    """A convolution, a pooling over all positions, three classes."""
    model = keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(4, 3, activation="relu", name="features"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )
    compiled(model, **compiling)
    return model


def compiled(model: keras.Model, **compiling: Any) -> None:
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], **compiling)


def images(count: int, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Images and classes."""
    rng = np.random.default_rng(0)
    return rng.random((count, size, size, 1), "float32"), rng.integers(0, 3, count)
