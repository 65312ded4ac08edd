"""Memory against what XLA sets aside: what is fed and what comes back to the last byte, the rest within bounds."""

from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify.memory import Counted, SetAside, held_against

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="XLA's memory analysis is asked for on JAX")

COUNTED = Counted(weights=400, inputs=40, outputs=20, peak=100)
EXACT = SetAside(
    arguments=440, outputs=20, temporaries=40, state=0, narrowed=(0, 0), returned=1, room=64
)  # as much between as the report says: 100 - 40 - 20


def amounts(check: Check) -> dict[str, Any]:
    return {term.name: term.amount for term in check.terms}


def test_what_is_equal_is_confirmed() -> None:
    check = held_against(COUNTED, EXACT)
    assert (check.verdict, check.counted, check.measured, check.terms) == (CONFIRMED, 500, 500, ())


EXPLAINED_BY: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "nothing is kept": ({"temporaries": 0}, {"temporaries": -40}),
    "all the room": ({"temporaries": 64}, {"temporaries": 24}),
    "seeds": ({"arguments": 448, "state": 8}, {"state": 8}),
    "narrow inputs": ({"arguments": 420, "narrowed": (20, 0)}, {"narrowed": -20}),
    "narrow outputs": ({"outputs": 10, "narrowed": (0, 10)}, {"narrowed": -10}),
    "a table of outputs": ({"outputs": 36, "returned": 2}, {"table": 16}),
}


@pytest.mark.parametrize("name", EXPLAINED_BY)
def test_what_has_a_name_is_explained(name: str) -> None:
    changes, terms = EXPLAINED_BY[name]
    check = held_against(COUNTED, EXACT._replace(**changes))
    assert (check.verdict, amounts(check)) == (EXPLAINED, terms)
    assert check.measured - check.counted == sum(terms.values())


PLANTED: dict[str, tuple[Counted, SetAside, str]] = {
    "a weight more": (COUNTED._replace(weights=404), EXACT, "arguments of 440 bytes, where 444 are counted"),
    "a weight less": (COUNTED._replace(weights=396), EXACT, "arguments of 440 bytes, where 436 are counted"),
    "an input": (COUNTED._replace(inputs=44, peak=104), EXACT, "arguments of 440 bytes, where 444 are counted"),
    "an output": (COUNTED._replace(outputs=16), EXACT, "outputs of 20 bytes, where 16 are counted"),
    "no table": (COUNTED, EXACT._replace(returned=2), "outputs of 20 bytes, where 20 are counted and 16 more"),
    "more than there is use for": (COUNTED, EXACT._replace(temporaries=65), "temporaries of 65 bytes, where there is"),
    "less than nothing": (COUNTED, EXACT._replace(temporaries=-1), "temporaries of -1 bytes"),
    # What is wrong in one place and made up for in another is wrong.
    "a byte from one to the other": (COUNTED, EXACT._replace(arguments=441, outputs=19), "arguments of 441 bytes"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bytes_are_found(name: str) -> None:
    counted, found, reason = PLANTED[name]
    check = held_against(counted, found)
    assert check.verdict == DIFFERS
    assert reason in check.reason


# On JAX


def plain() -> keras.Model:
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(8, 3, name="conv")(x)
    return keras.Model(x, layers.Dense(5)(layers.Flatten()(layers.MaxPooling2D()(y))))


def several() -> keras.Model:
    a, b = keras.Input((7,), name="a"), keras.Input((5,), name="b", dtype="int64")
    first = layers.Dense(3)(a)
    return keras.Model([a, b], [first, layers.Embedding(9, 4)(b), b, a + 1])


def with_seeds() -> keras.Model:
    x = keras.Input((6,), dtype="float16")
    return keras.Model(x, layers.Dropout(0.5)(layers.Dense(4, dtype="mixed_float16")(x)))


def with_normalization() -> keras.Model:
    x = keras.Input((8, 8, 4))
    return keras.Model(x, layers.GlobalAveragePooling2D()(layers.BatchNormalization()(layers.DepthwiseConv2D(3)(x))))


def recurrent() -> keras.Model:
    return keras.Sequential([keras.Input((6, 5)), layers.LSTM(4, return_sequences=True), layers.GRU(3)])


MODELS = [plain, several, with_seeds, with_normalization, recurrent]


def memory_check(report: cnnstats.Report, model: keras.Model) -> Check:
    (check,) = report.verify(model, only=["memory"]).verification.checks
    return check


@on_jax
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
def test_bytes_of_models(build: Any, batch_size: int) -> None:
    model = build()
    check = memory_check(cnnstats.analyze(model, batch_size=batch_size), model)
    assert check.verdict == EXPLAINED
    assert set(amounts(check)) <= {"state", "narrowed", "table", "temporaries"}
    assert check.measured - check.counted == sum(amounts(check).values())


@on_jax
@pytest.mark.parametrize(
    "change", [{"param_bytes": 4}, {"param_bytes": -4}], ids=["a weight too many", "a weight too few"]
)
def test_planted_weights_are_found(change: dict[str, int]) -> None:
    model = plain()
    report = cnnstats.analyze(model)
    memory = report.memory._replace(**{name: getattr(report.memory, name) + more for name, more in change.items()})
    check = memory_check(cnnstats.Report(report.header, report.rows, memory=memory), model)
    assert check.verdict == DIFFERS
    assert check.reason.startswith("arguments of ")


@on_jax
def test_planted_temporaries_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras_cnnstats.verify.memory._room", lambda _: -(10**9))
    model = plain()
    check = memory_check(cnnstats.analyze(model), model)
    assert check.verdict == DIFFERS
    assert check.reason.startswith("temporaries of ")


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX says it")
def test_other_backends_say_nothing() -> None:
    model = plain()
    check = memory_check(cnnstats.analyze(model), model)
    assert (check.verdict, check.reason) == (NOT_COMPARABLE, "the backend does not say what it sets aside")
