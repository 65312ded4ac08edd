"""An output that has an axis no more has no stride on it; what it sees of it stays."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats

ENDINGS: dict[str, Callable[[Any], Any]] = {
    "squeezed": lambda x: ops.squeeze(x, 1),
    "reshaped": layers.Reshape((6, 4)),
    "picked": lambda x: x[:, 0],
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_axis_that_is_left_out(name: str) -> None:
    x = keras.Input((8, 8, 3))
    rows = layers.Conv2D(4, (8, 3), strides=(2, 1))(x)
    row = cnnstats.analyze(keras.Model(x, ENDINGS[name](rows))).rows[-1]
    assert (row.receptive_field, row.stride_product, row.effective_padding) == ((8, 3), (None, 1), (0, 0))


def test_it_meets_others_when_it_is_back() -> None:
    x = keras.Input((8, 8, 3))
    every = layers.Conv2D(4, 3, padding="same")(x)
    first = ops.expand_dims(every[:, 0], 1)
    row = cnnstats.analyze(keras.Model(x, ops.multiply(every, first))).rows[-1]
    # The last row sees itself, and the first.
    assert (row.receptive_field, row.stride_product) == ((10, 3), (1, 1))
