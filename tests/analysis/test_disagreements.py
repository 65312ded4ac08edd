"""Each code has a model that shows it, with the formula, both values and the reason."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.disagree import CODES


def chain(shape: tuple[int, ...], *stack: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *stack])


def shared() -> keras.Model:
    image = keras.Input((8, 8, 4))
    conv = layers.Conv2D(4, 3, padding="same")
    return keras.Model(image, conv(conv(image)))


def drifting() -> keras.Model:
    image = keras.Input((16, 16, 3))
    near, far = (
        layers.Conv2D(4, 3, padding="same")(image),
        layers.Conv2D(4, 3)(layers.ZeroPadding2D(((2, 0), (2, 0)))(image)),
    )
    return keras.Model(image, layers.Add()([near, far]))


class Biased(layers.Conv2D):
    """Keeps a weight that no formula knows of."""

    def build(self, shape):
        super().build(shape)
        self._tracker.unlock()
        self.extra = self.add_weight(shape=(5,))
        self._tracker.lock()


def adapted(how: str) -> keras.Model:
    model = chain((8,), layers.Dense(16))
    if how == "low rank":
        model.layers[0].enable_lora(2)
    else:
        model.layers[0].quantize("int8")
    return model


def untracked() -> keras.Model:
    features = keras.Input((4,))
    return keras.Model(features, features * keras.Variable([1.0, 2.0, 3.0, 4.0], name="kept_by_nobody"))


def fitted() -> keras.Model:
    model = chain((4,), layers.Dense(3))
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def shared_elsewhere() -> keras.Model:
    dense = layers.Dense(2, name="dense")
    model = chain((4,), dense)
    dense(keras.Input((7, 4)))
    return model


class Subclassed(keras.Model):
    """Built, as a caller would, with the shape of its input alone."""

    def __init__(self):
        super().__init__(name="subclassed")
        self.dense = layers.Dense(2, name="dense")

    def build(self, _):
        self.built = True

    def call(self, x):
        return self.dense(x)


def subclassed() -> keras.Model:
    model = Subclassed()
    model.build((None, 4))
    return model


class Liar(layers.MaxPooling2D):
    """Says that its output is larger than it is."""

    def compute_output_shape(self, shape):
        return (shape[0], shape[1], shape[2], shape[3])


# code: model, formula, expected, actual
SHOWN = {
    "P0": (lambda: chain((8, 8, 3), Biased(4, 3)), "formula of `Biased` = 112", 112, 117),
    "P1": (lambda: chain((8, 8, 4), layers.Conv2D(6, 3, groups=2)), "(3 * 3 * 4 + 1) * 6 = 222", 222, 114),
    "P2": (lambda: chain((8, 8, 4), layers.DepthwiseConv2D(3)), "(3 * 3 * 4 + 1) * 4 = 148", 148, 40),
    "P3": (lambda: chain((8, 8, 4), layers.BatchNormalization()), "2 * 4 = 8 trained", 8, 16),
    "P4": (shared, "formula of `Conv2D` = 148", 148, 0),
    "P7": (lambda: adapted("low rank"), "formula of `Dense` = 144", 144, 192),
    "P6": (
        lambda: chain((7, 4), layers.EinsumDense("btc,cde->btde", (7, 3, 5), bias_axes="e")),
        "(4 + 1) * 15 = 75",
        75,
        65,
    ),
    "K0": (untracked, "", 0, 4),
    "K1": (fitted, '"Total params" = 15 + 32 of Adam = 47', 47, 15),
    "K2": (shared_elsewhere, "it shows (None, 7, 2), the last of 2 calls; the first gives (None, 2)", 14, 2),
    "K3": (
        lambda: chain((4,), chain((4,), layers.Dense(3))),
        "expand_nested=True: 15 + 15 of its layers = 30",
        30,
        15,
    ),
    "K4": (lambda: adapted("quantised"), "", 160, 144),
    "K5": (subclassed, "`?` for 1 of its layers: dense", None, None),
    "K6": (subclassed, "", 0, 10),
    "S0": (lambda: chain((8, 8, 4), Liar(2)), "floor((8 + 0 - 2) / 2) + 1 = 4", 4, 8),
    "S1": (
        lambda: chain((9, 9, 4), layers.Conv2D(2, 3, strides=2, padding="same")),
        "rows and columns: 'same' keeps o = n = 9",
        9,
        5,
    ),
    "S2": (
        lambda: chain((9, 9, 4), layers.Conv2D(2, 3, dilation_rate=2)),
        "rows and columns: floor((9 + 0 - 3) / 1) + 1 = 7",
        7,
        5,
    ),
    "S3": (lambda: chain((9, 8, 4), layers.MaxPooling2D(2)), "rows: windows of 2 every 2 over 9 reach 8", 9, 8),
    "S4": (
        lambda: chain((9, 9, 4), layers.Conv2D(2, 1, strides=2)),
        "rows and columns: windows of 1 every 2 over 9 reach 5",
        9,
        5,
    ),
    "S5": (lambda: chain((8, 8, 4), layers.Conv2DTranspose(2, 3, strides=2)), "floor((8 - 3) / 2) + 1 = 3", 3, 17),
    "F1": (lambda: chain((8, 8, 4), layers.Conv2D(6, 3, groups=2)), "[36 + 35 + 1] * 6 * 6 * 6 = 15,552", 15552, 7776),
    "F2": (lambda: chain((8, 8, 4), layers.DepthwiseConv2D(3)), "[36 + 35 + 1] * 4 * 6 * 6 = 10,368", 10368, 2592),
    "F3": (lambda: chain((50, 64), layers.Dense(128)), "[64 + 63 + 1] * 128 = 16,384", 16384, 819200),
    "F4": (
        lambda: chain((8, 8, 4), layers.Conv2DTranspose(2, 2, strides=2)),
        "[16 + 15 + 1] * 2 * 16 * 16 = 16,384",
        16384,
        4096,
    ),
    "R1": (lambda: chain((9, 9, 4), layers.Conv2D(2, 3, dilation_rate=2)), "1 + (3 - 1) * 1 = 3", 3, 5),
    "R2": (lambda: chain((8, 8, 4), layers.Conv2DTranspose(2, 4, strides=2)), "1 + (4 - 1) * 1 = 4", 4, 2),
    "R3": (lambda: chain((8, 8, 4), layers.GlobalMaxPooling2D()), "1 + (8 - 1) * 1 = 8", 8, float("inf")),
    "R4": (drifting, "widest of 2 branches = 3", 3, 4),
    "R5": (
        lambda: chain((8, 8, 4), layers.UpSampling2D(2), layers.Conv2D(2, 2)),
        "1 + (2 - 1) * 1/2 = 3/2",
        1.5,
        2,
    ),
}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_shown(code):
    assert code in SHOWN


@pytest.mark.parametrize("code", SHOWN)
def test_code(code):
    make, formula, expected, actual = SHOWN[code]
    report = cnnstats.analyze(make())
    found = [each for each in report.disagreements if each.code == code]
    assert [(each.formula, each.expected, each.actual) for each in found] == [(formula, expected, actual)]
    assert found[0].reason == CODES[code].reason
    assert found[0].explained == CODES[code].explained == (code[1] != "0")
    assert [each for each in report.unexplained if each.code == code] == ([] if found[0].explained else found)


@pytest.mark.parametrize("code", SHOWN)
def test_the_row_names_its_codes(code):
    report = cnnstats.analyze(SHOWN[code][0]())
    for row in report:
        named = {each.code for each in report.disagreements if (each.layer, each.call) == (row.layer, row.call)}
        assert set(row.disagreements) == named


AGREEING = {
    "a convolution": lambda: chain((9, 9, 4), layers.Conv2D(2, 3)),
    "'same' at stride 1": lambda: chain((9, 9, 4), layers.Conv2D(2, 4, padding="same")),
    "a dense layer": lambda: chain((5,), layers.Dense(3)),
    "a pooling that fits": lambda: chain((8, 8, 4), layers.MaxPooling2D(2)),
}


@pytest.mark.parametrize("make", AGREEING.values(), ids=AGREEING)
def test_where_the_textbook_is_right_nothing_is_said(make):
    assert cnnstats.analyze(make()).disagreements == ()
