"""A mask that comes with a tensor goes on into the layers that a user's own layer calls."""

from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats

LENGTH, WIDTH = 8, 6


class Around(layers.Layer):
    """Calls one layer, several times inside one another if wanted, and says nothing of masks."""

    def __init__(self, inner: Any, times: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.inner = Around(inner, times - 1) if times > 1 else inner

    def call(self, x: Any) -> Any:
        return self.inner(x, x) if isinstance(self.inner, layers.MultiHeadAttention) else self.inner(x)


def work(layer: Any, *, masked: bool, around: int = 0) -> int:
    """FLOPs of a layer behind an embedding, called by the model or inside layers of the user's own."""
    tokens = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(10, WIDTH, mask_zero=masked)(tokens)
    if around:
        y = Around(layer, around)(x)
    else:
        y = layer(x, x) if isinstance(layer, layers.MultiHeadAttention) else layer(x)
    return cnnstats.analyze(keras.Model(tokens, y)).rows[-1].flops or 0


LAYERS = {
    "attention": lambda: layers.MultiHeadAttention(2, 4),
    "recurrence": lambda: layers.LSTM(4),
    "average": lambda: layers.GlobalAveragePooling1D(),
    "softmax": lambda: layers.Softmax(),
}


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "not masked"])
@pytest.mark.parametrize("name", LAYERS)
def test_it_counts_inside_as_it_does_outside(name: str, masked: bool) -> None:
    outside = work(LAYERS[name](), masked=masked)
    assert [work(LAYERS[name](), masked=masked, around=depth) for depth in (1, 2)] == [outside, outside]


def test_masking_scores_is_work() -> None:
    attention = LAYERS["attention"]
    assert work(attention(), masked=True, around=1) > work(attention(), masked=False, around=1)
