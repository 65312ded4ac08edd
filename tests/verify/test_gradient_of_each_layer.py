"""The receptive field of each layer and operation of the zoo against the gradient."""

from functools import cache

import keras
import pytest
from keras import layers, ops

from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify import slopes
from keras_cnnstats.verify.gradient import check_fields
from tests.rules.zoo import ZOO, Case, analyzed, built, cases
from tests.rules.zoo_more import more_cases

PAIRING = (ops.cdist, ops.einsum, ops.matmul)

EACH: list[Case] = [*cases(ZOO), *more_cases()]

SHARE = 0.8
"""Of a hundred checks about 85 are confirmed or explained; the rest are operations that compare or pick, that make one
value of a batch or rearrange all of it, or models without positions."""

UNTOLD = (
    "the model has no axes that fields are measured on",
    "it is unknown",
    "makes the same of all numbers that were tried",
    "makes another number of samples",
    "only all of its values together change it",
    "changes with few of the numbers that were tried",
    "too many values to change one after another",
    "is given whole numbers that are not kept",
    "also takes statistics of the whole map",
    "its values stand at pairs of positions",
    "position 0 sees",  # nobody knows which of the values of a flat map stand at one position
)
"""What the reason for which a field cannot be compared says. That a call fails is none."""

FAILING = {
    (layers.Conv1D, "channels_first"),
    (layers.Conv2D, "channels_first"),
    (layers.Conv2DTranspose, "channels_first"),
    (layers.ConvLSTM2D, "channels_first"),
    (layers.Conv1DTranspose, "dilated_same"),
    (layers.Conv2DTranspose, "dilated_same"),
    (layers.Conv3DTranspose, "dilated_same"),
    # Defects of Keras 3.15: symbolically these are built, and they cannot run.
    (ops.conv_transpose, "line"),
    (ops.conv_transpose, "map"),
    (layers.EinsumDense, "ellipsis"),
    (ops.view_as_complex, "pairs"),
}
"""What TensorFlow cannot run on a processor. Of the other backends nobody has made a list."""


def _every_fourth() -> list[object]:
    """All cases; three of four take longer than CI has."""
    return [
        pytest.param(place, marks=pytest.mark.slow if place % 4 else (), id=str(case))
        for place, case in enumerate(EACH)
    ]


@cache
def checks_of(place: int) -> tuple[Check, ...]:
    return check_fields(built(EACH[place]), analyzed(EACH[place]))


def unforeseen(case: Case, found: tuple[Check, ...]) -> list[str]:
    """The reasons for which something is not comparable, and which nobody has written down."""
    reasons = [check.reason for check in found if check.verdict == NOT_COMPARABLE]
    fails = keras.backend.backend() != "tensorflow" or (case.target, case.name) in FAILING
    known = (*UNTOLD, "does not run by itself") if fails else UNTOLD
    return [reason for reason in reasons if not any(text in reason for text in known)]


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
@pytest.mark.parametrize("place", _every_fourth())
def test_field_of_each_entry(place: int) -> None:
    found = checks_of(place)
    assert {(check.layer, check.call) for check in found} == {
        (row.layer, row.call) for row in analyzed(EACH[place]).rows if row.output_shapes
    }
    assert [check for check in found if check.verdict == DIFFERS] == []
    assert unforeseen(EACH[place], found) == []


def test_nearly_all_fields_are_measured() -> None:
    verdicts = [check.verdict for place in range(0, len(EACH), 4) for check in checks_of(place)]
    assert sum(verdict in (CONFIRMED, EXPLAINED) for verdict in verdicts) >= SHARE * len(verdicts)


def test_that_a_layer_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault of what measures: no field differs, and none is measured."""

    def fail(*_: object) -> None:
        raise ArithmeticError("planted")

    monkeypatch.setattr(slopes, "pullback", fail)
    case = next(case for case in EACH if case.target is layers.Conv2D)
    found = check_fields(built(case), analyzed(case))
    assert DIFFERS not in {check.verdict for check in found}
    assert unforeseen(case, found)


@pytest.mark.parametrize("target", PAIRING, ids=lambda target: target.__name__)
def test_of_products_of_two_maps_the_field_is_that_of_one_pair(target: object) -> None:
    found = [check for case in EACH if case.target is target for check in check_fields(built(case), analyzed(case))]
    assert DIFFERS not in {check.verdict for check in found}
    assert any(check.verdict == NOT_COMPARABLE and "pairs of positions" in check.reason for check in found)
