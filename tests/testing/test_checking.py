"""The check of one model finds what is planted, and nothing in a sound report."""

from dataclasses import replace

import keras
import pytest

from keras_cnnstats import testing
from keras_cnnstats.analysis import analyze
from keras_cnnstats.errors import RuleError
from keras_cnnstats.testing import check, checking
from keras_cnnstats.verify.reasons import FLAT, HALVED, UNEVEN, UNTRAINED


def small_model():
    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv")], name="small")


def changed(report, **values):
    """The report with other values in its one row."""
    return replace(report, rows=(report.rows[0]._replace(**values),))


def refuse(model):
    raise RuleError(f"no rule for {model.name}")


def rename(model):
    model.layers[0].name = "other"
    return analyze(model)


def freeze(model):
    model.layers[0].trainable = False
    return analyze(model)


PLANTED = {
    "an exception": (refuse, "analyze raises RuleError: no rule for small"),
    "parameters": (
        lambda model: changed(analyze(model), params=113),
        "params: 113 are counted, the model has 112",
    ),
    "trainable parameters": (
        lambda model: changed(analyze(model), trainable_params=0),
        "trainable_params: 0 are counted, the model has 112",
    ),
    "an unknown without a note": (
        lambda model: changed(analyze(model), work=None),
        r"unknown: something of conv \(Conv2D\) is, and no note says why",
    ),
    "the shape of an output": (
        lambda model: changed(analyze(model), output_shapes=((None, 8, 8, 4),)),
        r"shape of an output: output 0 has \(6, 6, 4\), which no row has",
    ),
    "the shape of a layer": (
        lambda model: changed(analyze(model), output_shapes=((None, 8, 8, 4),)),
        r"shape of a layer: conv makes \[\(6, 6, 4\)\] of a sample, the row says \(\(None, 8, 8, 4\),\)",
    ),
    "a name": (rename, "layers of the model: the analysis changed them: .*'conv'.* became .*'other'"),
    "what is trained": (freeze, "weights of the model: the analysis changed them"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_fault_is_found(case, monkeypatch):
    fault, message = PLANTED[case]
    monkeypatch.setattr(checking, "analyze", fault)
    with pytest.raises(AssertionError, match=message):
        check(small_model())


def test_a_report_that_changes_is_found(monkeypatch):
    reports = iter([analyze(small_model()), analyze(small_model(), batch_size=2)])
    monkeypatch.setattr(checking, "analyze", lambda _: next(reports))
    with pytest.raises(AssertionError, match="a second analysis: it gives another report"):
        check(small_model())


def test_sums_that_do_not_fit_are_found(monkeypatch):
    class Lying:
        rows = analyze(small_model()).rows
        totals = analyze(small_model()).totals._replace(macs=1)

        def verify(self, model, only):
            return analyze(model).verify(only=only)

    lying = Lying()
    monkeypatch.setattr(checking, "analyze", lambda _: lying)
    with pytest.raises(AssertionError, match="sum of macs: the rows' is 3,888, the total is 1"):
        check(small_model())


def test_a_sound_model_passes():
    tally = check(small_model())
    assert tally.share("macs", "row") == tally.share("macs", "model") == tally.share("params", "row") == 1
    assert {quantity for quantity, _ in tally.reasons} <= {"flops"}  # PyTorch counts contractions alone


def test_a_model_written_as_a_class_passes():
    class Written(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    model = Written()
    model(keras.Input((4,)))
    assert check(model).share("macs", "row") == 1


def test_a_layer_that_cannot_be_built_anew_is_a_fault(monkeypatch):
    def fail(_):
        raise ArithmeticError("planted")

    model = small_model()
    monkeypatch.setattr(keras.layers.Conv2D, "from_config", fail)
    with pytest.raises(AssertionError, match=r"params is not measured, .*: conv: .*ArithmeticError: planted"):
        check(model)


def test_a_model_that_cannot_run_is_a_fault(monkeypatch):
    monkeypatch.setattr(checking, "_zeros", lambda _: "no tensor")
    with pytest.raises(AssertionError, match=r"shapes is not measured, \w+Error: the model: \w+Error: "):
        check(small_model())


@pytest.mark.parametrize("end", ["argmax", "signbit"])
def test_a_model_that_ends_in_places_or_truth_values_is_measured(end):
    image = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, dilation_rate=2)(image)
    assert check(keras.Model(image, getattr(keras.ops, end)(maps))).share("flops", "model") == 1


def test_a_model_that_looks_up_and_ends_in_truth_values_is_measured():
    tokens = keras.Input((5,), dtype="int32")
    found = check(keras.Model(tokens, keras.layers.Embedding(7, 3)(tokens) > 0))
    assert found.share("flops", "model") == 1
    assert found.reasons["train_macs", UNTRAINED] == 1


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has their gradients")
def test_gradients_that_go_on_with_zeros_are_not_measured():
    image = keras.Input((6, 6, 2))
    model = keras.Model(image, keras.ops.sign(keras.layers.Conv2D(3, 3)(image)))
    assert check(model).reasons["train_macs", FLAT] == 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's gradients")
@pytest.mark.parametrize(("way", "dtype"), [("bicubic", "mixed_float16"), ("lanczos5", "mixed_bfloat16")])
def test_gradients_that_are_not_there_are_not_measured(way, dtype):
    image = keras.Input((6, 6, 2), dtype=dtype.removeprefix("mixed_"))
    x = keras.layers.Conv2D(3, 3, dtype=dtype)(image)
    model = keras.Model(image, keras.layers.UpSampling2D(interpolation=way, dtype=dtype)(x))
    assert check(model).reasons["train_macs", HALVED] == 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's statistics")
def test_gradients_on_a_grid_of_unknown_size_are_not_measured():
    image = keras.Input((1, 1, 3))
    model = keras.Model(image, keras.layers.Conv2D(3, 1, dilation_rate=2, groups=3)(image))
    assert check(model).reasons["train_macs", "a size depends on the values: of `Conv2DBackpropInput`"] == 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's gradients")
def test_gradients_that_cannot_be_traced_are_not_measured():
    volume = keras.Input((1, 1, 1, 1))
    model = keras.Model(volume, keras.layers.Conv3DTranspose(1, (1, 1, 2), dilation_rate=(1, 2, 1))(volume))
    assert check(model).reasons["train_macs", UNEVEN] == 1


def test_public_names_are_there():
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []
