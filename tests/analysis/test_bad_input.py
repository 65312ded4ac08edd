"""What a user gets wrong, and the one message that each of it gets."""

import sys

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import measure
from keras_cnnstats.capture import reader
from keras_cnnstats.capture.reader import Reader
from keras_cnnstats.primitives import Rearrangement, Route
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


# Layers that do not do what they say: one row, not the report


def followed_by_dense(layer, shape=(4,), **arguments):
    """A model of the layer and a dense layer, and the rows of both."""
    image = keras.Input(shape)
    report = cnnstats.analyze(keras.Model(image, layers.Dense(3, name="dense")(layer(image))), **arguments)
    assert report.totals.params == sum(row.params for row in report)
    return report.rows


class Lying(layers.Layer):
    """Makes two features, and says five."""

    def call(self, x):
        return x[:, :2]

    def compute_output_shape(self, shape):
        return shape[0], 5


def test_layer_whose_shape_is_a_lie():
    row, dense = followed_by_dense(Lying(name="own"))
    assert (row.source, row.macs, row.output_shape, dense.macs) == ("unknown", None, (None, 5), 15)
    assert row.note == (
        "its call cannot be followed (it makes the shape (None, 2), and says that it makes (None, 5)): "
        "mend its compute_output_shape, or write a rule with @cnnstats.rule(Lying)"
    )


class Adding(layers.Layer):
    """Makes a variable each time it is called."""

    def call(self, x):
        return x * self.add_weight(shape=x.shape[-1:])

    def compute_output_shape(self, shape):
        return shape


def test_layer_that_adds_variables_when_it_is_called():
    layer = Adding(name="own")
    row, dense = followed_by_dense(layer)
    assert (row.source, row.params, dense.macs) == ("unknown", 0, 12)
    assert row.note.startswith(
        "its call cannot be followed (ValueError: You cannot add new elements of state (variables or sub-layers) to a "
        "layer that is already built."
    )
    assert layer.variables == []


class Calling(keras.Model):
    """Calls itself."""

    def call(self, x):
        return self(x)


def test_model_that_calls_itself():
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(Calling(name="calling"), input_shape=(4,))
    assert str(caught.value).startswith("model `calling`: the call of `Calling` cannot be followed (RecursionError: ")


class Circular(keras.Model):
    """Holds itself, or a layer that holds it."""

    def __init__(self, inner):
        super().__init__(name="circular")
        self.inner = inner
        inner.outer = self

    def call(self, x):
        return self.inner(x)


def circular_self():
    model = Circular(layers.Dense(3, name="dense"))
    model.me = model
    return model


CIRCLES = {
    "a layer that holds the model": (lambda: Circular(layers.Dense(3, name="dense")), "circular"),
    "a model that holds itself": (circular_self, "circular"),
}


@pytest.mark.parametrize(("make", "name"), CIRCLES.values(), ids=CIRCLES)
def test_circle_of_layers(make, name):
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(make(), input_shape=(4,))
    assert str(caught.value) == (
        f"model `circular`: its layer `{name}` holds itself, or a layer that holds it, so that Keras cannot list its "
        "weights. Keep such a reference as weakref.ref(layer)."
    )


# One failure of ours, or of a rule of the user's, costs one row


class Plain(layers.Layer):
    """Doubles what it gets."""

    def call(self, x):
        return x * 2


def failing(*_arguments, **_named):
    raise ArithmeticError("planted")


def test_rule_that_raises():
    row, dense = followed_by_dense(Plain(), rules={Plain: failing})
    assert (row.source, row.macs, row.note) == ("unknown", None, "its rule failed: ArithmeticError: planted")
    assert dense.macs == 12


def test_following_that_raises(monkeypatch):
    monkeypatch.setattr(Reader, "_read_function", raising_inside(Reader._read_function))
    row, dense = followed_by_dense(Plain(name="own"))
    # What cannot be followed is counted by the backend.
    assert (row.layer, row.source, row.flops, dense.macs) == ("own", "measured", 4, 12)
    assert row.note.endswith("its call cannot be followed (ArithmeticError: planted)")


def raising_inside(read):
    def inside(self, function, feeds, prefix, trainable):
        made = read(self, function, feeds, prefix, trainable)
        return failing() if prefix else made

    return inside


def test_counting_that_raises(monkeypatch):
    monkeypatch.setattr(Reader, "_read_function", raising_inside(Reader._read_function))
    monkeypatch.setattr(measure, "import_module", failing)
    monkeypatch.setattr(reader, "backend_name", lambda: "the backend")
    row, dense = followed_by_dense(Plain(name="own"))
    assert (row.layer, row.source, row.flops, dense.macs) == ("own", "unknown", None, 12)
    assert "cannot be followed (ArithmeticError: planted): write it in keras.ops" in row.note


class Twisted(layers.Layer):
    """Has a rule that speaks of axes that are not there."""

    def call(self, x):
        return x


