"""Another backend as the referee: the model goes there as its configuration, and the checks come back by path."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats import Report
from keras_cnnstats.errors import MissingDependencyError, VerificationError
from keras_cnnstats.verification import CONFIRMED, DIFFERS, Check
from keras_cnnstats.verify import elsewhere
from keras_cnnstats.verify.elsewhere import REFEREES, message_of
from keras_cnnstats.verify.process import answered

OTHERS = [name for name in REFEREES if name != keras.backend.backend()]
INSTALLED = [name for name in OTHERS if find_spec(name)]


@keras.saving.register_keras_serializable("elsewhere")
class Gate(layers.Layer):
    """A layer that is followed inside."""

    def __init__(self, units, **arguments):
        super().__init__(**arguments)
        self.units = units
        self.dense = layers.Dense(units)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return x * keras.ops.sigmoid(self.dense(x))

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Unregistered(layers.Layer):
    """A layer that is found by the name of its module."""

    def call(self, x):
        return x + 1


class Opaque(layers.Layer):
    """A layer with a rule of one analysis."""

    def call(self, x):
        return keras.ops.relu(x)


@keras.saving.register_keras_serializable("elsewhere")
class Subclassed(keras.Model):
    """A model that names its layers by itself."""

    def __init__(self, units=4, **arguments):
        super().__init__(**arguments)
        self.units, self.inner, self.head = units, layers.Conv2D(units, 3), layers.Dense(2)

    def build(self, shape):
        self.inner.build(shape)
        self.head.build((shape[0], shape[1] - 2, shape[2] - 2, self.units))
        self.built = True

    def call(self, x):
        return self.head(self.inner(x))


def branching() -> keras.Model:
    """A shared layer, a nested model, operations between layers."""
    x = keras.Input((8, 8, 3), name="image")
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same", groups=3)], name="inner")
    once = inner(x)
    return keras.Model(x, layers.Dense(2, name="head")(inner(once) + x))


def custom() -> keras.Model:
    return keras.Sequential([keras.Input((6,)), Gate(6, name="gate"), Unregistered()])


def subclassed() -> keras.Model:
    layers.Dense(1)  # moves the counter of names on
    model = Subclassed()
    model.build((None, 8, 8, 3))
    return model


def compiled() -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2)])
    model.compile("adam", loss=lambda y, z: keras.ops.mean(y - z))
    return model


def open_sizes() -> keras.Model:
    return keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3)])


def carried(report: Report, model: keras.Model) -> tuple[Check, ...]:
    """The checks that the other process makes, here."""
    message = json.loads(json.dumps(message_of(report, model, ["work", "training"])))
    verification = Report.from_json(answered(message)).verification
    assert verification is not None
    return verification.checks


MODELS = {
    "branching": (branching, {}),
    "custom": (custom, {}),
    "subclassed": (subclassed, {}),
    "compiled": (compiled, {}),
    "open sizes": (open_sizes, {"input_shape": (9, 7, 3), "batch_size": 2}),
    "sizes of an array": (open_sizes, {"input_shape": keras.KerasTensor((1, 9, 7, 3))}),
}
each = pytest.mark.parametrize(("build", "arguments"), MODELS.values(), ids=MODELS)


@each
def test_checks_are_those_of_the_model_itself(build, arguments) -> None:
    model = build()
    report = cnnstats.analyze(model, **arguments)
    checks = carried(report, model)
    assert checks == report.verify(only=["work", "training"]).verification.checks
    assert {check.layer for check in checks} == {"", *(row.layer for row in report.rows)}


def test_rows_are_chosen_by_the_names_of_the_report() -> None:
    model = subclassed()
    report = cnnstats.analyze(model)
    path = report.rows[1].layer
    message = json.loads(json.dumps(message_of(report, model, ["fields"], [(path, 0)])))
    verification = Report.from_json(answered(message)).verification
    assert {check.layer for check in verification.checks} == {path}
    assert message_of(report, model, ["fields"])["rows"] is None


def test_what_this_backend_counted_another_may_confirm() -> None:
    """The double of the model here stands for that of another backend."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2)])
    report = cnnstats.analyze(model)
    report = Report(report.header, tuple(row._replace(source="measured") for row in report.rows))
    assert {check.verdict for check in carried(report, model) if check.quantity.endswith("macs")} == {CONFIRMED}


