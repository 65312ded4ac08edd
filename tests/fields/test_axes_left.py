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


class TokenTable(layers.Embedding):
    """An embedding by another name."""


@pytest.mark.parametrize("kind", [layers.Embedding, TokenTable])
@pytest.mark.parametrize("rank", [0, 2], ids=["plain", "adapted"])
def test_indices_that_are_looked_up_lie_along_an_axis(kind: Any, rank: int) -> None:
    table = kind(9, 4)
    model = keras.Sequential([keras.Input((12,)), table, layers.Conv1D(2, 3)])
    if rank:
        table.enable_lora(rank)
    report = cnnstats.analyze(model)
    assert (report.axes, report.rows[-1].receptive_field) == (("t",), (3,))


def test_it_meets_others_when_it_is_back() -> None:
    x = keras.Input((8, 8, 3))
    every = layers.Conv2D(4, 3, padding="same")(x)
    first = ops.expand_dims(every[:, 0], 1)
    row = cnnstats.analyze(keras.Model(x, ops.multiply(every, first))).rows[-1]
    # The last row sees itself, and the first.
    assert (row.receptive_field, row.stride_product) == ((10, 3), (1, 1))
