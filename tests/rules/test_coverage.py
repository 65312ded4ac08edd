"""Every public layer class and every function of `keras.ops` has an answer, and docs/coverage.md lists them."""

from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from benchmarks.coverage import table
from keras_cnnstats.rules import find, registered
from keras_cnnstats.rules.gaps import GAPS
from tests.rules.support import (
    FOLLOWED,
    NO_OPERATION,
    OTHER_NAMES,
    answers,
    operation_classes,
    public_layers,
    public_operations,
    target_of,
    targets_of,
)
from tests.rules.zoo import ZOO
from tests.rules.zoo_more import IMAGE, MORE, UNSAMPLED

ROOT = Path(__file__).parents[2]
PUBLIC = public_layers() | public_operations()
ANSWERS = answers()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_answer(name: str) -> None:
    assert name in ANSWERS, f"`keras.{name}` of Keras {keras.__version__} has no answer: write a rule, or say why not"


@pytest.mark.parametrize("name", [*NO_OPERATION, *OTHER_NAMES, *FOLLOWED])
def test_answer_beside_the_rules_is_about_a_public_name_that_has_no_rule(name: str) -> None:
    assert name in PUBLIC
    assert PUBLIC[name] not in registered()


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_other_name_is_noted_under_the_name_that_has_the_rule(name: str) -> None:
    function, ours = PUBLIC[name], PUBLIC[OTHER_NAMES[name]]
    assert find(ours).rule is not None
    x = keras.Input((9, 7, 5, 3) if "3d" in name else IMAGE)
    y = function(x, size=3) if "3d" in name else function(x)
    assert targets_of(keras.Model(x, y)) == [ours]


def test_no_answer_contradicts_another() -> None:
    tables = [set(NO_OPERATION), set(OTHER_NAMES), set(FOLLOWED)]
    assert sum(map(len, tables)) == len(set.union(*tables))


@pytest.mark.parametrize("target", GAPS, ids=lambda target: target.__name__)
def test_gap_gives_its_reason(target: Any) -> None:
    rule = find(target).rule
    assert rule is not None
    with pytest.raises(Exception, match=r".") as raised:
        rule(None)  # type: ignore[arg-type]
    assert type(raised.value).__name__ == "RuleGapError"
    assert str(raised.value) == GAPS[target]


def test_gap_makes_an_unknown_row_and_a_total_that_says_so() -> None:
    x = keras.Input((9, 7, 4))
    report = cnnstats.analyze(keras.Model(x, ops.sort(layers.ReLU()(x), axis=1)))
    row = report.rows[-1]
    assert (row.work, row.source, row.note) == (None, "unknown", GAPS[ops.sort])
    assert report.totals.unknown_rows == 1


@pytest.mark.parametrize("name", FOLLOWED)
def test_followed_layer_shows_what_is_inside(name: str) -> None:
    build, expected = FOLLOWED[name]
    report = cnnstats.analyze(build())
    assert {row.source for row in report.rows} <= {"rule", "traced"}
    assert report.totals.unknown_rows == 0
    assert {row.type for row in report.rows} >= expected


def test_rule_without_a_sample_has_a_reason() -> None:
    # Other tests register rules for layers of their own.
    ours = [target for target in registered() if target.__module__.startswith("keras.")]
    bare = [target for target in ours if target not in ZOO and target not in MORE and target not in GAPS]
    assert set(bare) == set(UNSAMPLED)


def test_every_class_of_operations_is_found_by_its_public_name() -> None:
    # The one left is the base of four that are public.
    assert [cls.__name__ for cls in operation_classes() if isinstance(target_of(cls), type)] == ["SegmentReduction"]


def test_table_of_coverage_is_up_to_date() -> None:
    kept = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert kept == table(), "write it anew: python benchmarks/coverage.py"
