"""What is inside a layer stands under its path, each part with the parameters that it reads."""

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.analysis.followed import Fresh, Inner, Outer, model_of, rows, totals
from tests.analysis.networks import SMALL, VitLayers


def test_layers_of_layers_stand_under_their_paths():
    found = [row.layer for row in cnnstats.analyze(VitLayers(SMALL), input_shape=(12, 12, 3))]
    encoder = ["norm_1", "attention", "add", "norm_2", "wide", "narrow", "add_1"]
    assert [path for path in found if path.startswith("block_")] == [
        f"block_{place}/{name}" for place in range(SMALL.depth) for name in encoder
    ]


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras 3.15 cuts no model out of another under PyTorch")
def test_operations_in_a_layer_are_numbered_by_themselves():
    image = keras.Input((4,))
    noise = image * 5 * 6
    paths = rows(keras.Model(noise, Outer(name="outer")(noise)))
    assert paths == [
        ("outer/left/dense", 0, 20),
        ("outer/left/multiply", 0, 0),
        ("outer/right/dense", 0, 20),
        ("outer/right/multiply", 0, 0),
        ("outer/multiply", 0, 0),
    ]


def test_layer_that_is_called_twice_has_its_parameters_once():
    image = keras.Input((4,))
    inner = Inner(name="inner")
    model = keras.Model(image, inner(inner(image)))
    assert rows(model) == [
        ("inner/dense", 0, 20),
        ("inner/multiply", 0, 0),
        ("inner/dense", 1, 0),
        ("inner/multiply_1", 0, 0),
    ]
    assert totals(model)["params"] == model.count_params()


def test_layers_made_on_the_fly_are_rows():
    assert rows(model_of(Fresh(name="fresh"), (4,))) == [("fresh/dense", 0, 15)]


class Affine(layers.Layer):
    """A product with a variable, and a sum with another one that is not trained."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")
        self.offset = self.add_weight(shape=(5,), name="offset", trainable=False)

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.offset


def test_variables_are_counted_in_the_operation_that_reads_them():
    report = cnnstats.analyze(model_of(Affine(name="affine"), (4,)))
    assert [(row.layer, row.params, row.trainable_params) for row in report] == [
        ("affine/matmul", 20, 20),
        ("affine/add", 5, 0),
    ]
    assert (report.totals.params, report.totals.frozen_params) == (25, 5)


def test_frozen_layer_freezes_what_is_in_it():
    layer = Outer()
    model = model_of(layer, (4,))
    layer.trainable = False
    found = cnnstats.analyze(model).totals
    assert (found.params, found.trainable_params) == (40, 0)


def test_trainable_is_what_keras_trains():
    """A layer that is frozen before it makes those inside it does not freeze them."""
    model = model_of(Outer(trainable=False), (4,))
    trained = sum(variable.numpy().size for variable in model.trainable_variables)
    assert cnnstats.analyze(model).totals.trainable_params == trained
