"""Contractions in training: lists of products, of which each gradient multiplies the same pairs the other way round."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.units import Work
from tests.rules.by_hand import BATCH, training
from tests.rules.oracle import Axis, UpAxis


class Term(NamedTuple):
    """One product of a contraction: the values that it is added to and made of; `None` for an input in the padding."""

    output: Any
    input: Any
    weight: Any


class Tally(NamedTuple):
    """Products, those of them inside the input, and the values that they are added up into."""

    macs: int
    inside: int
    outputs: int


def tallies(terms: Sequence[Term]) -> tuple[Tally, Tally, Tally]:
    """Forward, towards the inputs, towards the weights: each product is done once in each direction."""
    found = []
    for place in range(3):
        sums: dict[Any, int] = {}
        for term in terms:
            sums[term[place]] = sums.get(term[place], 0) + 1
        padded = 0 if place else len([term for term in terms if term.input is None])
        assert sum(sums.values()) == len(terms) >= padded
        inside = len([term for term in terms if term.input is not None])
        found.append(Tally(len(terms), inside, len(sums) - (None in sums)))
    return found[0], found[1], found[2]


def convolved(axis: Axis, c_in: int, c_out: int, groups: int = 1) -> list[Term]:
    width, terms = c_in // groups, []
    for sample, (place, start), made in itertools.product(range(BATCH), enumerate(axis.starts), range(c_out)):
        first = made // (c_out // groups) * width
        for (tap, at), channel in itertools.product(enumerate(axis.taps(start)), range(first, first + width)):
            fed = (sample, at, channel) if axis.has(at) else None
            terms.append(Term((sample, place, made), fed, (tap, channel, made)))
    return terms


def spread(axis: UpAxis, c_in: int, c_out: int) -> list[Term]:
    terms = []
    for sample, at, tap in itertools.product(range(BATCH), range(axis.size), range(axis.kernel)):
        place = at * axis.stride + tap * axis.dilation - axis.cut
        for channel, made in itertools.product(range(c_in), range(c_out)):
            terms.append(Term((sample, place, made), (sample, at, channel), (tap, channel, made)))
    return terms


def multiplied(inputs: int, units: int, places: int = 1) -> list[Term]:
    each = itertools.product(range(BATCH), range(places), range(inputs), range(units))
    return [Term((sample, place, made), (sample, place, fed), (fed, made)) for sample, place, fed, made in each]


CONTRACTIONS: dict[str, tuple[Callable[[], Any], tuple[int, ...], Callable[[], list[Term]]]] = {
    "dense": (lambda: layers.Dense(5), (7,), lambda: multiplied(7, 5)),
    "dense at positions": (lambda: layers.Dense(5), (4, 7), lambda: multiplied(7, 5, 4)),
    "convolution": (lambda: layers.Conv1D(4, 3), (9, 3), lambda: convolved(Axis(9, 3), 3, 4)),
    "stride": (lambda: layers.Conv1D(4, 3, strides=4), (10, 3), lambda: convolved(Axis(10, 3, 4), 3, 4)),
    "padding": (
        lambda: layers.Conv1D(4, 4, strides=2, padding="same"),
        (9, 3),
        lambda: convolved(Axis(9, 4, 2, padding="same"), 3, 4),
    ),
    "dilation": (
        lambda: layers.Conv1D(4, 3, dilation_rate=3, padding="same"),
        (9, 3),
        lambda: convolved(Axis(9, 3, dilation=3, padding="same"), 3, 4),
    ),
    "causal": (
        lambda: layers.Conv1D(4, 3, padding="causal"),
        (9, 3),
        lambda: convolved(Axis(9, 3, padding="causal"), 3, 4),
    ),
    "groups": (lambda: layers.Conv1D(6, 3, groups=2), (9, 4), lambda: convolved(Axis(9, 3), 4, 6, 2)),
    "depthwise": (
        lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
        (9, 4),
        lambda: convolved(Axis(9, 3), 4, 8, 4),
    ),
    "transposed": (
        lambda: layers.Conv1DTranspose(4, 3, strides=2),
        (5, 3),
        lambda: spread(UpAxis(5, 3, 2), 3, 4),
    ),
    "transposed, gaps": (
        lambda: layers.Conv1DTranspose(4, 2, strides=3),
        (5, 3),
        lambda: spread(UpAxis(5, 2, 3), 3, 4),
    ),
}


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_contractions_and_their_gradients(name: str) -> None:
    build, shape, terms = CONTRACTIONS[name]
    step = training(build(), shape)
    forward, inputs, weights = tallies(terms())
    for counted, ours in zip((forward, inputs, weights), step, strict=True):
        assert counted == (ours.macs, ours.inside, ours.outputs)


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_gradient_of_a_bias_is_the_sum_over_what_it_was_added_to(name: str) -> None:
    build, shape, _ = CONTRACTIONS[name]
    step = training(build(), shape)
    filters = build().compute_output_shape((None, *shape))[-1]
    assert step.weights.arithmetic == step.forward.biases - filters


def test_product_of_two_maps_has_a_gradient_towards_each() -> None:
    first, second = keras.Input((4, 6)), keras.Input((6, 5))
    fed = layers.Dense(6)(first), layers.Dense(5)(second)
    product = keras.ops.matmul(*fed)
    row = cnnstats.analyze(keras.Model([first, second], product), batch_size=BATCH).rows[-1]
    each = itertools.product(range(BATCH), range(4), range(6), range(5))
    terms = [Term((s, row, column), (s, row, k), (s, k, column)) for s, row, k, column in each]
    forward, left, right = tallies(terms)
    assert row.training is not None
    assert forward == row.training.forward[:3]
    assert row.training.inputs[:3] == tuple(map(sum, zip(left, right, strict=True)))
    assert row.training.weights == Work()
