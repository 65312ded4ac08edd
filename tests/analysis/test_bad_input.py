"""What a user gets wrong, and the one message that each of it gets."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import small_cnn, two_inputs


class Written(keras.Model):
    """Writes its own call, which fails."""

    def call(self, x):
        raise TypeError("values, please" if x is not None else "")


def written() -> keras.Model:
    model = Written(name="written")
    model.build((None, 4))
    return model


NO_MODEL = {
    "a number": (
        lambda: 3,
        "model: expected a built keras.Model. Received: 3 of type int.",
    ),
    "nothing": (
        lambda: None,
        "model: expected a built keras.Model. Received: None of type NoneType.",
    ),
    "a class": (
        lambda: keras.Model,
        "model: expected a built keras.Model, got the class `Model`. Pass an instance of it.",
    ),
    "a layer": (
        lambda: layers.Dense(2, name="units"),
        "model: expected a built keras.Model, got the layer `units` of type Dense. "
        "Wrap it: keras.Sequential([keras.Input(shape), layer]).",
    ),
    "not built": (
        lambda: keras.Sequential([layers.Dense(2)], name="raw"),
        "model `raw`: it is not built, so that its layers have no shapes. Give it an input: begin with "
        "keras.Input(shape), or call model.build(shape) with the batch axis, e.g. (None, 224, 224, 3).",
    ),
    "no layers": (
        lambda: keras.Sequential(name="empty"),
        "model `empty`: it has no layers. Add some with model.add(layer).",
    ),
    "an input alone": (
        lambda: keras.Sequential([keras.Input((3,))], name="empty"),
        "model `empty`: it has no layers. Add some with model.add(layer).",
    ),
    "outputs are inputs": (
        lambda: keras.Model(*[keras.Input((3,))] * 2, name="through"),
        "model `through`: it has no layers: its outputs are its inputs.",
    ),
    "subclassed": (
        written,
        "model `written`: the call of `Written` cannot be followed (TypeError: values, please). Write it in keras.ops, "
        "or build the model functionally: keras.Model(inputs, outputs).",
    ),
    "subclassed, not built": (
        lambda: Written(name="written"),
        "model `written`: it is not built, so that its layers have no shapes. Pass input_shape=, "
        "or call model.build(shape) with the batch axis, e.g. (None, 224, 224, 3).",
    ),
}


@pytest.mark.parametrize(("make", "message"), NO_MODEL.values(), ids=NO_MODEL)
def test_what_is_no_model_is_refused(make, message):
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(make())
    assert str(caught.value) == message


BAD_ARGUMENTS = {
    "too few axes": (
        {"input_shape": (32, 32)},
        "input_shape of `image`: expected 3 axes, for (32, 32, 3). Received: 2 axes, (32, 32).",
    ),
    "batch axis": (
        {"input_shape": (None, 32, 32, 3)},
        "input_shape of `image`: expected 3 axes, for (32, 32, 3). Received: 4 axes, (None, 32, 32, 3). "
        "Leave the batch axis out.",
    ),
    "zero": (
        {"input_shape": (0, 32, 3)},
        "input_shape of `image`: expected positive integers. Received: 0 in (0, 32, 3).",
    ),
    "negative": (
        {"input_shape": (32, -1, 3)},
        "input_shape of `image`: expected positive integers. Received: -1 in (32, -1, 3).",
    ),
    "no integer": (
        {"input_shape": (32, 32.5, 3)},
        "input_shape of `image`: expected positive integers. Received: 32.5 in (32, 32.5, 3).",
    ),
    "a truth": (
        {"input_shape": (True, 32, 3)},
        "input_shape of `image`: expected positive integers. Received: True in (True, 32, 3).",
    ),
    "another fixed size": (
        {"input_shape": (32, 32, 4)},
        "input_shape of `image`: the model was built with 3 on axis 2: expected (32, 32, 3). "
        "Received: (32, 32, 4). Build it with keras.Input of the shape wanted.",
    ),
    "text": (
        {"input_shape": "32x32x3"},
        "input_shape: expected a shape without the batch axis, such as (224, 224, 3), or a list or dict of shapes. "
        "Received: '32x32x3'.",
    ),
    "two shapes for one input": (
        {"input_shape": [(32, 32, 3), (32, 32, 3)]},
        "input_shape: expected 1 shape, for `image`. Received: 2.",
    ),
    "another name": (
        {"input_shape": {"picture": (32, 32, 3)}},
        "input_shape: expected a shape for each of the inputs `image`. Received: `picture`.",
    ),
    "batch size": (
        {"batch_size": 0},
        "batch_size: expected an integer of at least 1. Received: 0.",
    ),
    "convention": (
        {"convention": "mac"},
        "convention: expected one of `textbook`, `macs`, `2macs`, `tf`, `xla`. Received: 'mac'. "
        "Did you mean `macs` or `2macs`?",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_bad_argument_is_refused(arguments, message):
    with pytest.raises(cnnstats.CNNStatsError) as caught:
        cnnstats.analyze(small_cnn(), **arguments)
    assert str(caught.value) == message


def test_one_shape_for_two_inputs_is_refused():
    with pytest.raises(cnnstats.InputShapeError) as caught:
        cnnstats.analyze(two_inputs(), input_shape=(8, 8, 3))
    assert str(caught.value) == (
        "input_shape: the model has 2 inputs, `image`, `vector`: expected a list or dict of as many shapes. "
        "Received: (8, 8, 3)."
    )


def test_sizes_that_a_layer_refuses_name_the_layer():
    image = keras.Input((None, None, 3))
    halves = layers.MaxPooling2D(2, name="halves")(image)
    model = keras.Model(image, layers.Add(name="meet")([layers.UpSampling2D(2)(halves), image]))
    with pytest.raises(cnnstats.InputShapeError) as caught:
        cnnstats.analyze(model, input_shape=(7, 7, 3))
    assert str(caught.value).startswith(
        "meet: the layer does not accept the shapes that this input gives it ((None, 6, 6, 3), (None, 7, 7, 3)). "
        "Keras says: "
    )


BAD_PATHS = {
    "misspelt": (
        "conv_c",
        "report['conv_c']: expected the path of one of 5 layers. Did you mean `conv_b` or `conv_a`?",
    ),
    "nothing like it": ("zzz", "report['zzz']: expected the path of one of 5 layers."),
    "a call too many": (
        ("conv_a", 1),
        "report['conv_a', 1]: the layer is called once; calls are counted from 0. Received: 1.",
    ),
}


@pytest.mark.parametrize(("path", "message"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_unknown_path_names_the_nearest(path, message):
    with pytest.raises(cnnstats.UnknownLayerError) as caught:
        cnnstats.analyze(small_cnn())[path]
    assert str(caught.value) == message


def test_errors_are_also_the_errors_that_python_users_catch():
    assert issubclass(cnnstats.ModelError, ValueError)
    assert issubclass(cnnstats.InputShapeError, ValueError)
    assert issubclass(cnnstats.UnknownLayerError, KeyError)
