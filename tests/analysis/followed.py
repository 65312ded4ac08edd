"""Layers and models that write their own `call`, and what tests ask of their reports."""

import keras
from keras import layers

import keras_cnnstats as cnnstats

TOTALS = ("params", "trainable_params", "macs", "flops", "transcendentals", "unknown_rows")


def totals(model, **arguments):
    found = cnnstats.analyze(model, **arguments).totals
    return {name: getattr(found, name) for name in TOTALS}


def rows(model, **arguments):
    return [(row.layer, row.call, row.params) for row in cnnstats.analyze(model, **arguments)]


def model_of(layer, *shapes, **called):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], layer(*inputs, **called))


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


class Fresh(layers.Layer):
    """Makes its layer when it is called."""

    def call(self, x):
        return layers.Dense(3, name="dense")(x)


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
