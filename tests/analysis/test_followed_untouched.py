"""Following a `call` changes nothing: not what it leaves behind, not what it makes, not the names to come."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.analysis.followed import Fresh, Outer, Raising, model_of, totals
from tests.analysis.networks import SMALL, Encoder, VitLayers, VitOperations


def state(model):
    """Attributes, contents, calls and names of a model and all that is in it, and its weights."""
    parts = [
        (
            each.name,
            each.built,
            {name: (id(value), str(value)) for name, value in vars(each).items()},
            len(each._inbound_nodes),
            len(each._outbound_nodes),
        )
        for each in model._flatten_layers()
    ]
    return parts, [(weight.path, weight.numpy().tolist()) for weight in model.weights]


class Stopping(keras.Model):
    """Leaves traces of its call, which fails."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)
        self.kept = {}

    def call(self, x):
        self.kept["x"] = self.y = self.dense(x)
        self.late = layers.Dense(2)
        raise ValueError("far enough")


def reaching():
    """A model with functions that call a layer which they do not hold."""
    x = keras.Input((4,))
    shared = layers.Dense(4)
    once = layers.Lambda(lambda t: shared(t))(shared(x))
    return keras.Model(x, layers.Lambda(lambda t: shared(ops.tanh(shared(t))))(once))


def run(model):
    model(np.zeros((1, 12, 12, 3), "float32"))
    return model


UNTOUCHED = {
    "layers in a functional model": (lambda: model_of(Outer(), (4,)), None),
    "a layer that makes layers": (lambda: model_of(Fresh(), (4,)), None),
    "layers that functions reach": (reaching, None),
    "a layer whose call raises": (lambda: model_of(Raising(), (4,)), None),
    "a model that is built": (lambda: run(VitLayers(SMALL)), None),
    "a model in operations": (lambda: run(VitOperations(SMALL)), None),
    "a model that is not built": (lambda: VitLayers(SMALL), (12, 12, 3)),
    "a model whose call raises": (Stopping, (4,)),
}


@pytest.mark.parametrize(("make", "shape"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_model_is_as_it_was(make, shape):
    model = make()
    before, name = state(model), keras.layers.Identity().name
    for _ in range(2):
        try:
            cnnstats.analyze(model, input_shape=shape)
        except cnnstats.ModelError:
            assert isinstance(model, Stopping)
    assert state(model) == before
    # The next automatic name is one on from the last: none was used up in between.
    stem, _, number = name.rpartition("_")
    following = f"{stem}_{int(number) + 1}" if stem else f"{name}_1"
    assert keras.layers.Identity().name == following


def test_model_that_is_not_built_stays_so_and_can_be_built_later():
    model = VitLayers(SMALL)
    before = totals(model, input_shape=(12, 12, 3))
    assert not model.built
    assert model.weights == []
    run(model)
    assert model.count_params() == before["params"]
    assert totals(model) == before


def test_a_layer_can_be_used_elsewhere_behind_the_analysis():
    encoder = Encoder(SMALL)
    model = model_of(encoder, (10, 8))
    x = np.ones((1, 10, 8), "float32")
    expected = ops.convert_to_numpy(model(x))
    cnnstats.analyze(model)
    np.testing.assert_array_equal(ops.convert_to_numpy(model(x)), expected)
    assert len(encoder._inbound_nodes) == 1
