"""Models and layers that write their own `call` are followed into it, and left as they were."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Contraction
from tests.analysis import networks
from tests.analysis.networks import SMALL, Encoder, ResidualLayers, ResidualOperations, VitLayers, VitOperations

TOTALS = ("params", "trainable_params", "macs", "flops", "transcendentals", "unknown_rows")


def totals(model, **arguments):
    found = cnnstats.analyze(model, **arguments).totals
    return {name: getattr(found, name) for name in TOTALS}


def rows(model, **arguments):
    return [(row.layer, row.call, row.params) for row in cnnstats.analyze(model, **arguments)]


def model_of(layer, *shapes, **called):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], layer(*inputs, **called))


# One network in three ways


@pytest.mark.parametrize("written", [ResidualLayers, ResidualOperations])
def test_residual_block_costs_the_same_however_it_is_written(written):
    assert totals(written(), input_shape=(12, 10, 4)) == totals(networks.residual_functional())


@pytest.mark.parametrize("written", [VitLayers, VitOperations])
def test_vision_transformer_costs_the_same_however_it_is_written(written):
    assert totals(written(SMALL), input_shape=(12, 12, 3)) == totals(networks.vit_functional(SMALL))


@pytest.mark.parametrize("written", [ResidualLayers, ResidualOperations])
def test_built_model_needs_no_shape(written):
    model = written()
    model(np.zeros((2, 12, 10, 4), "float32"))
    assert totals(model) == totals(networks.residual_functional())
    assert totals(model)["params"] == model.count_params()


# Paths and names


def test_layers_of_layers_stand_under_their_paths():
    found = [row.layer for row in cnnstats.analyze(VitLayers(SMALL), input_shape=(12, 12, 3))]
    encoder = ["norm_1", "attention", "add", "norm_2", "wide", "narrow", "add_1"]
    assert [path for path in found if path.startswith("block_")] == [
        f"block_{place}/{name}" for place in range(SMALL.depth) for name in encoder
    ]


class Inner(layers.Layer):
    """A dense layer, and its output doubled."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.dense = layers.Dense(4, name="dense")

    def call(self, x):
        return self.dense(x) * 2


class Outer(layers.Layer):
    """Two layers in a layer."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.left, self.right = Inner(name="left"), Inner(name="right")

    def call(self, x):
        return self.right(self.left(x)) * 3


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


# What calls are fed


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


class Fresh(layers.Layer):
    """Makes its layer when it is called."""

    def call(self, x):
        return layers.Dense(3, name="dense")(x)


def test_layers_made_on_the_fly_are_rows():
    assert rows(model_of(Fresh(name="fresh"), (4,))) == [("fresh/dense", 0, 15)]


class Through(layers.Layer):
    """Returns what it gets."""

    def call(self, x):
        return x


class Talking(layers.Layer):
    """Prints and warns, and returns what it gets."""

    def call(self, x):
        print("called on", x.shape)  # noqa: T201
        warnings.warn("called", stacklevel=1)
        return x


@pytest.mark.parametrize("layer", [Through, Talking])
def test_layer_that_returns_its_input_has_no_row(layer):
    image = keras.Input((4,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = keras.Model(image, layers.Dense(3, name="dense")(layer()(image)))
    assert rows(model) == [("dense", 0, 15)]
    assert totals(model)["unknown_rows"] == 0


def test_what_a_call_prints_and_warns_of_is_kept_out_of_the_report(capsys):
    image = keras.Input((4,))
    with pytest.warns(UserWarning, match="called"):
        model = keras.Model(image, layers.Dense(3)(Talking()(image)))
    capsys.readouterr()
    report = cnnstats.report(model)
    assert capsys.readouterr().out == f"{report}\n"


def test_model_that_returns_its_input_too():
    class Both(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3, name="dense")

        def call(self, x):
            return x, self.dense(x)

    assert rows(Both(), input_shape=(4,)) == [("dense", 0, 15)]


# Where the numbers come from


def test_operations_inside_are_traced_and_layers_inside_keep_their_rule():
    image = keras.Input((4,))
    report = cnnstats.analyze(keras.Model(image, ops.relu(Inner(name="inner")(image))))
    assert [(row.type, row.source) for row in report] == [("Dense", "rule"), ("multiply", "traced"), ("relu", "rule")]


class Wide(layers.Layer):
    """Learns how wide it is when it is built."""

    def build(self, shape):
        self.width = shape[-1]

    def call(self, x):
        return x


class Holding(keras.Model):
    """Has a layer that is not built before the model is."""

    def __init__(self):
        super().__init__()
        self.wide = Wide(name="wide")

    def call(self, x):
        return self.wide(x)


def test_rule_reads_what_a_layer_learnt_when_it_was_built():
    def wide(call):
        return [Contraction(inputs=call.layer.width, outputs=2)]

    model = Holding()
    (row,) = cnnstats.analyze(model, input_shape=(7,), rules={Wide: wide})
    assert (row.layer, row.macs, row.note) == ("wide", 14, "")
    assert not model.wide.built
    assert not hasattr(model.wide, "width")


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


# Of which dtype the inputs are


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


def test_model_of_two_arguments_says_how_to_give_both():
    model = Sum()
    model(np.zeros((1, 4)), np.zeros((1, 4)))
    message = (
        'It takes `left`, `right`: pass a shape for each that it needs, input_shape={"left": shape, "right": shape}.'
    )
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(model, input_shape=(4,))
    assert str(caught.value).endswith(message)


# What cannot be followed


class Raising(layers.Layer):
    """Needs values."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.seen = []

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], name="scale")

    def call(self, x):
        self.seen.append(x)
        self.last = x
        raise RuntimeError("values, please\nand a second line")

    def compute_output_shape(self, shape):
        return shape


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


# Nothing is changed


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


def functional(layer):
    image = keras.Input((4,))
    return keras.Model(image, layer(image))


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


def run(model):
    model(np.zeros((1, 12, 12, 3), "float32"))
    return model


UNTOUCHED = {
    "layers in a functional model": (lambda: functional(Outer()), None),
    "a layer that makes layers": (lambda: functional(Fresh()), None),
    "a layer whose call raises": (lambda: functional(Raising()), None),
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