def test_field_that_cannot_be_followed():
    def twisted(_call):
        return [Rearrangement(Route((0, 7, 8, 9)))]

    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, name="behind")(Twisted(name="own")(layers.Conv2D(4, 3, name="before")(image)))
    report = cnnstats.analyze(keras.Model(image, x), rules={Twisted: twisted})
    assert report["before"].receptive_field == (3, 3)
    assert report["own"].receptive_field == report["behind"].receptive_field == (None, None)
    assert report["own"].note == "its receptive field cannot be followed: IndexError: tuple index out of range"
    assert (report["behind"].macs, report.totals.unknown_rows) == (16 * 36 * 4, 0)


def test_layer_that_knows_no_batch_of_one_keeps_its_shape():
    class Sure(layers.Layer):
        def call(self, x):
            return x

        def compute_output_spec(self, x):
            if x.shape[0] is not None:
                raise ValueError("any batch, please")
            return keras.KerasTensor(x.shape, x.dtype)

    image = keras.Input((4,))
    model = keras.Model(image, ops.reshape(Sure(name="own")(image), (-1, 2, 2)))
    assert cnnstats.analyze(model).rows[-1].output_shape == (None, 2, 2)


# Inputs of other kinds


def test_ragged_input_has_sizes_that_nobody_knows():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has ragged tensors")
    tokens = keras.Input((None,), dtype="int32", ragged=True)
    model = keras.Model(tokens, layers.Dense(3, name="dense")(layers.Embedding(10, 4)(tokens)))
    row = cnnstats.analyze(model)["dense"]
    assert (row.macs, row.note) == (None, "its sizes are unknown: pass input_shape=(?)")
    assert cnnstats.analyze(model, input_shape=(6,))["dense"].macs == 6 * 4 * 3


def test_sparse_input_is_counted_as_if_it_were_none():
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch has no sparse tensors in Keras")
    features = keras.Input((100,), sparse=True)
    (row,) = cnnstats.analyze(keras.Model(features, layers.Dense(3)(features)))
    assert (row.macs, row.source) == (300, "rule")
    assert row.note == "an input is sparse: counted as if all of its values were stored"


STRINGS = {
    "StringLookup": lambda: layers.StringLookup(vocabulary=["a", "b"]),
    "TextVectorization": lambda: layers.TextVectorization(output_sequence_length=1, vocabulary=["a", "b"]),
    "Hashing": lambda: layers.Hashing(4),
}


@pytest.mark.parametrize("make", STRINGS.values(), ids=STRINGS)
def test_string_input_is_unknown_and_what_is_behind_it_is_not(make):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has strings")
    text = keras.Input((1,), dtype="string")
    x = layers.Embedding(4, 3, name="embedding")(make()(text))
    report = cnnstats.analyze(keras.Model(text, layers.Dense(2, name="dense")(x)))
    row, *_ = report.rows
    assert (row.macs, row.source) == (None, "unknown")
    assert row.note == "it works on strings or on hashes, which have no arithmetic to count"
    assert (report["dense"].macs, report.totals.unknown_rows) == (6, 1)


# Extremes


def test_axis_without_positions_costs_nothing():
    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(3, 3, padding="same", name="conv")(image[:, :0])
    report = cnnstats.analyze(keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x))))
    assert [row.macs for row in report] == [0, 0, 0, 6]
    assert report["conv"].output_shape == (None, 0, 8, 3)


def test_more_work_than_a_machine_integer_holds():
    width = 10**9 + 7
    with cnnstats.abstract():
        model = keras.Sequential([keras.Input((width,)), layers.Dense(width, name="first"), layers.Dense(width)])
    report = cnnstats.analyze(model, batch_size=1000)
    assert report.totals.macs == 2000 * width**2 > 2**63


def test_two_hundred_nested_models():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inner")])
    for depth in range(200):
        vector = keras.Input((4,))
        model = keras.Model(vector, model(vector), name=f"model_{depth}")
    (row,) = cnnstats.analyze(model)
    assert (row.macs, row.layer.count("/")) == (16, 200)


def test_layers_nested_in_layers():
    class Nest(layers.Layer):
        def __init__(self, inner, **arguments):
            super().__init__(**arguments)
            self.inner = inner

        def call(self, x):
            return self.inner(x) + 1

    layer = layers.Dense(4)
    for depth in range(12):
        layer = Nest(layer, name=f"nest_{depth}")
    vector = keras.Input((4,))
    report = cnnstats.analyze(keras.Model(vector, layer(vector)))
    assert report.totals.macs == 16
    assert [row.flops for row in report.rows[1:]] == [4] * 12


@pytest.mark.parametrize("length", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_long_chain(length, request):
    # Keras builds chains by recursion, and we read them without.
    limit = sys.getrecursionlimit()
    request.addfinalizer(lambda: sys.setrecursionlimit(limit))
    sys.setrecursionlimit(50 * length)
    x = vector = keras.Input((4,))
    for _ in range(length):
        x = layers.ReLU()(x)
    model = keras.Model(vector, x)
    sys.setrecursionlimit(limit)
    report = cnnstats.analyze(model)
    assert (len(report.rows), report.totals.flops) == (length, 4 * length)
