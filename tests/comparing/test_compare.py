"""`compare`: what it takes, what it refuses, and the totals of real models against each other."""

import os
import subprocess
import sys
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.comparison import Compared
from tests.comparing.handmade import COMPARISONS, SMALL, compared, conv, report
from tests.render import handmade


def network(filters: int = 8, extra: bool = False, kernel: int = 3) -> keras.Model:
    inputs = x = keras.Input((16, 16, 3))
    for _ in range(3 if extra else 2):
        x = keras.layers.Conv2D(filters, kernel, padding="same")(x)
        x = keras.layers.ReLU()(x)
    x = x + keras.ops.relu(x)
    dense = keras.layers.Dense(filters)
    x = dense(dense(keras.layers.GlobalAveragePooling2D()(x)))
    return keras.Model(inputs, x, name="net")


def test_a_model_built_twice_is_the_same() -> None:
    comparison = cnnstats.compare(network(), network())
    assert comparison.is_same
    assert comparison.changes == ()
    assert {change.status for change in comparison.aligned} == {"same"}
    assert comparison.names == ("net", "net (2)")


def test_one_block_more_is_what_was_added() -> None:
    comparison = cnnstats.compare(network(), network(extra=True))
    added = [change for change in comparison.changes if change.status == "added"]
    assert [change.row.type for change in added] == ["Conv2D", "ReLU"]
    assert {change.status for change in comparison.changes} == {"added", "sees otherwise"}
    assert sum(change.difference("macs") for change in added) == comparison.totals["macs"].differences[1]


def test_a_field_of_the_same_size_elsewhere_is_another() -> None:
    def steps(padding: str) -> keras.Model:
        return keras.Sequential([keras.Input((16, 3)), keras.layers.Conv1D(4, 3, padding=padding)], name="net")

    comparison = cnnstats.compare(steps("same"), steps("causal"))
    assert not comparison.is_same
    assert [change.status for change in comparison.changes] == ["sees otherwise"]
    assert "padding 1 → 2" in str(comparison)
    assert comparison.totals["padding_t"].values == (1, 2)


@pytest.mark.parametrize(
    "others", [{"filters": 12}, {"kernel": 5}, {"extra": True}, {"extra": True, "filters": 3}], ids=str
)
def test_differences_sum_to_those_of_the_totals(others: dict[str, Any]) -> None:
    comparison = cnnstats.compare(network(), network(**others))
    names = ("params", "trainable_params", "macs", "flops", "transcendentals", "train_flops", "param_bytes")
    for name in names:
        total = comparison.totals[name]
        assert sum(change.difference(name) for change in comparison.aligned) == total.differences[1]
        assert total.differences[1] == total.values[1] - total.values[0]
    assert not comparison.is_same


def test_models_reports_and_files_compare_alike(tmp_path: Path) -> None:
    path = tmp_path / "last_week.json"
    cnnstats.analyze(network()).to_json(path)
    model = network(extra=True)
    first, *others = (
        cnnstats.compare(old, model, names=["old", "new"]).to_dataframe().drop(columns="layer_a")
        for old in (path, str(path), cnnstats.analyze(network()), network())
    )
    assert all(other.equals(first) for other in others)
    assert cnnstats.compare(path, model).names == ("last_week", "net")


def test_stored_reports_compare_without_keras(tmp_path: Path) -> None:
    SMALL.to_json(tmp_path / "a.json")
    code = "import sys, keras_cnnstats as c; c.compare('a.json', 'a.json'); assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def test_the_convention_is_that_of_the_first_or_the_one_asked_for() -> None:
    old = cnnstats.analyze(network(), convention="macs")
    assert [each.header.convention for each in cnnstats.compare(old, network()).reports] == ["macs"] * 2
    assert [each.header.convention for each in cnnstats.compare(network(), old).reports] == ["textbook"] * 2
    assert [each.header.convention for each in cnnstats.compare(network(), old, convention="xla").reports] == [
        "xla"
    ] * 2


def test_models_are_analysed_as_asked_and_what_is_unlike_is_said() -> None:
    comparison = cnnstats.compare(cnnstats.analyze(network()), network(), batch_size=4)
    assert comparison.unlike == {"batch size": (1, 4)}
    assert comparison.totals["macs"].ratios[1] == 4
    assert "Not of the same batch size" in str(comparison)
    open_model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3)])
    both = cnnstats.compare(open_model, open_model, input_shape=(9, 9, 3))
    assert both.totals["macs"].values == (7 * 7 * 2 * 27,) * 2


# What is refused

