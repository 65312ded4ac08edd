"""A layer inside a model: found by its path, given what the model gives it, and left as it was."""

import keras
import numpy as np
import pytest

from keras_cnnstats.errors import InputShapeError, ModelError, UnknownLayerError
from keras_cnnstats.explaining import explain

L = keras.layers
IMAGE = np.random.default_rng(0).normal(size=(8, 8, 2))


def nested():
    backbone = keras.Sequential(
        [keras.Input((8, 8, 2)), L.Conv2D(3, 3, name="conv1"), L.ReLU(name="act"), L.MaxPooling2D(name="pool")],
        name="backbone",
    )
    x = keras.Input((8, 8, 2))
    y = L.Conv2D(4, 2, name="conv2")(backbone(x))
    return keras.Model(x, L.Dense(2, name="dense")(L.Flatten(name="flat")(y)), name="net")


class Written(keras.Model):
    """Writes its own `call`, adds a loss, and draws random numbers in training."""

    def __init__(self):
        super().__init__(name="written")
        self.conv = L.Conv2D(2, 3, activity_regularizer="l2", name="conv")
        self.drop = L.Dropout(0.5)
        self.norm = L.BatchNormalization()

    def call(self, inputs):
        return self.norm(self.drop(self.conv(inputs)))


def test_input_of_a_layer_is_what_the_layers_before_it_make():
    model = nested()
    shown = explain(model, IMAGE, "conv2", channel=3)
    before = keras.ops.convert_to_numpy(model.get_layer("backbone")(IMAGE[None].astype("float32")))
    assert np.allclose(shown.inputs, before[0], atol=1e-6)
    assert np.allclose(shown.output, keras.ops.convert_to_numpy(model.get_layer("conv2")(before))[0, ..., 3], atol=1e-6)
    assert np.array_equal(shown.image, IMAGE)


@pytest.mark.parametrize("name", ["backbone/conv1", "conv1"])
def test_a_name_is_enough_where_there_is_but_one(name):
    assert explain(nested(), IMAGE, name).layer == "backbone/conv1"


def test_second_call_of_a_shared_layer():
    shared = L.Conv2D(2, 3, padding="same", name="shared")
    x = keras.Input((8, 8, 2))
    model = keras.Model(x, shared(keras.ops.relu(shared(x))))
    assert explain(model, IMAGE, "shared").inputs.min() < 0
    assert explain(model, IMAGE, ("shared", 1)).inputs.min() == 0


def test_model_that_writes_its_own_call():
    model = Written()
    model(IMAGE[None])
    assert np.array_equal(explain(model, IMAGE, "conv").inputs, IMAGE.astype("float32"))


def test_embedded_words_are_an_input():
    model = keras.Sequential([keras.Input((9,), dtype="int32"), L.Embedding(20, 4), L.Conv1D(2, 3, name="conv")])
    assert explain(model, np.arange(9), "conv").inputs.shape == (9, 4)


def test_nothing_is_left_behind():
    model = Written()
    model(IMAGE[None])
    parts = [model, model.conv, model.drop, model.norm]
    before = [set(vars(part)) for part in parts], model.get_weights(), keras.layers.Conv2D(1, 1).name
    explain(model, IMAGE, "conv", position=(1, 1))
    after = [set(vars(part)) for part in parts], model.get_weights(), keras.layers.Conv2D(1, 1).name
    assert after[0] == before[0]
    assert all(np.array_equal(*pair) for pair in zip(before[1], after[1], strict=True))
    number = int("0" + before[2].removeprefix("conv2d").strip("_"))
    assert after[2] == f"conv2d_{number + 1}"


def test_state_of_a_recurrent_layer_stays():
    model = keras.Sequential([keras.Input(batch_shape=(1, 7, 2)), L.Conv1D(2, 3, name="conv"), L.GRU(2, stateful=True)])
    explain(model, np.ones((7, 2)), "conv")
    assert not np.any(keras.ops.convert_to_numpy(model.layers[-1].states[0]))


def test_a_layer_that_fails_is_left_as_it_was():
    class Failing(L.Layer):
        fails = False

        def call(self, inputs):
            if self.fails:
                raise RuntimeError("on purpose")
            return 2 * inputs

    model = keras.Sequential([keras.Input((8, 8, 2)), L.Conv2D(2, 3, name="conv"), Failing(name="last")])
    Failing.fails = True
    with pytest.raises(ModelError, match="on purpose"):
        explain(model, IMAGE, "conv")
    assert "call" not in vars(model.get_layer("conv"))


