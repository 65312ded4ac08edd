"""Analysing changes nothing: not the model, not Keras, not the random numbers."""

import random

import keras
import numpy as np
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import backbone, open_sizes, small_cnn


def nested() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    return keras.Model(image, layers.Dropout(0.5, seed=1)(backbone()(image)), name="nested")


def every_node(model: keras.Model) -> list[int]:
    return [len(layer._inbound_nodes) + len(layer._outbound_nodes) for layer in model._flatten_layers()]


MODELS = {
    "sequential": (small_cnn, {}),
    "nested": (nested, {}),
    "other sizes": (open_sizes, {"input_shape": (65, 33, 3)}),
    "wrong sizes": (small_cnn, {"input_shape": (1, 1, 1)}),
}


@pytest.mark.parametrize(("make", "arguments"), MODELS.values(), ids=MODELS)
def test_the_model_is_as_it_was(make, arguments):
    model = make()
    model.layers[-1].trainable = False
    weights = [weight.numpy().copy() for weight in model.weights]
    before = model.get_config(), every_node(model), [layer.trainable for layer in model.layers], model.losses
    try:
        cnnstats.analyze(model, **arguments)
    except cnnstats.InputShapeError:
        assert arguments["input_shape"] == (1, 1, 1)
    after = model.get_config(), every_node(model), [layer.trainable for layer in model.layers], model.losses
    assert str(after) == str(before)
    assert all(np.array_equal(old, new.numpy()) for old, new in zip(weights, model.weights, strict=True))


@pytest.mark.parametrize(("make", "arguments"), list(MODELS.values())[:3], ids=list(MODELS)[:3])
def test_a_second_analysis_is_equal(make, arguments):
    model = make()
    assert cnnstats.analyze(model, **arguments) == cnnstats.analyze(model, **arguments)


def test_later_layers_are_named_as_if_nothing_had_happened():
    model = open_sizes()
    keras.backend.clear_session(free_memory=False)
    layers.Dense(1)
    expected = [layers.Dense(1).name, keras.Input((3,)).name]
    keras.backend.clear_session(free_memory=False)
    layers.Dense(1)
    cnnstats.analyze(model, input_shape=(9, 9, 3))
    assert [layers.Dense(1).name, keras.Input((3,)).name] == expected


def test_random_numbers_go_on_as_they_would():
    model = small_cnn()
    keras.utils.set_random_seed(7)
    expected = random.random(), np.random.random(), float(keras.random.uniform(()))
    keras.utils.set_random_seed(7)
    cnnstats.analyze(model)
    assert (random.random(), np.random.random(), float(keras.random.uniform(()))) == expected


class Fresh(layers.Layer):
    """Makes layers that draw their seeds when they are called, and draws random numbers itself."""

    def call(self, x):
        x = layers.Dropout(0.5)(layers.Dense(3)(x), training=True) + random.random() + np.random.random()
        # JAX refuses a trace with a seed that nobody holds.
        return x if keras.backend.backend() == "jax" else x + keras.random.uniform((3,))


def test_random_numbers_go_on_when_a_layer_draws_some():
    class Written(keras.Model):
        def call(self, x):
            return Fresh()(x)

    model = Written()
    keras.utils.set_random_seed(7)
    expected = random.random(), np.random.random(), float(keras.random.uniform(()))
    keras.utils.set_random_seed(7)
    cnnstats.analyze(model, input_shape=(4,))
    assert (random.random(), np.random.random(), float(keras.random.uniform(()))) == expected


class Busy(layers.Layer):
    """Does all that a call can do beside computing."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.metric = keras.metrics.Mean(name="metric")
        self.drop = layers.Dropout(0.5, seed=1)
        self.history = []

    def build(self, _shape):
        self.steps = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps")

    def call(self, x):
        self.add_loss(keras.ops.sum(x))
        self.metric.update_state(x)
        self.steps.assign(self.steps + 1)
        self.history.append(x)
        return self.drop(x, training=True)


def everything(model: keras.Model) -> tuple[object, ...]:
    return (
        str(model.get_config()),
        [(layer.name, layer.trainable, sorted(vars(layer))) for layer in model._flatten_layers()],
        [(variable.path, np.array(variable).tolist()) for variable in model.variables],
        len(model.losses),
        [metric.name for metric in model.metrics],
    )


def test_layer_that_leaves_traces_leaves_none():
    vector = keras.Input((4,))
    busy = Busy(name="busy")
    model = keras.Model(vector, layers.Dense(2)(busy(vector)))
    busy.history.clear()
    before = everything(model)
    first = cnnstats.analyze(model)
    assert first.totals.unknown_rows == 0
    assert cnnstats.analyze(model) == first
    assert everything(model) == before
    assert busy.history == []


def test_model_predicts_what_it_would_have():
    def model():
        keras.utils.set_random_seed(3)
        vector = keras.Input((4,))
        return keras.Model(vector, layers.Dense(2)(Busy()(vector)))

    x, (untouched, analysed) = np.ones((1, 4), "float32"), (model(), model())
    cnnstats.analyze(analysed)
    np.testing.assert_array_equal(analysed.predict(x, verbose=0), untouched.predict(x, verbose=0))


def test_a_report_keeps_no_model_alive():
    import gc
    import weakref

    model = small_cnn()
    gone = weakref.ref(model.layers[0])
    report = cnnstats.analyze(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None
    assert report.rows
