"""Verification as a user meets it: the verdict, the columns, the marks, the errors; and the model stays as it was."""

import gc
import io
import pickle
import subprocess
import sys
import warnings
from importlib import import_module
from operator import attrgetter

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats

CHEAP = ["work", "params"]


def network() -> keras.Model:
    """A few layers of several kinds: a shared one, a nested model, one that writes its own call."""
    x = keras.Input((12, 12, 3))
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    y = shared(layers.Conv2D(4, 1, name="first")(x))
    y = shared(y) + y
    inner = keras.Sequential([keras.Input((12, 12, 4)), layers.Conv2D(2, 3, strides=2), layers.ReLU()], name="inner")
    return keras.Model(x, layers.Dense(3, name="head")(layers.Flatten()(inner(Written(name="written")(y)))))


class Written(keras.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(4, name="inside")

    def call(self, x):
        return self.dense(x) * 2.0


@pytest.fixture
def model() -> keras.Model:
    return network()


def test_each_row_and_the_whole_are_confirmed(model: keras.Model) -> None:
    verification = cnnstats.analyze(model).verify(only=CHEAP).verification
    assert verification.counts["differs"] == 0
    assert {check.verdict for check in verification.of("")} <= {"confirmed", "explained", "not comparable"}
    (macs,) = [check for check in verification.of("") if check.quantity == "macs"]
    assert macs.verdict == "confirmed"
    assert [check.quantity for check in verification.of("shared", 1)] == ["macs", "flops", "output_shape"]
    assert verification.of("inner/conv2d") or any(check.layer.startswith("inner/") for check in verification.checks)
    assert verification.verdict.startswith("Measured: ")


def test_everything_is_measured_where_nothing_else_is_asked_for(model: keras.Model) -> None:
    report = cnnstats.analyze(model, verify=True)
    quantities = {check.quantity for check in report.verification.checks}
    assert {"macs", "flops", "output_shape", "params", "receptive_field", "train_macs", "memory"} <= quantities
    assert report.verification.counts["differs"] == 0


def test_the_default_report_has_none_of_it(model: keras.Model) -> None:
    report = cnnstats.analyze(model)
    assert report.verification is None
    assert "verdict" not in report.to_dataframe()
    assert "Measured" not in report.to_text()


def test_the_model_stays_as_it_was(model: keras.Model) -> None:
    before = [weight.numpy() if hasattr(weight, "numpy") else weight.value for weight in model.weights]
    config, names = model.get_config(), [weight.path for weight in model.variables]
    cnnstats.analyze(model, verify=True)
    assert model.get_config() == config
    assert [weight.path for weight in model.variables] == names
    after = [weight.numpy() if hasattr(weight, "numpy") else weight.value for weight in model.weights]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_it_is_data(model: keras.Model) -> None:
    report = cnnstats.analyze(model).verify(only=CHEAP)
    assert cnnstats.Report.from_json(report.to_json()) == report
    frame = report.to_dataframe()
    assert list(frame.columns[-4:]) == ["verdict", "measured_macs", "measured_flops", "measured_params"]
    assert set(frame["verdict"]) <= {"confirmed", "explained", "not comparable", ""}
    checks = report.verification.to_dataframe()
    assert len(checks) == len(report.verification.checks)
    assert list(checks.columns) == list(cnnstats.Check._fields)
    assert report.with_convention("macs").verification == report.verification


def test_it_is_in_every_rendering(model: keras.Model) -> None:
    report = cnnstats.analyze(model).verify(only=CHEAP)
    for text in (report.to_text(), report.to_markdown(), report.to_latex(), report._repr_html_()):
        assert "Proof" in text
        assert report.verification.verdict in text


def test_a_row_that_is_measured_in_part_says_so() -> None:
    """Its parameters are confirmed, and its work is unknown: no mark may say that all of it is right."""

    class Unfollowed(layers.Layer):
        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return keras.ops.convert_to_tensor(x.numpy())  # no symbolic tensor has numbers

        def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return shape

        def compute_output_spec(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return keras.KerasTensor(x.shape)

    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="before"), Unfollowed(name="unfollowed")])
    report = cnnstats.analyze(model).verify(only=CHEAP)
    assert report["unfollowed"].macs is None
    assert [report.verification.is_partial(name) for name in ("before", "unfollowed")] == [False, True]
    before, unfollowed = [line for line in report.to_text().splitlines() if line.startswith(("│ before", "│ unf"))]
    assert "│ ✓ " in before
    assert "│ (✓) " in unfollowed
    assert "\n(✓) in part: what else the row says cannot be measured here, or is unknown\n" in report.to_text()
    whole = keras.Model(model.inputs, model.get_layer("before").output)
    assert "in part" not in cnnstats.analyze(whole).verify(only=CHEAP).to_text()