def built(layer, *shape):
    layer.build((None, *shape))
    return layer


BAD = {
    "no model": (lambda: explain("net", IMAGE), ModelError, "expected a built keras.Model or layer. Received: str"),
    "not built": (lambda: explain(L.Conv2D(1, 3), IMAGE), ModelError, "is not built.*layer.build"),
    "two inputs": (
        lambda: explain(
            keras.Model(*(lambda a, b: ([a, b], a + b))(keras.Input((2,)), keras.Input((2,)))), IMAGE, "add"
        ),
        ModelError,
        "one input.*has 2",
    ),
    "unknown layer": (
        lambda: explain(nested(), IMAGE, "backbone/conv3"),
        UnknownLayerError,
        "Did you mean `backbone/conv1`",
    ),
    "a model in it": (lambda: explain(nested(), IMAGE, "backbone"), UnknownLayerError, "a model of 3 layers"),
    "no layer": (lambda: explain(nested(), IMAGE), UnknownLayerError, "path of one of .* layers: `backbone/conv1`"),
    "no such call": (lambda: explain(nested(), IMAGE, ("conv2", 1)), UnknownLayerError, "is called once"),
    "neither": (lambda: explain(nested(), IMAGE, "act"), ModelError, r"neither a convolution.*position="),
    "channel": (lambda: explain(nested(), IMAGE, "conv2", 4), InputShapeError, "from 0 to 3.*Received: 4"),
    "channel from the end": (lambda: explain(nested(), IMAGE, "conv2", -1), InputShapeError, "Received: -1"),
    "channel of another type": (lambda: explain(nested(), IMAGE, "conv2", "red"), InputShapeError, "Received: 'red'"),
    "position": (
        lambda: explain(nested(), IMAGE, "conv2", position=(0, 2)),
        InputShapeError,
        r"2 integers below \(2, 2\). Received: \(0, 2\)",
    ),
    "position of another rank": (
        lambda: explain(nested(), IMAGE, "conv2", position=0),
        InputShapeError,
        r"2 integers below \(2, 2\). Received: \(0,\)",
    ),
    "position of another type": (
        lambda: explain(nested(), IMAGE, "conv2", position=(0.5, 1)),
        InputShapeError,
        r"integers.*Received: \(0.5, 1\)",
    ),
    "shape": (
        lambda: explain(nested(), np.ones((9, 8, 2)), "conv2"),
        InputShapeError,
        r"expected an array of shape \(8, 8, 2\). Received: \(9, 8, 2\)",
    ),
    "batch": (lambda: explain(nested(), IMAGE[None], "conv2"), InputShapeError, "one image, without the batch axis"),
    "channels": (
        lambda: explain(built(L.Conv2D(1, 3), 8, 8, 3), IMAGE),
        InputShapeError,
        r"shape \(any, any, 3\). Received: \(8, 8, 2\)",
    ),
    "smaller than the window": (
        lambda: explain(built(L.Conv2D(1, 3), None, None, 2), IMAGE[:2]),
        InputShapeError,
        r"does not take an image of shape \(2, 8, 2\)",
    ),
    "text": (lambda: explain(nested(), "cat.png", "conv2"), InputShapeError, "real numbers. Received: str"),
    "complex": (lambda: explain(nested(), IMAGE * 1j, "conv2"), InputShapeError, "real numbers.*complex128"),
    "ragged": (lambda: explain(nested(), [[1], [2, 3]], "conv2"), InputShapeError, "array of numbers"),
    "not a number": (
        lambda: explain(nested(), np.full((8, 8, 2), np.nan), "conv2"),
        InputShapeError,
        "finite numbers. Received: 128",
    ),
    "empty": (lambda: explain(nested(), np.ones((0, 8, 2)), "conv2"), InputShapeError, r"\(0, 8, 2\)"),
    "volume": (
        lambda: explain(built(L.Conv3D(1, 3), 5, 5, 5, 1), np.ones((5, 5, 5, 1)), position=(0, 0, 0)),
        ModelError,
        "signals or images.*3 such axes",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()


def test_a_name_of_two_layers_is_refused():
    parts = [keras.Sequential([keras.Input((8, 8, 2)), L.Conv2D(2, 1, name="conv")], name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((8, 8, 2)), *parts])
    with pytest.raises(UnknownLayerError, match="2 layers are named `conv`; expected a path: `a/conv`, `b/conv`"):
        explain(model, IMAGE, "conv")
