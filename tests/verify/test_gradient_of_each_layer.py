"""The receptive field of each layer and operation of the zoo against the gradient."""

import pytest
from keras import ops

from keras_cnnstats.verification import DIFFERS
from keras_cnnstats.verify.gradient import check_fields
from tests.rules.zoo import ZOO, Case, analyzed, built, cases, name_of
from tests.rules.zoo_more import more_cases

PAIRS = {
    f"{name_of(ops.matmul)}-pairs",
    f"{name_of(ops.matmul)}-heads",
    f"{name_of(ops.einsum)}-pairs",
    f"{name_of(ops.einsum)}-values",
    f"{name_of(ops.einsum)}-ellipsis",
    "ops.cdist-vectors",
}
"""Products of each position of one map with each of another: the field is that of one pair, a row of them sees more."""


@pytest.mark.parametrize("case", [*cases(ZOO), *more_cases()], ids=str)
def test_field_of_each_entry(case: Case) -> None:
    found = check_fields(built(case), analyzed(case))
    assert len(found) >= len(analyzed(case).rows)
    assert [check for check in found if check.verdict == DIFFERS and str(case) not in PAIRS] == []
