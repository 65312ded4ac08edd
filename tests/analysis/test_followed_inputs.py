"""What a `call` is fed when it is followed: several inputs, arguments by name, masks, and the dtypes that it wants."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.analysis.followed import model_of

# Several


class Sum(keras.Model):
    """Two arguments, through one layer."""

    def __init__(self):
        super().__init__(name="sum")
        self.dense = layers.Dense(3, name="dense")

    def call(self, left, right=None):
        return self.dense(left) + self.dense(right)


class Pair(keras.Model):
    """A list, or a dictionary, of two."""

    def __init__(self, keys):
        super().__init__(name="pair")
        self.keys = keys
        self.dense = layers.Dense(3, name="dense")

    def call(self, inputs):
        left, right = (inputs[key] for key in self.keys)
        return {"sum": self.dense(left) + self.dense(right)}


INPUTS = {
    "arguments": (Sum, {"left": (4,), "right": (4,)}, ["left", "right"]),
    "a list": (lambda: Pair((0, 1)), [(4,), (4,)], ["0", "1"]),
    "a dictionary": (lambda: Pair(("image", "text")), {"image": (4,), "text": (4,)}, ["image", "text"]),
}


@pytest.mark.parametrize(("make", "shape", "names"), INPUTS.values(), ids=INPUTS)
def test_several_inputs(make, shape, names):
    model = make()
    report = cnnstats.analyze(model, input_shape=shape)
    assert [(row.layer, row.call, row.macs) for row in report] == [("dense", 0, 12), ("dense", 1, 12), ("add", 0, 0)]
    assert [name for name, _ in report.header.input_shapes] == names
    assert cnnstats.analyze(model, input_shape=shape) == report


def test_built_model_of_a_dictionary_remembers_its_shapes():
    model = Pair(("image", "text"))
    model({"image": np.zeros((1, 4)), "text": np.zeros((1, 4))})
    assert [name for name, _ in cnnstats.analyze(model).header.input_shapes] == ["image", "text"]


def test_model_of_two_arguments_says_how_to_give_both():
    model = Sum()
    model(np.zeros((1, 4)), np.zeros((1, 4)))
    message = (
        'It takes `left`, `right`: pass a shape for each that it needs, input_shape={"left": shape, "right": shape}.'
    )
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(model, input_shape=(4,))
    assert str(caught.value).endswith(message)


# Arguments of the call


class Choosy(layers.Layer):
    """Does what its arguments say."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.drop = layers.Dropout(0.5, name="drop")

    def call(self, x, *, scale=None, other=None, training=False):
        if training:
            return self.drop(x, training=True)
        x = x if scale is None else x * scale
        return x if other is None else x + other


def test_arguments_by_name_reach_the_call():
    x, other = keras.Input((4,)), keras.Input((4,))
    y = Choosy(name="choosy")(x, scale=2.0, other=other)
    assert [row.type for row in cnnstats.analyze(keras.Model([x, other], y))] == ["multiply", "add"]


@pytest.mark.parametrize(("training", "types"), [(True, ["Dropout"]), (False, ["multiply"])])
def test_training_is_what_the_call_says(training, types):
    model = model_of(Choosy(), (4,), scale=2.0, training=training)
    assert [row.type for row in cnnstats.analyze(model)] == types


# Masks that come with a tensor


@pytest.mark.parametrize("how", ["functional", "subclassed"])
@pytest.mark.parametrize(("layer", "masked"), [(layers.MultiHeadAttention(2, 4), 2 * 36), (layers.Attention(), 36)])
def test_mask_of_an_embedding_is_counted_in_the_attention_behind_it(layer, masked, how):
    def attention(tokens, mask_zero):
        x = layers.Embedding(10, 8, mask_zero=mask_zero)(tokens)
        made = type(layer).from_config(layer.get_config())
        return made(x, x) if isinstance(layer, layers.MultiHeadAttention) else made([x, x])

    class Reading(layers.Layer):
        def __init__(self, mask_zero):
            super().__init__()
            self.mask_zero = mask_zero

        def call(self, tokens):
            return attention(tokens, self.mask_zero)

    def flops(mask_zero):
        tokens = keras.Input((6,), dtype="int32")
        y = attention(tokens, mask_zero) if how == "functional" else Reading(mask_zero)(tokens)
        return cnnstats.analyze(keras.Model(tokens, y)).rows[-1].flops

    assert flops(mask_zero=True) == flops(mask_zero=False) + masked


def test_mask_that_is_given_is_an_argument():
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 8)(tokens)
    plain, masked = (layers.LSTM(4)(x, **given) for given in ({}, {"mask": ops.not_equal(tokens, 0)}))
    rows = [cnnstats.analyze(keras.Model(tokens, y)).rows[-1] for y in (plain, masked)]
    assert rows[1].flops >= rows[0].flops
    assert rows[1].macs == rows[0].macs


# Of which dtype


class Looking(keras.Model):
    """Reads indices: numbers with a fraction are none."""

    def __init__(self):
        super().__init__(name="looking")
        self.dense = layers.Dense(3, name="dense")

    def call(self, tokens):
        if keras.backend.standardize_dtype(tokens.dtype) != "int32":
            raise TypeError(f"indices, please: {tokens.dtype}")
        return self.dense(ops.one_hot(tokens, 5))


SHAPES = {
    "a shape": (6,),
    "an array": np.zeros((2, 6), "int32"),
    "a symbolic tensor": keras.KerasTensor((None, 6), "int32"),
    "a specification": keras.layers.InputSpec(shape=(None, 6), dtype="int32"),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_model_is_fed_indices_where_it_wants_them(shape):
    assert cnnstats.analyze(Looking(), input_shape=shape).totals.macs == 6 * 5 * 3


def test_model_is_fed_what_the_array_is():
    with pytest.raises(cnnstats.ModelError, match="indices, please"):
        cnnstats.analyze(Looking(), input_shape=np.zeros((2, 6), "float32"))
