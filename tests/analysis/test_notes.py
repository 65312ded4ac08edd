"""A row of which something is unknown says what, and why; a row of which all is known says nothing."""

from collections.abc import Callable
from math import inf
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.primitives import Cost, Elementwise

MAP = (6, 6, 3)


def rows(*middle: Callable[[Any], Any]) -> tuple[cnnstats.Row, ...]:
    """The rows of some layers or functions between two convolutions."""
    x = keras.Input(MAP)
    y = layers.Conv2D(4, 3, padding="same", name="before")(x)
    for layer in middle:
        y = layer(y)
    return cnnstats.analyze(keras.Model(x, layers.Conv2D(2, 3, padding="same", name="behind")(y))).rows


def test_where_all_is_known_nothing_is_said() -> None:
    assert [row.note for row in rows(layers.ReLU(), layers.MaxPooling2D())] == [""] * 4


LOSING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "flipped": (lambda x: ops.flip(x, 1), "its positions move in a way that is not followed"),
    "flipped both ways": (lambda x: ops.flip(x, (1, 2)), "its positions move in a way that is not followed"),
    "rolled": (lambda x: ops.roll(x, (1, 2), axis=(1, 2)), "its positions move in a way that is not followed"),
    "cut unevenly": (
        lambda x: ops.reshape(x, (-1, 4, 9, 4)),
        "its values are cut into positions that no interval describes, or a size is unknown",
    ),
}


@pytest.mark.parametrize("name", LOSING)
def test_the_call_that_loses_a_field_says_why_and_those_behind_it_do_not(name: str) -> None:
    function, reason = LOSING[name]
    before, middle, behind = rows(function)
    assert middle.note == f"its receptive field is unknown: {reason}"
    assert (before.note, behind.note, behind.receptive_field[0]) == ("", "", None)


def test_what_takes_a_map_of_known_sizes_apart_asks_for_none() -> None:
    before, parted, *_ = rows(lambda x: ops.unstack(x, axis=1)[2], lambda x: ops.expand_dims(x, 1))
    assert parted.note == "its receptive field is unknown: each of its results is made of other positions"
    assert before.note == ""


@pytest.mark.parametrize(
    ("layer", "field"),
    [
        (layers.MaxPooling2D(3), (3, 3)),
        (layers.AveragePooling2D(2), (2, 2)),
        (layers.UpSampling2D(2), (1, 1)),
        (layers.GlobalMaxPooling2D(), (inf, inf)),
        (layers.SpatialDropout2D(0.5), (1, 1)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_over_an_unknown_number_of_channels_the_field_is_known_and_the_work_is_not(layer: Any, field: Any) -> None:
    (row,) = cnnstats.analyze(keras.Sequential([keras.Input((None, None, None)), layer])).rows
    assert row.receptive_field == field
    assert row.training is None
    assert "its rule failed" not in row.note


class Odd(layers.Layer):
    """Has a rule, of a function whose slope nobody has written out."""

    def call(self, x: Any) -> Any:
        return x


def test_the_call_whose_gradient_nobody_has_written_out_says_so() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, Odd(name="odd")(layers.Dense(3)(x)))
    rules = {Odd: lambda call: [Elementwise(cost=Cost(1), elements=call.output.elements)]}
    dense, odd = cnnstats.analyze(model, rules=rules).rows
    assert (odd.work is None, odd.training, dense.note) == (False, None, "")
    assert odd.note == "its work in training is unknown: nobody has written out the gradient of its elementwise"


def test_a_call_of_unknown_work_says_that_alone() -> None:
    x = keras.Input((4,))
    y = layers.Lambda(lambda value: np.asarray(value), name="opaque", output_shape=(4,))(layers.Dense(4)(x))
    row = cnnstats.analyze(keras.Model(x, y)).rows[-1]
    assert (row.work, row.training) == (None, None)
    assert "in training" not in row.note


def test_weights_that_no_output_depends_on_say_so() -> None:
    class Half(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.left_out = keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            self.left_out(x)
            return x * 2

    x = keras.Input((3,))
    last = cnnstats.analyze(keras.Model(x, Half()(x))).rows[-1]
    assert (last.type, last.params, last.training) == ("weights of no call", 8, None)
    assert "no call that an output depends on" in last.note
