"""Layers that do not do what they say, rules and readers that fail: one row, not the report."""

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import measure
from keras_cnnstats.capture import reader
from keras_cnnstats.capture.reader import Reader
from keras_cnnstats.primitives import Rearrangement, Route
from tests.analysis.followed import Raising


def followed_by_dense(layer, shape=(4,), **arguments):
    """A model of the layer and a dense layer, and the rows of both."""
    image = keras.Input(shape)
    report = cnnstats.analyze(keras.Model(image, layers.Dense(3, name="dense")(layer(image))), **arguments)
    assert report.totals.params == sum(row.params for row in report)
    return report.rows


# Layers


def test_layer_whose_call_raises_is_one_unknown_row():
    image = keras.Input((4,))
    model = keras.Model(image, layers.Dense(3, name="dense")(Raising(name="own")(image)))
    report = cnnstats.analyze(model)
    row, dense = report.rows
    assert (row.layer, row.params, row.macs, row.flops, row.source) == ("own", 4, None, None, "unknown")
    assert row.note == (
        "its call cannot be followed (RuntimeError: values, please): write it in keras.ops, "
        "or write a rule with @cnnstats.rule(Raising)"
    )
    assert dense.macs == 12
    assert (report.totals.unknown_rows, report.totals.params) == (1, model.count_params())


def test_reason_is_what_went_wrong_and_not_whose_call_it_was():
    class Wrong(keras.Model):
        def call(self, x):
            raise KeyError(f"no such weight for {x.shape}")

    with pytest.raises(cnnstats.ModelError, match=r"\(KeyError: .no such weight for .*\(?\[?1, 4\]?\).\)\. Write"):
        cnnstats.analyze(Wrong(), input_shape=(4,))


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


# Circles


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


# Failures of ours, or of a rule of the user's


class Plain(layers.Layer):
    """Doubles what it gets."""

    def call(self, x):
        return x * 2


def failing(*_arguments, **_named):
    raise ArithmeticError("planted")


def raising_inside(read):
    def inside(self, function, feeds, prefix, trainable):
        made = read(self, function, feeds, prefix, trainable)
        return failing() if prefix else made

    return inside


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
