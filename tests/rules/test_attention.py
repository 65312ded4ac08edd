"""Attention against loops over heads, queries and keys: to the last integer."""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import Report
from tests.rules import oracle
from tests.rules.oracle import Number, Tally
from tests.rules.sequences import Shape, analyzed, assert_counts, listed, summed


def projected(tally: Tally, positions: int, inputs: int, outputs: int, bias: bool) -> None:
    for _position, _output in itertools.product(range(positions), range(outputs)):
        summed(tally, inputs, bias)


def attended(
    tally: Tally, queries: int, keys: int, heads: int, size: int, value_size: int, masked: bool = False
) -> None:
    """Scores of each query with each key, scaled; shares of 1; the values summed with these."""
    for _head, _query in itertools.product(range(heads), range(queries)):
        scores = []
        for _key in range(keys):
            score = summed(tally, size) * 0.5
            scores.append(score + -1e9 if masked else score)
        oracle.softmax(scores)
        for _value in range(value_size):
            summed(tally, keys)


# With projections


LENGTHS = [(5, 5, 6, 6, 6), (5, 7, 6, 4, 8)]  # queries, keys; values of a query, of a value, of a key
lengths = pytest.mark.parametrize("sizes", LENGTHS, ids=["self", "cross"])


@lengths
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize(
    ("value_dim", "width"),
    [(None, None), (2, None), (5, 9), (None, (3, 4))],
    ids=["plain", "value", "output", "axes"],
)
def test_multi_head_attention(sizes: Shape, bias: bool, heads: int, value_dim: int | None, width: Any) -> None:
    queries, keys, of_query, of_value, of_key = sizes
    size, of_head = 4, value_dim or 4
    layer = layers.MultiHeadAttention(heads, size, value_dim, use_bias=bias, output_shape=width)
    tally = Tally()
    projected(tally, queries, of_query, heads * size, bias)
    projected(tally, keys, of_key, heads * size, bias)
    projected(tally, keys, of_value, heads * of_head, bias)
    attended(tally, queries, keys, heads, size, of_head)
    projected(tally, queries, heads * of_head, int(np.prod(width or of_query)), bias)
    report = analyzed(layer, (queries, of_query), (keys, of_value), (keys, of_key))
    assert_counts(report, tally)
    assert report.totals.unknown_train_rows == 0


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)], ids=str)
def test_attention_along_axes_of_a_map(axes: Shape) -> None:
    """Along the axes that are not attended over, each position is a sequence of its own."""
    sizes, channels, heads, size = (4, 3), 6, 2, 5
    tally = Tally()
    for _ in range(3):
        projected(tally, 4 * 3, channels, heads * size, bias=True)
    length = beside = 1
    for axis, positions in enumerate(sizes, 1):
        length, beside = (length * positions, beside) if axis in axes else (length, beside * positions)
    for _ in range(beside):
        attended(tally, length, length, heads, size, size)
    projected(tally, 4 * 3, heads * size, channels, bias=True)
    layer = layers.MultiHeadAttention(heads, size, attention_axes=axes)
    assert_counts(analyzed(layer, (*sizes, channels), (*sizes, channels)), tally)


@pytest.mark.parametrize("by_name", [True, False], ids=["names", "places"])
def test_mask_adds_one_step_for_each_score(by_name: bool) -> None:
    query, mask = keras.Input((5, 6)), keras.Input((5, 5), dtype="bool")
    layer = layers.MultiHeadAttention(2, 3)
    y = layer(query=query, value=query, attention_mask=mask) if by_name else layer(query, query, attention_mask=mask)
    tally = Tally()
    for _ in range(3):
        projected(tally, 5, 6, 2 * 3, bias=True)
    attended(tally, 5, 5, 2, 3, 3, masked=True)
    projected(tally, 5, 2 * 3, 6, bias=True)
    assert_counts(cnnstats.analyze(keras.Model([query, mask], y)), tally)


@lengths
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("shared", [1, 2, 4])
def test_grouped_query_attention(sizes: Shape, bias: bool, shared: int) -> None:
    """Four heads of queries, and fewer of keys and values, which several of them read."""
    queries, keys, width = *sizes[:2], sizes[2]
    tally = Tally()
    projected(tally, queries, width, 4 * 3, bias)
    for _ in range(2):
        projected(tally, keys, width, shared * 3, bias)
    attended(tally, queries, keys, 4, 3, 3)
    projected(tally, queries, 4 * 3, width, bias)
    layer = layers.GroupQueryAttention(3, 4, shared, use_bias=bias)
    assert_counts(analyzed(layer, (queries, width), (keys, width)), tally)