REFUSED: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "none": ((), {}, cnnstats.ModelError, r"expected two or more.*Received: 0\."),
    "one": ((SMALL,), {}, cnnstats.ModelError, r"expected two or more.*Received: 1\."),
    "a number": ((SMALL, 3), {}, cnnstats.ModelError, r"argument 2: .*Received: "),
    "a file of another kind": ((SMALL, "model.keras"), {}, cnnstats.ModelError, r"argument 2: expected a Keras model, a"
                               r" report, or the path.*Received: 'model\.keras'"),
    "text": (("{}", SMALL), {}, cnnstats.ModelError, "argument 1: expected a Keras model"),
    "no file": ((SMALL, "no_such.json"), {}, cnnstats.FormatError, r"argument 2: 'no_such\.json' cannot be read: No"),
    "a folder": ((SMALL, "folder.json"), {}, cnnstats.FormatError, r"argument 2: .* cannot be read"),
    "no report": ((SMALL, "odd.json"), {}, cnnstats.FormatError, r"argument 2: 'odd\.json' holds no report: from_json"),
    "no text": ((SMALL, "binary.json"), {}, cnnstats.FormatError, "argument 2: 'binary.json' holds no report"),
    "a NUL in a path": ((SMALL, "a\0.json"), {}, cnnstats.FormatError, "argument 2"),
    "a convention": ((SMALL, SMALL), {"convention": "mac"}, cnnstats.ConventionError, "Did you mean `macs`"),
    "too few names": ((SMALL, SMALL), {"names": ["a"]}, cnnstats.CNNStatsError, "names: expected 2 different names"),
    "a name twice": ((SMALL, SMALL), {"names": ["a", "a"]}, cnnstats.CNNStatsError, "names: expected 2 different"),
    "text for names": ((SMALL, SMALL), {"names": "ab"}, cnnstats.CNNStatsError, "Received: 'ab'"),
    "a number for names": ((SMALL, SMALL), {"names": 2}, cnnstats.CNNStatsError, "Received: 2"),
    "numbers for names": ((SMALL, SMALL), {"names": [1, 2]}, cnnstats.CNNStatsError, r"Received: \[1, 2\]"),
    "a shape for reports": ((SMALL, SMALL), {"input_shape": (3,)}, cnnstats.ModelError, "Received: reports alone"),
    "a batch for reports": ((SMALL, SMALL), {"batch_size": 2}, cnnstats.ModelError, "Received: reports alone"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_is_refused(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.json").write_text("{}")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.json").mkdir()
    models, arguments, kind, message = REFUSED[case]
    with pytest.raises(cnnstats.CNNStatsError, match=message) as caught:
        cnnstats.compare(*models, **arguments)
    assert type(caught.value) is kind
    assert sorted(os.listdir(tmp_path)) == ["binary.json", "folder.json", "odd.json"]


def test_what_is_wrong_with_a_model_says_which() -> None:
    with pytest.raises(cnnstats.InputShapeError, match="compare: argument 2: input_shape"):
        cnnstats.compare(SMALL, network(), input_shape=(8, 8, 3))


# Totals


def test_totals_are_those_of_the_reports() -> None:
    for comparison in COMPARISONS.values():
        for name in ("params", "macs", "flops", "rows", "unknown_rows"):
            assert comparison.totals[name].values == tuple(getattr(each.totals, name) for each in comparison.reports)


def test_unknown_rows_make_lower_bounds_and_no_difference() -> None:
    macs = COMPARISONS["unknown"].totals["macs"]
    assert macs.lower_bounds == (True, False)
    assert (macs.differences, macs.ratios) == ((None, None), (None, None))
    assert COMPARISONS["unknown"].totals["params"].differences[1] == 5_482 - 3_000_002_240


@pytest.mark.parametrize(
    ("values", "differences", "ratios"),
    [
        ((4, 6), (0, 2), (1.0, 1.5)),
        ((0, 6), (0, 6), (None, None)),
        ((None, 6), (None, None), (None, None)),
        ((6, None), (0, None), (1.0, None)),
        ((inf, 6), (0, None), (None, None)),
        ((inf, inf), (0, 0), (None, None)),
        ((Fraction(1, 2), 1), (0, Fraction(1, 2)), (1.0, 2.0)),
        ((10**30, 10**30 + 1), (0, 1), (1.0, 1.0)),
    ],
)
def test_differences_and_ratios(values: Any, differences: Any, ratios: Any) -> None:
    total = Compared("macs", values, (False,) * len(values))
    assert (total.differences, total.ratios) == (differences, ratios)


def test_the_field_at_the_end_is_that_of_the_last_map() -> None:
    assert COMPARISONS["same"].totals["rf_h"].values == (8, 8)
    assert cnnstats.compare(network(), network(extra=True)).totals["rf_w"].values == (5, 7)
    assert COMPARISONS["ranks"].totals["rf_t"].values == (None, 3, None, None)


def test_all_others_are_held_against_the_first() -> None:
    comparison = compared(report(conv("a")), report(conv("a"), conv("b")), report())
    assert [(each.other, each.status) for each in comparison.changes] == [("b", "added"), ("c", "removed")]


def test_peak_memory_alone_is_a_change() -> None:
    comparison = compared(report(conv("a"), peak=10), report(conv("a"), peak=20))
    assert (comparison.changes, comparison.is_same) == ((), False)


def test_hostile_names_are_no_trouble() -> None:
    hostile = handmade.hostile()
    assert compared(hostile, hostile).is_same
