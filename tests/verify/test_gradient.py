"""Receptive fields of small networks, of each shape that moves a field, against the gradient."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers as kl
from keras import ops

import keras_cnnstats as cnnstats
from keras_cnnstats.errors import UnknownLayerError
from keras_cnnstats.field import NOTHING, WHOLE
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify.gradient import check_fields
from tests.fields.architectures import ARCHITECTURES, of, wave_net
from tests.fields.graphs import GRAPHS

RUNNABLE = {name: graph for name, graph in (GRAPHS | ARCHITECTURES).items() if keras.backend.backend() in graph.runs_on}

UNTOLD = {
    "patches by reshapes": {"cut", "move"},  # the sizes are written into the reshape, and two dimensions are as long
    "window over tokens": {"window"},
    "mixer": {"tokens"},
    "the first row twice": {"get_item", "behind"},  # hangs over the edge, and there is no other row; a hull of hulls
    "channels first, convolution": {"group_normalization"},  # the local field, as below
    "group normalization": {"norm", "second"},
    "instance normalization": {"norm", "second"},
    "different jumps": {"behind"},  # a hull of hulls
}
"""Rows that nobody can compare, by network."""


OTHERWISE = {
    "different jumps": {"meet"},
    "side by side": {"meet", "behind"},
    "the first row twice": {"concatenate"},
}
"""Rows whose positions see another extent each, by network."""


def checks_of(model: keras.Model, rows: list[str] | None = None, **how: Any) -> tuple[Check, ...]:
    return check_fields(model, cnnstats.analyze(model, **how), rows)


@pytest.mark.parametrize("name", RUNNABLE)
def test_every_field_is_confirmed(name: str) -> None:
    keras.utils.clear_session()
    graph = RUNNABLE[name]
    found = checks_of(graph.build())
    assert [check for check in found if check.verdict == DIFFERS] == []
    assert {check.layer for check in found if check.verdict == NOT_COMPARABLE} == UNTOLD.get(name, set())
    assert {check.layer for check in found if check.verdict == EXPLAINED} == OTHERWISE.get(name, set())


# What a report is wrong about is found


def plain() -> keras.Model:
    x = inputs = keras.Input((32, 32, 2))
    for place in range(3):
        x = kl.Conv2D(2, 3, strides=1 + place % 2, padding="same", name=f"conv{place}")(x)
    return keras.Model(inputs, kl.MaxPooling2D(2, name="pool")(x))


def deep() -> keras.Model:
    """Sees more than its input."""
    x = inputs = keras.Input((32, 32, 2))
    for place in range(4):
        x = kl.Conv2D(2, 3, strides=2, padding="same", name=f"conv{place}")(x)
        x = kl.Conv2D(2, 3, padding="same", name=f"after{place}")(x)
    return keras.Model(inputs, x)


MISTAKES: dict[str, Callable[[Any], Any]] = {
    "one tap more": lambda field: field._replace(size=field.size + 1),
    "one tap less": lambda field: field._replace(size=field.size - 1),
    "a padding": lambda field: field._replace(lo=field.lo - 1),
    "a stride": lambda field: field._replace(jump=field.jump * 2),
    "nothing": lambda _: NOTHING,
}


def planted(report: cnnstats.Report, layer: str, axis: int, mistake: Callable[[Any], Any]) -> cnnstats.Report:
    """The report with a mistake in the field of one row on one axis."""
    row = report[layer]
    fields = tuple(mistake(field) if each == axis else field for each, field in enumerate(row.fields))
    wrong = row._replace(fields=fields, local_fields=fields)
    return cnnstats.Report(report.header, tuple(wrong if each is row else each for each in report.rows))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(("build", "layer"), [(plain, "conv2"), (plain, "pool"), (deep, "after3")])
def test_planted_error_is_found(build: Callable[[], keras.Model], layer: str, mistake: str, axis: int) -> None:
    keras.utils.clear_session()
    model = build()
    report = cnnstats.analyze(model)
    (check,) = check_fields(model, planted(report, layer, axis, MISTAKES[mistake]), [layer])
    assert check.verdict == DIFFERS
    assert check.reason.startswith("hw"[axis])
    (sound,) = check_fields(model, report, [layer])
    assert (sound.verdict, sound.measured) == (CONFIRMED, report[layer].receptive_field)


def off_centre() -> keras.Model:
    """Branches of one stride whose positions look at other centres."""
    x = inputs = keras.Input((24, 24, 2))
    wide = kl.Conv2D(2, 3, strides=2, padding="same", name="wide")(x)
    meet = kl.Add(name="meet")([wide, kl.Conv2D(2, 1, strides=2, name="narrow")(x)])
    return keras.Model(inputs, kl.Conv2D(2, 3, padding="same", name="behind")(meet))


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("layer", ["meet", "behind"])
def test_planted_error_is_found_where_branches_are_off_centre(layer: str, mistake: str) -> None:
    keras.utils.clear_session()
    model = off_centre()
    report = cnnstats.analyze(model)
    assert report["meet"].aligned is False
    (check,) = check_fields(model, planted(report, layer, 0, MISTAKES[mistake]), [layer])
    assert check.verdict == DIFFERS
    (sound,) = check_fields(model, report, [layer])
    assert (sound.verdict, sound.reason) == (CONFIRMED, "hull of branches that are not aligned")


@pytest.mark.parametrize(
    "mistake",
    [
        *MISTAKES.values(),
        lambda field: field._replace(lo=field.lo - 1, size=field.size + 1),
        lambda field: field._replace(lo=field.lo + 1, size=field.size - 1),
    ],
    ids=[*MISTAKES, "one tap more before", "one tap less before"],
)
def test_planted_error_is_found_where_strides_differ(mistake: Callable[[Any], Any]) -> None:
    keras.utils.clear_session()
    model = RUNNABLE["different jumps"].build()
    report = cnnstats.analyze(model)
    (check,) = check_fields(model, planted(report, "meet", 1, mistake), ["meet"])
    assert check.verdict == DIFFERS
    assert check.reason.partition("; ")[2].startswith("w: ")


@pytest.mark.parametrize(("build", "layer", "verdict"), [(plain, "conv2", DIFFERS), (deep, "after3", EXPLAINED)])
def test_field_that_is_not_the_whole_input(build: Callable[[], keras.Model], layer: str, verdict: str) -> None:
    """What sees all of a small input, and would not see all of a larger one, is told from what sees all of any."""
    keras.utils.clear_session()
    model = build()
    report = planted(cnnstats.analyze(model), layer, 0, lambda _: WHOLE)
    (check,) = check_fields(model, report, [layer])
    assert check.verdict == verdict


def test_planted_phase_is_found() -> None:
    x = keras.Input((16, 2))
    model = keras.Model(x, kl.Conv1DTranspose(2, 5, strides=2, name="up")(x))
    report = cnnstats.analyze(model)
    (row,), (field,) = report.rows, report.rows[0].fields
    phases = field.phases[::-1]
    wrong = cnnstats.Report(report.header, (row._replace(fields=(field._replace(phases=phases),)),))
    assert check_fields(model, report)[0].verdict == CONFIRMED
    assert check_fields(model, wrong)[0].verdict == DIFFERS


# Kinds of models


def excited(x: Any, times: int) -> Any:
    for place in range(times):
        x = kl.DepthwiseConv2D(3, padding="same", activation="swish", name=f"conv{place}")(x)
        gate = kl.GlobalAveragePooling2D(keepdims=True, name=f"squeeze{place}")(x)
        gate = kl.Conv2D(4, 1, activation="sigmoid", name=f"excite{place}")(gate)
        x = kl.Multiply(name=f"scale{place}")([x, gate])
    return x


def test_long_chain_of_gates() -> None:
    """A gradient through so many gates would be too small to be seen."""
    keras.utils.clear_session()
    x = keras.Input((24, 24, 4))
    found = checks_of(keras.Model(x, excited(x, 30)), ["scale29"])
    assert [(check.quantity, check.verdict, check.measured) for check in found] == [
        ("receptive_field", CONFIRMED, (float("inf"), float("inf"))),
        ("local_receptive_field", CONFIRMED, (61, 61)),
    ]


class Block(keras.layers.Layer):
    """A layer that nobody has a rule for, and which is followed."""

    def __init__(self) -> None:
        super().__init__(name="block")
        self.first, self.second = kl.Conv2D(2, 3, padding="same", name="a"), kl.Conv2D(2, 5, padding="same", name="b")

    def call(self, x: Any) -> Any:
        return ops.maximum(self.second(ops.relu(self.first(x))), x)


def test_layer_that_is_followed() -> None:
    keras.utils.clear_session()
    x = keras.Input((32, 24, 2))
    found = checks_of(keras.Model(x, Block()(x)))
    assert {check.layer: check.measured for check in found} == {
        "block/a": (3, 3),
        "block/relu": (3, 3),
        "block/b": (7, 7),
        "block/maximum": (7, 7),
    }
    assert {check.verdict for check in found} == {CONFIRMED}


class Written(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="written")
        self.block, self.pool = Block(), kl.MaxPooling2D(2, name="pool")

    def call(self, x: Any) -> Any:
        return self.pool(self.block(x))


def test_model_that_writes_its_call() -> None:
    keras.utils.clear_session()
    found = checks_of(Written(), input_shape=(16, 20, 2))
    assert {check.verdict for check in found} == {CONFIRMED}
    assert found[-1].measured == (8, 8)


def test_input_of_open_size() -> None:
    keras.utils.clear_session()
    x = keras.Input((None, None, 2))
    y = kl.Conv2D(2, 3, padding="valid")(kl.Conv2D(2, 3, strides=2)(x))
    found = checks_of(keras.Model(x, y))
    assert [(check.verdict, check.measured) for check in found] == [(CONFIRMED, (3, 3)), (CONFIRMED, (7, 7))]


def test_batch_of_fixed_size() -> None:
    keras.utils.clear_session()
    x = keras.Input(batch_shape=(3, 20, 20, 2))
    found = checks_of(keras.Model(x, kl.Conv2D(2, 3, dilation_rate=2)(x)))
    assert [(check.verdict, check.measured) for check in found] == [(CONFIRMED, (5, 5))]


class TokenTable(kl.Embedding):
    """An embedding by another name."""


ENDINGS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], str]] = {
    "attention": ((12, 4), lambda x: kl.MultiHeadAttention(2, 3)(x, x), CONFIRMED),
    "recurrence": ((12, 4), kl.LSTM(3, return_sequences=True), EXPLAINED),
    "last state": ((12, 4), kl.GRU(3), CONFIRMED),
    "both ways": ((12, 4), kl.Bidirectional(kl.SimpleRNN(3, return_sequences=True)), CONFIRMED),
    "embedding of the user's": ((12,), TokenTable(9, 4), CONFIRMED),
    "embedding": ((12,), kl.Embedding(9, 4), CONFIRMED),
    "softmax": ((12, 4), kl.Softmax(axis=1), CONFIRMED),
    "rounded": ((12, 4), lambda x: ops.round(kl.Conv1D(2, 3)(x)), CONFIRMED),
    "largest": ((12, 4), lambda x: ops.argmax(kl.Conv1D(2, 3)(x), axis=-1), CONFIRMED),
    "global maximum": ((12, 4), lambda x: kl.GlobalMaxPooling1D()(kl.Conv1D(2, 3)(x)), CONFIRMED),
    "hard activations": ((12, 4), lambda x: ops.hard_shrink(ops.relu6(kl.Conv1D(2, 3, activation="hard_tanh")(x))),
                         CONFIRMED),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_what_has_no_slope_or_sees_everything(name: str) -> None:
    keras.utils.clear_session()
    shape, ending, verdict = ENDINGS[name]
    x = keras.Input(shape)
    found = checks_of(keras.Model(x, ending(x)))
    checked = [check for check in found if check.quantity == "receptive_field"]
    assert checked[-1].verdict == verdict


SAYING_WHICH: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda x: ops.argmax(x, axis=-1),
    "argmin": lambda x: ops.argmin(x, axis=-1, keepdims=True),
    "greater": lambda x: x > 0.5,
    "greater_equal": lambda x: ops.greater_equal(x, ops.flip(x, axis=-1)),
    "less": lambda x: x < 0.5,
    "less_equal": lambda x: x <= 0.5,
    "equal": lambda x: ops.equal(x, ops.flip(x, axis=-1)),
    "not_equal": lambda x: ops.not_equal(x, 0.5),
}


@pytest.mark.parametrize("name", SAYING_WHICH)
def test_what_says_which_takes_one_gradient(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask of segments is one operation behind the network, and need not be measured value by value."""
    monkeypatch.setattr("keras_cnnstats.verify.slopes._Probed._by_change", None)
    keras.utils.clear_session()
    x = keras.Input((20, 16, 2))
    *_, last = checks_of(keras.Model(x, SAYING_WHICH[name](kl.Conv2D(4, 3, padding="same")(x))))
    assert (last.layer, last.verdict, last.measured) == (name, CONFIRMED, (3, 3))


