"""Every entry of the zoo, held against the counter of the running backend: its work, its shapes, its parameters."""

from collections import Counter

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.measure.counts import BRANCHES
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, VERDICTS
from keras_cnnstats.verify.reasons import CELLS, CHANNELS_FIRST, RESIZED
from tests.rules.zoo import ZOO, Case, built, cases

UNCOUNTED = {
    "tensorflow": {
        (layers.Conv2DTranspose, "channels_first"): CHANNELS_FIRST,
        # Whether a factor is a scalar is asked when it runs.
        (ops.inner, "dense"): BRANCHES,
        (ops.inner, "vector"): BRANCHES,
        # Defects of Keras 3.15: symbolically these are built, and they cannot run.
        (layers.AdaptiveMaxPooling2D, "one"): "ValueError",
        (layers.AdaptiveAveragePooling2D, "one"): "ValueError",
        (ops.conv_transpose, "line"): "AttributeError",
        (ops.conv_transpose, "map"): "AttributeError",
    },
    "jax": {
        # With float64 at hand, the zeros in the place of a bias are of that.
        (layers.GRU, "no_bias"): "TypeError",
        (layers.MultiHeadAttention, "value_dim"): "TypeError",
        (layers.MultiHeadAttention, "output_shape"): "TypeError",
        (layers.MultiHeadAttention, "gate"): "TypeError",
        (ops.conv_transpose, "line"): "AttributeError",
        (ops.conv_transpose, "map"): "AttributeError",
        (ops.max_pool, "map"): "TypeError",
        (ops.average_pool, "map"): "TypeError",
    },
    "torch": {
        (ops.conv_transpose, "line"): "AttributeError",
        (ops.conv_transpose, "map"): "AttributeError",
    },
}[keras.backend.backend()]
"""What the backend cannot tell, by what it says."""

MISTAKEN = {(layers.Activation, "glu"), (layers.MultiHeadAttention, "scores"), (layers.EinsumDense, "ellipsis")}
"""Layers that say that they make another shape than they do: defects of Keras 3.15, which the measurement finds."""

OTHERS = CELLS, RESIZED
"""Another algorithm than the definition."""


ROUNDED = keras.backend.backend() == "jax"
"""XLA's figures have seven digits."""


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
@pytest.mark.parametrize("case", list(cases(ZOO)), ids=str)
def test_no_number_differs(case: Case) -> None:
    report = cnnstats.analyze(built(case)).verify(only=["work", "params"])
    for check in report.verification.checks:
        assert check.verdict in VERDICTS
        mistaken = check.quantity == "output_shape" and (case.target, case.name) in MISTAKEN
        assert (check.verdict == DIFFERS) == mistaken, check
        if check.verdict in (CONFIRMED, EXPLAINED) and check.quantity != "output_shape" and not ROUNDED:
            assert check.measured - check.counted == sum(term.amount for term in check.terms), check
        if check.verdict == NOT_COMPARABLE and check.quantity == "macs":
            known = UNCOUNTED.get((case.target, case.name), "")
            assert (known and known in check.reason) or check.reason.startswith(OTHERS), check


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch counts contractions alone")
def test_nearly_all_of_the_zoo_is_confirmed_and_the_rest_has_names() -> None:
    verdicts: Counter[str] = Counter()
    for case in list(cases(ZOO))[::9]:
        report = cnnstats.analyze(built(case)).verify(only=["work"])
        verdicts.update(report.verification.counts)
    assert verdicts[CONFIRMED] > 3 * (verdicts[EXPLAINED] + verdicts[NOT_COMPARABLE])
