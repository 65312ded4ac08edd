"""Layers are followed where Keras' own shape inference, or its record of calls, would stop."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats


def analyzed(layer, *shapes, **called):
    inputs = [keras.Input(shape) for shape in shapes]
    return cnnstats.analyze(keras.Model(inputs, layer(*inputs, **called)), strict=True)


class Holder(layers.Layer):
    """A layer that does what a function does with one layer inside."""

    def __init__(self, inner, function, **arguments):
        super().__init__(**arguments)
        self.inner, self.function = inner, function

    def call(self, x):
        return self.function(self.inner, x)

    def compute_output_shape(self, shape):
        return shape


class WithNothing(layers.Layer):
    """A dense layer, and `None` beside its output."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4, name="dense")

    def build(self, shape):
        self.dense.build(shape)
        self.built = True

    def call(self, x):
        return self.dense(x), None


def test_none_beside_a_tensor():
    report = analyzed(Holder(WithNothing(), lambda inner, x: inner(x)[0]), (4,))
    assert (report.totals.macs, report.totals.params) == (16, 20)


class OfTwo(layers.Dense):
    """A dense layer of a sum, for whose second argument the base class has no shape inference."""

    def call(self, x, other=None):
        return super().call(x + other)


def test_own_call_of_a_layer_with_a_rule_is_followed():
    report = analyzed(Holder(OfTwo(4, name="two"), lambda inner, x: inner(x, other=x)), (4,))
    assert [(row.type, row.params, row.source) for row in report] == [
        ("add", 0, "traced"), ("matmul", 16, "traced"), ("add", 4, "traced")
    ]  # fmt: skip
    assert report.totals.flops == 4 + 4 * (4 + 3) + 4


class Scaled(layers.Layer):
    """A weight in front of the operator."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x):
        return self.scale * x


class Halved(layers.Layer):
    """A map times a number: Keras says of it that it is sparse, and so of what is reshaped of it."""

    def __init__(self):
        super().__init__()
        self.reshape, self.conv = layers.Reshape((4, 1), name="reshape"), layers.Conv1D(2, 3, name="conv")

    def call(self, x):
        return self.conv(self.reshape(x * 0.5))


def test_a_map_times_a_number_is_not_sparse():
    report = analyzed(Halved(), (4,))
    assert [row.source for row in report] == ["traced", "rule", "rule"]
    assert report.totals.macs == 2 * 3 * 2


def test_weight_in_front_of_an_operator():
    (row,) = analyzed(Scaled(name="scaled"), (3, 4)).rows
    assert (row.layer, row.params, row.flops) == ("scaled/multiply", 4, 12)


def test_operators_of_weights_are_put_back():
    analyzed(Scaled(), (3, 4))
    weight = keras.Variable(np.float32(2))
    assert ops.convert_to_numpy(weight * 3) == 6


def test_einsum_dense_with_open_sizes():
    inner = layers.EinsumDense("bsd,dhk->bshk", output_shape=(None, 2, 3))
    inner.build((None, 5, 4))
    holder = Holder(inner, lambda dense, x: x + ops.sum(ops.einsum("bshk,bthk->bhst", dense(x), dense(x))))
    report = analyzed(holder, (5, 4))
    assert report.totals.macs == 2 * 5 * 4 * 6 + 2 * 5 * 5 * 3


def test_upper_case_einsum():
    holder = Holder(layers.Identity(), lambda _, x: x + ops.sum(ops.einsum("BTN,BSN->BTS", x, x)))
    assert analyzed(holder, (5, 4)).totals.macs == 5 * 5 * 4


class Places(layers.Layer):
    """A learned vector for each position, whatever stands there."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], name="table")
        self.built = True

    def call(self, x):
        return ops.broadcast_to(ops.convert_to_tensor(self.table), ops.shape(x))

    def compute_output_shape(self, shape):
        return shape


def test_output_that_depends_on_no_input_is_worked_out_once():
    x = keras.Input((5, 4))
    row, added = cnnstats.analyze(keras.Model(x, x + Places(name="places")(x))).rows
    assert (row.layer, row.type, row.params, row.flops, row.macs) == ("places/constant", "Constant", 20, 0, 0)
    assert row.receptive_field == (0,)
    assert added.receptive_field == (1,)


def test_output_that_depends_on_no_input_beside_one_that_does():
    class Both(Places):
        def call(self, x):
            return super().call(x), x * 2

        def compute_output_shape(self, shape):
            return shape, shape

    x = keras.Input((5, 4))
    rows = cnnstats.analyze(keras.Model(x, Both(name="both")(x))).rows
    assert [(row.layer, row.type, row.params) for row in rows] == [
        ("both/constant", "Constant", 20), ("both/multiply", "multiply", 0)
    ]  # fmt: skip


def steep(x):
    return x * ops.sigmoid(1.702 * x)


@pytest.mark.parametrize("layer", [lambda: layers.Dense(3, activation=steep), lambda: layers.Activation(steep)])
def test_activation_of_the_users_own_is_counted(layer):
    report = analyzed(layer(), (3,))
    dense = 3 * (3 + 2) + 3 if report.totals.macs else 0
    assert report.totals.flops == dense + 3 * (1 + 2 + 1)
    assert report.totals.transcendentals == 3


def test_activation_that_cannot_be_followed_is_unknown():
    def peeking(x):
        return x if float(x[0, 0]) > 0 else -x

    model = keras.Sequential([keras.Input((3,)), layers.Activation("relu")])
    model.layers[0].activation = peeking
    (row,) = cnnstats.analyze(model).rows
    assert row.work is None
    assert "peeking" in row.note


def test_einsum_with_an_ellipsis_and_an_axis_more():
    x = keras.Input((22,))
    model = keras.Model(x, ops.einsum("...n,d->...nd", x, ops.ones((3,))))
    assert cnnstats.analyze(model).totals.macs == 66


class Powers(layers.Layer):
    """Computes with its weight alone before it meets the input."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")

    def call(self, x):
        return ops.matmul(x, ops.matmul(self.kernel, self.kernel))


class Scales(layers.Layer):
    """The same with operators."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2), name="kernel")
        self.scale = self.add_weight(shape=(2,), name="scale")

    def call(self, x):
        return ops.matmul(x, self.kernel * ops.exp(self.scale))


def test_work_on_weights_alone_is_counted_by_the_backend():
    (powers,) = analyzed(Powers(), (5,)).rows
    assert (powers.source, powers.macs, powers.params) == ("measured", 125 + 25, 25)
    (scales,) = analyzed(Scales(), (5,)).rows
    assert (scales.source, scales.macs, scales.transcendentals) == ("measured", 10, 2)


class Turned(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.kernel))


def test_weights_of_an_abstract_model_do_not_come_into_being():
    with cnnstats.abstract():
        x = keras.Input((200_000,))
        model = keras.Model(x, Turned()(x))
    assert cnnstats.analyze(model).totals.macs == 200_000**2


def test_a_weight_that_is_turned_is_followed():
    report = analyzed(Turned(name="turned"), (5,))
    first = report.rows[0]
    assert (first.layer, first.source, first.macs) == ("turned/matmul", "traced", 25)
    assert report.totals.params == 25


class Cell(layers.Layer):
    """A recurrent cell of the user's own."""

    def __init__(self, units):
        super().__init__()
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, x, states):
        state = ops.tanh(ops.matmul(x, self.kernel) + ops.matmul(states[0], self.recurrent))
        return state, [state]


def test_recurrence_of_a_cell_of_the_user_is_counted():
    (own,) = analyzed(layers.RNN(Cell(5)), (7, 3)).rows
    (simple,) = analyzed(layers.SimpleRNN(5, use_bias=False), (7, 3)).rows
    assert (own.macs, own.flops, own.params) == (simple.macs, simple.flops, simple.params) == (280, 525, 40)


def test_network_at_each_step_is_counted():
    network = keras.Sequential([layers.Conv2D(4, 3), layers.ReLU(), layers.GlobalAveragePooling2D()])
    (row,) = analyzed(layers.TimeDistributed(network), (6, 8, 8, 3)).rows
    once = cnnstats.analyze(network).totals
    assert (row.macs, row.flops, row.params) == (6 * once.macs, 6 * once.flops, once.params)
    assert len(network.layers[0]._inbound_nodes) == 1


def test_einsum_of_a_map_with_itself_sees_all_positions():
    x = keras.Input((5, 4))
    weights = ops.softmax(ops.einsum("bij,bkj->bik", x, x))
    model = keras.Model(x, ops.einsum("bik,bkj->bij", weights, x))
    assert cnnstats.analyze(model).rows[-1].receptive_field == (float("inf"),)


def test_mixing_positions_from_the_left_sees_all_of_them():
    x = keras.Input((5, 4))
    matrix = np.ones((5, 5), "float32")
    report = cnnstats.analyze(keras.Model(x, ops.matmul(matrix, x)))
    assert report.rows[-1].receptive_field == (float("inf"),)
    plain = cnnstats.analyze(keras.Model(x, ops.matmul(x, np.ones((4, 7), "float32"))))
    assert plain.rows[-1].receptive_field == (1,)


def test_a_map_of_one_position_that_is_added_everywhere_moves_nothing():
    image, style = keras.Input((8, 8, 3)), keras.Input((1, 1, 2))
    report = cnnstats.analyze(keras.Model([image, style], layers.Conv2D(2, 3)(image) * style))
    assert (report.rows[-1].receptive_field, report.rows[-1].aligned) == ((3, 3), True)
