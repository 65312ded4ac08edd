"""The receptive field of each layer and operation of the zoo against the gradient."""

import pytest
from keras import ops

from keras_cnnstats.verification import DIFFERS
from keras_cnnstats.verify.gradient import check_fields
from tests.rules.zoo import ZOO, Case, analyzed, built, cases
from tests.rules.zoo_more import more_cases

OTHERWISE = (
    # Products of each position of one map with each of another: the field of one pair; a row of pairs sees more.
    ops.cdist,
    ops.einsum,
    ops.matmul,
)
"""What sees something else than is counted, and why."""


def _every_fourth() -> list[object]:
    """All cases; three of four take longer than CI has."""
    each = [*cases(ZOO), *more_cases()]
    return [
        pytest.param(case, marks=pytest.mark.slow if place % 4 else (), id=str(case)) for place, case in enumerate(each)
    ]


@pytest.mark.parametrize("case", _every_fourth())
def test_field_of_each_entry(case: Case) -> None:
    found = check_fields(built(case), analyzed(case))
    assert len(found) >= len(analyzed(case).rows)
    assert [check for check in found if check.verdict == DIFFERS and case.target not in OTHERWISE] == []


@pytest.mark.parametrize("target", OTHERWISE, ids=lambda target: target.__name__)
def test_what_is_counted_otherwise_is_found(target: object) -> None:
    found = [
        check
        for case in [*cases(ZOO), *more_cases()]
        if case.target is target
        for check in check_fields(built(case), analyzed(case))
    ]
    assert DIFFERS in {check.verdict for check in found}