# Without projections


def scored(tally: Tally, queries: int, keys: int, values: int, score: Callable[[], Number], masked: bool) -> None:
    for _query in range(queries):
        scores = [score() for _key in range(keys)]
        oracle.softmax([each + -1e9 for each in scores] if masked else scores)
        for _value in range(values):
            summed(tally, keys)


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
@pytest.mark.parametrize("scale", [False, True], ids=["unscaled", "scaled"])
def test_dot_attention(scale: bool, masked: bool) -> None:
    tally = Tally()
    scored(tally, 5, 7, 4, lambda: summed(tally, 6) * 1.0 if scale else summed(tally, 6), masked)
    report = listed(layers.Attention(use_scale=scale), (5, 6), (7, 4), (7, 6), use_causal_mask=masked)
    assert_counts(report, tally)
    assert report.totals.params == scale


def added(tally: Tally, size: int, scale: bool, weighted: bool) -> Number:
    """The sum of tanh(query + key), each value scaled; the score weighted."""
    pairs = [(Number(tally) + 0.0).tanh() for _ in range(size)]
    score = oracle.total([pair * 1.0 for pair in pairs] if scale else pairs)
    return score * 1.0 if weighted else score


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
@pytest.mark.parametrize("scale", [False, True], ids=["unscaled", "scaled"])
@pytest.mark.parametrize("concat", [False, True], ids=["additive", "concat"])
def test_additive_attention(concat: bool, scale: bool, masked: bool) -> None:
    tally = Tally()
    scored(tally, 5, 7, 4, lambda: added(tally, 6, scale, weighted=concat), masked)
    layer = (
        layers.Attention(score_mode="concat", use_scale=scale) if concat else layers.AdditiveAttention(use_scale=scale)
    )
    assert_counts(listed(layer, (5, 6), (7, 4), (7, 6), use_causal_mask=masked), tally)


def test_masks_of_an_attention_are_no_keys() -> None:
    query, value = keras.Input((5, 6)), keras.Input((7, 6))
    masks = [keras.Input((5,), dtype="bool"), keras.Input((7,), dtype="bool")]
    y = layers.Attention()([query, value], mask=masks)
    tally = Tally()
    scored(tally, 5, 7, 6, lambda: summed(tally, 6), masked=True)
    assert_counts(cnnstats.analyze(keras.Model([query, value, *masks], y)), tally)


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "causal"])
def test_attention_as_an_operation(masked: bool) -> None:
    tally = Tally()
    attended(tally, 5, 7, 2, 8, 3, masked)
    shapes = (5, 2, 8), (7, 2, 8), (7, 2, 3)
    assert_counts(analyzed(ops.dot_product_attention, *shapes, is_causal=masked), tally)


def test_arguments_of_an_attention_by_name() -> None:
    query, key, value = keras.Input((5, 2, 8)), keras.Input((7, 2, 8)), keras.Input((7, 2, 3))
    tally = Tally()
    attended(tally, 5, 7, 2, 8, 3)
    y = ops.dot_product_attention(value=value, key=key, query=query)
    assert_counts(cnnstats.analyze(keras.Model([query, key, value], y)), tally)


# The battery, and how the counts grow


def self_attention(length: int) -> Report:
    x = keras.Input((length, 64))
    return cnnstats.analyze(keras.Model(x, layers.MultiHeadAttention(4, 16)(x, x)))


def test_multi_head_attention_of_the_battery() -> None:
    assert self_attention(50).totals.macs == 1_139_200


def test_attention_after_a_projection_of_the_battery() -> None:
    x = keras.Input((50, 64))
    y = layers.Dense(64)(x)
    assert cnnstats.analyze(keras.Model(x, layers.Attention()([y, y]))).totals.macs == 524_800


@pytest.mark.parametrize("length", [10, 50, 197])
def test_doubling_the_length_quadruples_the_pairs_and_doubles_the_projections(length: int) -> None:
    once, twice = self_attention(length).totals.macs, self_attention(2 * length).totals.macs
    projections = 4 * length * 64 * 64
    assert twice - 2 * projections == 4 * (once - projections)


def test_doubling_the_length_quadruples_an_attention_without_projections() -> None:
    once, twice = (listed(layers.Attention(), (n, 8), (n, 8)).totals for n in (11, 22))
    assert twice.macs == 4 * once.macs
    assert twice.transcendentals == 4 * once.transcendentals
