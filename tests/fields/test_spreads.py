"""Spreads of two kinds are never equal, so that nothing that is remembered of one is taken for the other."""

from itertools import combinations

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.describe import facts_of
from keras_cnnstats.primitives import Rearrangement, spreads
from keras_cnnstats.primitives.spreads import Gather, Mix, Pointwise, Regroup, Route, Shuffle, Spread, Statistics

SAME_FIELDS: list[Spread] = [
    Gather((1,)),
    Mix((1,)),
    Shuffle((1,)),
    Statistics((1,)),
    Route((1,)),
    Pointwise(),
    Regroup(),
]


@pytest.mark.parametrize(("one", "other"), list(combinations(SAME_FIELDS, 2)))
def test_two_kinds_are_not_equal(one: Spread, other: Spread) -> None:
    assert one != other
    assert [type(facts_of(Rearrangement(each)).spread) for each in (one, other)] == [type(one), type(other)]


@pytest.mark.parametrize("kind", Spread.__args__, ids=lambda kind: kind.__name__)
def test_no_kind_is_a_tuple(kind: type) -> None:
    assert not issubclass(kind, tuple)
    assert kind.__module__ == spreads.__name__


def test_a_field_does_not_depend_on_what_was_analysed_before() -> None:
    first, second = keras.Input((5, 6)), keras.Input((5, 6))
    attention = layers.GroupQueryAttention(3, 4, 4)(first, second)
    x = keras.Input((14, 17, 2))
    row = layers.Conv2D(2, (1, 3), name="along")(ops.expand_dims(x[:, 4], 1))
    for _ in range(2):
        cnnstats.analyze(keras.Model([first, second], attention))
        assert cnnstats.analyze(keras.Model(x, row))["along"].receptive_field == (1, 3)