def test_a_measurement_that_differs_is_said_under_the_table(model: keras.Model) -> None:
    report = cnnstats.analyze(model)
    rows = tuple(row._replace(params=row.params + 1) if row.layer == "head" else row for row in report.rows)
    wrong = cnnstats.Report(report.header, rows).verify(model, only=["params"])
    assert "✗" in wrong.to_text()
    assert "head, params" in wrong.to_text()


def test_a_stored_report_asks_for_its_model(model: keras.Model) -> None:
    report = cnnstats.analyze(model)
    for stored in (cnnstats.Report.from_json(report.to_json()), pickle.loads(pickle.dumps(report))):
        with pytest.raises(cnnstats.VerificationError, match=r"report\.verify\(model\)"):
            stored.verify()
        assert stored.verify(model, only=["params"]).verification.counts["differs"] == 0


def test_a_report_does_not_keep_its_model() -> None:
    report = cnnstats.analyze(network())
    keras.utils.clear_session()
    gc.collect()
    with pytest.raises(cnnstats.VerificationError, match="gone"):
        report.verify()


def test_another_model_is_refused(model: keras.Model) -> None:
    other = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    with pytest.raises(cnnstats.VerificationError, match="Analyse it again"):
        cnnstats.analyze(model).verify(other)


@pytest.mark.parametrize("only", [["flops"], "weight", ["work", 3]])
def test_what_cannot_be_measured_is_refused(model: keras.Model, only: object) -> None:
    with pytest.raises(cnnstats.VerificationError, match="only: expected some of `work`"):
        cnnstats.analyze(model).verify(only=only)


def test_the_rows_whose_fields_are_measured_can_be_chosen(model: keras.Model) -> None:
    report = cnnstats.analyze(model)
    found = report.verify(only=["fields"], rows=["first", ("shared", 1)]).verification
    assert [(check.layer, check.call, check.quantity) for check in found.checks] == [
        ("first", 0, "receptive_field"),
        ("shared", 1, "receptive_field"),
    ]
    assert report.verify(only="fields", rows="first").verification.checks == found.of("first")
    both = report.verify(only=["params", "fields"], rows=["first"]).verification
    assert {check.layer for check in both.checks if check.quantity == "params"} > {"first", "head"}
    assert {check.layer for check in both.checks if check.quantity == "receptive_field"} == {"first"}


def test_a_row_that_is_not_there_is_refused(model: keras.Model) -> None:
    with pytest.raises(cnnstats.UnknownLayerError, match="Did you mean `first`"):
        cnnstats.analyze(model).verify(rows=["firts"])


def test_rows_go_with_fields(model: keras.Model) -> None:
    with pytest.raises(cnnstats.VerificationError, match=r"rows: expected together with .* Received: only=\['work'\]"):
        cnnstats.analyze(model).verify(only=["work"], rows=["first"])


def measured() -> keras.Model:
    """A layer that no rule knows and that cannot be followed, between two that rules know."""

    def looped(x: object) -> object:
        return keras.ops.fori_loop(0, 3, lambda _, y: keras.ops.matmul(y, keras.ops.ones((4, 4))), x)

    x = keras.Input((5, 4))
    y = layers.Lambda(looped, output_shape=(5, 4), name="looped")(layers.Dense(4, name="before")(x))
    return keras.Model(x, layers.Dense(2, name="behind")(y))


