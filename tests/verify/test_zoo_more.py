"""The second half of the zoo, of operations mostly, held against the counter of the running backend."""

import keras
import pytest
from keras import ops

import keras_cnnstats as cnnstats
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED
from tests.rules.zoo import Case, built
from tests.rules.zoo_more import more_cases

# What XLA counts of rarer operations beside contractions is not written out for all of them.
EXACT = ("macs",) if keras.backend.backend() == "jax" else ("macs", "flops", "output_shape")

MISTAKEN = {
    "tensorflow": {
        # Statistics that are constants: TensorFlow works with them when it traces a whole model.
        (ops.batch_normalization, "channels"),
    },
    # Keras 3.15 turns the bell over on JAX: what is said of the rows goes for the columns.
    "jax": {(ops.image.gaussian_blur, "image")},
    # Defects of Keras 3.15: the operations say that they make another shape than they do.
    "torch": {
        (ops.count_nonzero, "channels"),
        (ops.count_nonzero, "positions"),
        (ops.image.gaussian_blur, "image"),
    },
}.get(keras.backend.backend(), set())
"""Entries that differ."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", list(more_cases()), ids=str)
def test_no_number_differs(case: Case) -> None:
    report = cnnstats.analyze(built(case)).verify(only=["work"])
    checks = [check for check in report.verification.checks if check.quantity in EXACT]
    found = [check for check in checks if check.verdict == DIFFERS]
    assert bool(found) == ((case.target, case.name) in MISTAKEN), found
    for check in checks:
        if check.verdict in (CONFIRMED, EXPLAINED) and check.quantity != "output_shape":
            assert check.measured - check.counted == sum(term.amount for term in check.terms), check
