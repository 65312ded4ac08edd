"""The receptive field of each layer and operation of the zoo against the gradient."""

import pytest
from keras import ops

from keras_cnnstats.verification import DIFFERS, NOT_COMPARABLE
from keras_cnnstats.verify.gradient import check_fields
from tests.rules.zoo import ZOO, Case, analyzed, built, cases
from tests.rules.zoo_more import more_cases

PAIRING = (ops.cdist, ops.einsum, ops.matmul)


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
    assert [check for check in found if check.verdict == DIFFERS] == []


@pytest.mark.parametrize("target", PAIRING, ids=lambda target: target.__name__)
def test_of_products_of_two_maps_the_field_is_that_of_one_pair(target: object) -> None:
    found = [
        check
        for case in [*cases(ZOO), *more_cases()]
        if case.target is target
        for check in check_fields(built(case), analyzed(case))
    ]
    assert DIFFERS not in {check.verdict for check in found}
    assert any(check.verdict == NOT_COMPARABLE and "pairs of positions" in check.reason for check in found)