def test_what_the_backend_counted_itself_is_not_confirmed_by_it() -> None:
    model = measured()
    report = cnnstats.analyze(model)
    assert report["looped/fori_loop"].source == "measured"
    verification = report.verify(only=["work", "training"]).verification
    found = {(check.layer, check.quantity): check for check in verification.checks}
    assert (found["looped/fori_loop", "macs"].verdict, found["looped/fori_loop", "macs"].reason) == (
        "not comparable",
        "counted by the backend itself",
    )
    assert found["before", "macs"].verdict == "confirmed"
    assert found["", "macs"].verdict == "explained"
    assert found["", "macs"].reason == "counted by the backend itself: looped/fori_loop"
    assert found["looped/fori_loop", "flops"].verdict == "not comparable"
    assert found["", "train_macs"].verdict in ("explained", "not comparable")


def test_parameters_of_the_whole(model: keras.Model) -> None:
    report = cnnstats.analyze(model)
    (check,) = report.verify(only=["params"]).verification.of("")
    assert (check.quantity, check.verdict, check.measured) == ("params", "confirmed", model.count_params())
    stray = cnnstats.Report(report.header, (*report.rows, report["head"]._replace(layer="stray")))
    (check,) = stray.verify(model, only=["params"]).verification.of("")
    assert (check.verdict, check.counted - check.measured) == ("differs", report["head"].params)


# The default report pays nothing

WITHOUT = """
import sys
import keras
import keras_cnnstats as cnnstats

x = keras.Input((12, 12, 3))
model = keras.Model(x, keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Conv2D(4, 3)(x))))
for verify in (False, True):
    str(cnnstats.analyze(model, verify=verify))
    print(any(name.startswith("keras_cnnstats.verify") for name in sys.modules))
"""


def test_only_a_verification_imports_what_verifies() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.split() == ["False", "True"]


TRACERS = {
    "tensorflow": ("tensorflow.python.framework.func_graph", "FuncGraph.__init__"),
    "jax": ("jax", "make_jaxpr"),
    "torch": ("torch._subclasses.fake_tensor", "FakeTensorMode.__init__"),
}
"""What is called in each trace: its module and name."""


def test_only_a_verification_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    module, path = TRACERS[keras.backend.backend()]
    owners, _, name = path.rpartition(".")
    owner = attrgetter(owners)(import_module(module)) if owners else import_module(module)
    tracer = getattr(owner, name)

    def watched(*given: object, **named: object) -> object:
        traced.append(given)
        return tracer(*given, **named)

    flat = keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.ReLU()])
    monkeypatch.setattr(owner, name, watched)
    report = cnnstats.analyze(flat)
    assert str(report)
    assert not traced
    report.verify(only=["work"])
    assert traced


def test_a_warning_that_is_an_error_hides_no_measurement() -> None:
    """Keras warns of a softmax over one value; here each warning is an error."""
    model = keras.Sequential([keras.Input((1,)), layers.Softmax()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verification = cnnstats.analyze(model).verify(only=["work"]).verification
    assert {check.verdict for check in verification.checks if check.quantity == "macs"} == {"confirmed"}


def test_nothing_is_printed(model: keras.Model, capsys: pytest.CaptureFixture[str]) -> None:
    cnnstats.analyze(model, verify=True)
    assert capsys.readouterr() == ("", "")


def test_open_sizes_are_not_comparable() -> None:
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
    checks = cnnstats.analyze(model).verify(only=CHEAP).verification.checks
    assert {check.reason for check in checks if check.quantity == "macs"} == {"its sizes are unknown"}
    sized = cnnstats.analyze(model, input_shape=(9, 9, 3)).verify(only=CHEAP).verification
    assert sized.counts["not comparable"] <= 2  # PyTorch counts contractions alone
    assert sized.counts["confirmed"] >= 3


def test_a_batch_is_counted_whole(model: keras.Model) -> None:
    verification = cnnstats.analyze(model, batch_size=3).verify(only=["work"]).verification
    assert verification.counts["differs"] == 0


def test_several_inputs_in_a_dict() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((5,), name="b")
    model = keras.Model({"a": a, "b": b}, layers.Concatenate()([layers.Dense(3)(a), layers.Dense(3)(b)]))
    verification = cnnstats.analyze(model).verify(only=["work", "training"]).verification
    assert [check.verdict for check in verification.of("") if check.quantity.endswith("macs")] == ["confirmed"] * 2


def test_a_terminal_that_has_no_such_marks(model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = cnnstats.analyze(model).verify(only=CHEAP).to_text()
    assert text.isascii()
