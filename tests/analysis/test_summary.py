"""What is said of Keras' own summary, held against what it really prints."""

import re

import keras
import numpy as np
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.records import Disagreement
from tests.analysis import test_disagreements as shown


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch):
    # Rich cuts a table to the terminal, which it takes for 80 columns where there is none.
    monkeypatch.setenv("COLUMNS", "200")


def printed(model: keras.Model, **how: bool) -> str:
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=200, **how)
    return "\n".join(lines)


def total(text: str) -> int:
    return int(re.search(r"Total params: ([0-9,]+)", text)[1].replace(",", ""))


def claims(model: keras.Model, code: str) -> list[Disagreement]:
    return [each for each in cnnstats.analyze(model).disagreements if each.code == code]


@pytest.mark.parametrize("code", ["K0", "K1", "K4", "K6"])
def test_the_total_is_what_the_summary_prints(code):
    model = shown.SHOWN[code][0]()
    (claim,) = claims(model, code)
    assert claim.expected == total(printed(model))
    assert claim.actual == cnnstats.analyze(model).totals.params


def test_the_total_grows_after_fit_and_ours_does_not():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(1)])
    model.compile("adam", "mse")
    before = cnnstats.analyze(model)
    assert total(printed(model)) == before.totals.params == 19
    assert not claims(model, "K1")
    model.fit(np.zeros((8, 4)), np.zeros((8, 1)), verbose=0)
    assert total(printed(model)) == claims(model, "K1")[0].expected == 19 + 2 * 19 + 2
    assert cnnstats.analyze(model).totals == before.totals


def test_a_shared_layer_shows_the_shape_of_its_last_call():
    model = shown.shared_elsewhere()
    (claim,) = claims(model, "K2")
    assert "(None, 7, 2)" in printed(model)
    assert "(None, 7, 2)" in claim.formula
    assert cnnstats.analyze(model)["dense"].output_shape == (None, 2)


def test_nested_parameters_are_shown_twice():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="inside")], name="inner")
    model = keras.Sequential([keras.Input((4,)), inner])
    lines = [line for line in printed(model, expand_nested=True).splitlines() if "inner" in line or "inside" in line]
    assert sum(int(re.search(r"(\d+) │$", line)[1]) for line in lines) == claims(model, "K3")[0].expected == 30


def test_shapes_that_are_not_shown():
    model = shown.subclassed()
    assert "?" in printed(model)
    assert cnnstats.analyze(model)["dense"].output_shape == (None, 2)


def test_a_model_whose_summary_is_right_has_no_claim():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(image)
    model = keras.Model(image, layers.Add()([x, layers.Conv2D(4, 3)(image)]))
    assert not [each for each in cnnstats.analyze(model).disagreements if each.code.startswith("K")]


class Bare(keras.Model):
    """Not built, with a weight of its own, and in calls that nobody can follow."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2))

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("values alone")
        return keras.ops.matmul(x, self.kernel)


def test_a_model_that_is_not_built_counts_as_nothing():
    report = cnnstats.analyze(Bare(), input_shape=(4,))
    assert [(each.code, each.expected, each.actual) for each in report.disagreements] == [("K6", 0, 8)]
