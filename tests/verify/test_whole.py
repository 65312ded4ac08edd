"""A whole model is fed what its user feeds it."""

import keras
import pytest
from keras import layers

from keras_cnnstats.capture import capture
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.whole import whole


class TokenTable(layers.Embedding):
    """A subclass with nothing of its own."""


class Written(keras.Model):
    """A model that writes its own `call`, which does not say that its tokens are integers."""

    def __init__(self, first: layers.Layer) -> None:
        super().__init__()
        self.first, self.head = first, layers.Dense(2)

    def call(self, x):
        return self.head(self.first(x))


@pytest.mark.filterwarnings("ignore")  # of Keras, as it calls the model to build it
@pytest.mark.parametrize(
    ("first", "dtype"),
    [(layers.Embedding(9, 4), "int32"), (TokenTable(9, 4), "int32"), (layers.Dense(4), "float32")],
    ids=["embedding", "a subclass of it", "dense"],
)
def test_tokens_are_integers(first: layers.Layer, dtype: str) -> None:
    model = Written(first)
    model.build((None, 6))
    with capture(model) as graph:
        called = whole(model, graph)
    assert isinstance(called, Runnable)
    assert called.specs[-1].dtype == dtype
