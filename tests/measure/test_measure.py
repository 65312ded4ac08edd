"""A layer in functions of the backend costs what it costs in `keras.ops`; what cannot be counted is unknown by name."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.measure import CannotMeasureError, backend_name, measure
from tests.measure.raw import BACKEND, Raw, Sorted, Written
from tests.measure.works import Function, model_of

DIRECTLY = f"its call cannot be followed (it calls {backend_name()} directly)"


def test_raw_layer_costs_what_it_costs_in_keras_ops() -> None:
    (raw,), written = (cnnstats.analyze(model_of(layer(), (8, 9, 4))) for layer in (Raw, Written))
    assert raw.macs == written.totals.macs == 72 * (9 * 4 * 6 + 6 * 5)
    assert raw.flops == written.totals.flops
    assert raw.transcendentals == written.totals.transcendentals == 72 * 5
    assert raw.params == written.totals.params
    assert {row.source for row in written} == {"traced"}


@pytest.mark.parametrize("convention", ["macs", "2macs", "xla"])
def test_conventions_agree_as_well(convention: str) -> None:
    raw, written = (cnnstats.analyze(model_of(layer(), (8, 9, 4)), convention=convention) for layer in (Raw, Written))
    assert raw.totals.flops == written.totals.flops


def test_row_says_that_the_backend_counted_it() -> None:
    (row,) = cnnstats.analyze(model_of(Raw(name="raw"), (8, 9, 4)))
    assert (row.layer, row.type, row.source) == ("raw", "Raw", "measured")
    assert row.note.startswith(f"counted by {backend_name()}: {DIRECTLY}")
    assert row.note.endswith("its work in training is unknown: only its forward pass was counted")
    assert [name for name, _ in row.work] == ["measured"]
    assert (row.train_flops, row.receptive_field) == (None, (None, None))
    assert row.disagreements == ()


def test_fields_behind_it_are_unknown_and_work_is_not() -> None:
    image = keras.Input((8, 9, 4))
    report = cnnstats.analyze(keras.Model(image, layers.Conv2D(2, 3, name="conv")(Raw()(image))))
    assert report["conv"].receptive_field == (None, None)
    assert report["conv"].macs == 6 * 7 * 45 * 2
    assert report.totals.unknown_rows == 0


class Mixed(keras.Model):
    """Layers of Keras around a layer in functions of the backend."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.raw, self.last = layers.Dense(4, name="first"), Raw(name="raw"), layers.Dense(3, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.raw(self.first(x)))


def test_raw_layer_in_a_model_that_is_not_built() -> None:
    model = Mixed()
    report = cnnstats.analyze(model, input_shape=(8, 9, 3))
    assert [(row.layer, row.source, row.params) for row in report] == [
        ("first", "rule", 16),
        ("raw", "measured", 246),
        ("last", "rule", 18),
    ]
    assert not model.built
    model(np.zeros((1, 8, 9, 3), "float32"))
    assert model.count_params() == report.totals.params
    assert cnnstats.analyze(model).totals == report.totals


class Whole(keras.Model):
    """All in functions of the backend."""

    def __init__(self) -> None:
        super().__init__(name="whole")
        self.raw = Raw()

    def call(self, x: Any) -> Any:
        return self.raw.call(x)

    def build(self, shape: Any) -> None:
        self.raw.build(shape)


def test_model_that_cannot_be_followed_is_one_row() -> None:
    (row,) = cnnstats.analyze(Whole(), input_shape=(8, 9, 4))
    assert (row.layer, row.type, row.source, row.macs, row.params) == ("whole", "Whole", "measured", 72 * 246, 246)


def test_such_a_model_needs_all_sizes() -> None:
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(Whole(), input_shape=(None, 9, 4))
    assert str(caught.value).endswith("only where all sizes are known: pass input_shape= without None.")


UNCOUNTED = {
    "tensorflow": "no count is known for the operation `MatrixInverse`",
    "jax": "no count is known for the primitive `sort`",
    "torch": "no count is known for the operation `aten::sort`",
}


def test_operation_without_a_count_is_unknown_by_name() -> None:
    (row,) = cnnstats.analyze(model_of(Sorted(name="own"), (5, 5)))
    assert (row.macs, row.source) == (None, "unknown")
    assert row.note == (
        f"{DIRECTLY}, nor counted by {backend_name()} ({UNCOUNTED[BACKEND]}): write it in keras.ops, "
        "or write a rule with @cnnstats.rule(Sorted)"
    )


# Batches and sizes


def test_batch_multiplies_the_count() -> None:
    model = model_of(Raw(), (8, 9, 4))
    assert cnnstats.analyze(model, batch_size=3).totals.macs == 3 * cnnstats.analyze(model).totals.macs


def test_fixed_batch_is_counted_for_one_sample() -> None:
    image = keras.Input(batch_shape=(4, 8, 9, 4))
    assert cnnstats.analyze(keras.Model(image, Raw()(image))).totals.macs == 72 * 246


def test_unknown_sizes_are_asked_for() -> None:
    image = keras.Input((None, None, 4))
    model = keras.Model(image, Raw()(image))
    (row,) = cnnstats.analyze(model)
    assert (row.macs, row.source) == (None, "unknown")
    assert "pass input_shape=(?, ?, 4)" in row.note
    assert cnnstats.analyze(model, input_shape=(8, 9, 4)).totals.macs == 72 * 246


# Nothing is computed, nothing is changed


class Traces(Raw):
    """Draws random numbers, counts its calls and changes a variable."""

    def build(self, shape: Any) -> None:
        super().build(shape)
        self.seeds = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), dtype="int32", trainable=False, initializer="zeros", name="calls")
        self.times = 0

    def call(self, x: Any) -> Any:
        self.times += 1
        self.calls.assign(self.calls + 1)
        self.add_loss(ops.sum(x))
        return super().call(x + keras.random.uniform((4,), seed=self.seeds))


def test_nothing_is_left_behind() -> None:
    layer = Traces()
    model = model_of(layer, (8, 9, 4))
    layer.times = 0
    before = [np.array(variable) for variable in model.variables]
    expected = layer.get_config(), len(model.variables), len(model.losses)
    first = cnnstats.analyze(model)
    assert first.rows[0].source == "measured"
    assert cnnstats.analyze(model) == first
    assert layer.times == 0
    assert (layer.get_config(), len(model.variables), len(model.losses)) == expected
    for variable, old in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), old)


def test_failing_call_says_why() -> None:
    def failing(x: Any) -> Any:
        raise KeyError(f"no {x.shape}")

    with pytest.raises(CannotMeasureError, match="KeyError"):
        measure(Function(failing), [], (keras.KerasTensor((1, 2)),), {})
