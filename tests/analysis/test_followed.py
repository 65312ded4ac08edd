"""Models and layers that write their own `call` are followed into it, and cost what it computes."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Contraction
from tests.analysis import networks
from tests.analysis.followed import Inner, rows, totals
from tests.analysis.networks import SMALL, ResidualLayers, ResidualOperations, VitLayers, VitOperations

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


# Calls that compute nothing themselves


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