def test_rules_of_one_analysis_hold() -> None:
    model = keras.Sequential([keras.Input((6,)), Opaque(), layers.Dense(2)])
    report = cnnstats.analyze(model, rules={Opaque: lambda _: []})
    found = {check.layer: check.verdict for check in carried(report, model) if check.quantity == "macs"}
    assert found[report.rows[-1].layer] == CONFIRMED


def test_what_is_counted_is_that_of_the_report() -> None:
    model = branching()
    report = cnnstats.analyze(model)
    row = report["head"]
    wrong = tuple((kind, work._replace(macs=work.macs + 1, inside=work.inside + 1)) for kind, work in row.work)
    planted = Report(report.header, tuple(each._replace(work=wrong) if each is row else each for each in report.rows))
    assert {check.layer for check in carried(planted, model) if check.verdict == DIFFERS} >= {"head"}


MODULE = """
import keras
print("loaded")

class Shift(keras.layers.Layer):
    def call(self, x):
        return x + 1
"""


@pytest.mark.skipif(not INSTALLED, reason="no other backend is installed")
def test_a_process_of_another_backend_finds_the_modules_of_the_user(monkeypatch, tmp_path) -> None:
    (tmp_path / "shifting.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    shifting = import_module("shifting")
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, shifting.Shift(name="shift")(branching()(x)))
    report = cnnstats.analyze(model)
    verification = report.verify(referee=INSTALLED[0], only=["work"]).verification
    assert not verification.differing
    assert {check.layer for check in verification.checks} == {"", *(row.layer for row in report.rows)}
    assert {check.referee for check in verification.checks}.isdisjoint(
        check.referee for check in report.verify(only=["work"]).verification.checks
    )


def test_the_running_backend_needs_no_process(monkeypatch) -> None:
    monkeypatch.setattr(elsewhere, "_asked", None)
    model = compiled()
    report = cnnstats.analyze(model).verify(referee=keras.backend.backend(), only=["work"])
    assert not report.verification.differing


# What cannot be


def test_unknown_referee() -> None:
    with pytest.raises(VerificationError, match=r"referee: expected one of .*Did you mean `jax`\? Received: 'jaxx'"):
        cnnstats.analyze(model := compiled()).verify(model, referee="jaxx")


def test_backend_that_is_not_installed(monkeypatch) -> None:
    monkeypatch.setattr(elsewhere, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=rf"pip install .*CNNSTATS_{OTHERS[0].upper()}_PYTHON"):
        cnnstats.analyze(model := compiled()).verify(model, referee=OTHERS[0])


def test_python_that_is_not_there(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(f"CNNSTATS_{OTHERS[0].upper()}_PYTHON", str(tmp_path / "python"))
    with pytest.raises(VerificationError, match="cannot be run: No such file"):
        cnnstats.analyze(model := compiled()).verify(model, referee=OTHERS[0])


def test_python_that_lacks_the_backend(monkeypatch, tmp_path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec {sys.executable} -S -E -c 'import keras'\n")
    python.chmod(0o755)
    monkeypatch.setenv(f"CNNSTATS_{OTHERS[0].upper()}_PYTHON", str(python))
    with pytest.raises(VerificationError, match=r"expected .* to have .* Received: ModuleNotFoundError"):
        cnnstats.analyze(model := compiled()).verify(model, referee=OTHERS[0])


def test_another_model_is_refused() -> None:
    with pytest.raises(VerificationError, match="expected the model that the report is of"):
        cnnstats.analyze(compiled()).verify(branching(), referee=OTHERS[0])


def test_model_without_a_configuration() -> None:
    class Bare(keras.Model):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return self.inner(x)

    model = Bare(layers.Dense(2))
    model.get_config = None
    model(keras.ops.zeros((1, 3)))
    with pytest.raises(VerificationError, match="expected a model with a configuration"):
        message_of(cnnstats.analyze(model), model, ["work"])


def test_class_that_no_other_process_can_import() -> None:
    class Local(layers.Layer):
        def call(self, x):
            return x + 1

    model = keras.Sequential([keras.Input((3,)), Local()])
    with pytest.raises(cnnstats.CNNStatsError, match="expected `Local` in a module"):
        carried(cnnstats.analyze(model), model)