TRUTHS = {
    "equal": lambda x, y: ops.equal(x > 0.1, y > 0.2),
    "not_equal": lambda x, y: ops.not_equal(ops.argmax(x, axis=-1), ops.argmin(y, axis=-1)),
    "argmax": lambda x, y: ops.argmax(x > y, axis=-1),
}
"""What says which of what says which."""


@pytest.mark.parametrize("name", TRUTHS)
def test_what_compares_truth_values_and_places(name: str) -> None:
    keras.utils.clear_session()
    x = keras.Input((20, 16, 2))
    y = kl.Conv2D(4, 3, padding="same")(x)
    found = checks_of(keras.Model(x, TRUTHS[name](y, ops.flip(y, axis=-1))))
    assert {(check.verdict, check.measured) for check in found} == {(CONFIRMED, (3, 3))}


def test_long_wave_net() -> None:
    keras.utils.clear_session()
    model = of((64, 1), wave_net, dilations=[2**place for place in range(10)], saturating=True)()
    (check,) = checks_of(model, ["values"])
    assert (check.verdict, check.measured) == (CONFIRMED, (1025,))


def test_weights_are_neither_read_nor_changed() -> None:
    keras.utils.clear_session()
    model = plain()
    before = [weight.numpy().copy() for weight in model.weights] if keras.backend.backend() != "torch" else []
    checks_of(model)
    assert all((was == weight.numpy()).all() for was, weight in zip(before, model.weights, strict=False))
    with cnnstats.abstract():
        weightless = plain()
    assert Counter(check.verdict for check in checks_of(weightless)) == {CONFIRMED: 4}


def test_row_that_is_not_there() -> None:
    model = plain()
    with pytest.raises(UnknownLayerError, match="nowhere"):
        check_fields(model, cnnstats.analyze(model), ["nowhere"])


def test_model_without_axes() -> None:
    x = keras.Input((5,))
    (check,) = checks_of(keras.Model(x, kl.Dense(2)(x)))
    assert (check.verdict, check.reason) == (NOT_COMPARABLE, "the model has no axes that fields are measured on")
