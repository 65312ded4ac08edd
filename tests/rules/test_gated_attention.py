"""Attention that a gate lets through, and attention within a window, against loops: to the last integer."""

import itertools

import pytest
from keras import layers

from tests.rules import oracle
from tests.rules.oracle import Tally
from tests.rules.sequences import Shape, analyzed, assert_counts
from tests.rules.test_attention import attended, lengths, projected


def gated(tally: Tally, queries: int, inputs: int, values: int, bias: bool) -> None:
    """The sigmoid of a projection of each query, which each of its values is multiplied by."""
    projected(tally, queries, inputs, values, bias)
    for _query, _value in itertools.product(range(queries), range(values)):
        _ = oracle.sigmoid(oracle.Number(tally)) * 1.0


@lengths
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize("value_dim", [None, 2])
def test_gated_multi_head_attention(sizes: Shape, bias: bool, value_dim: int | None) -> None:
    queries, keys, of_query, of_value, of_key = sizes
    heads, size, of_head = 3, 4, value_dim or 4
    tally = Tally()
    projected(tally, queries, of_query, heads * size, bias)
    projected(tally, keys, of_key, heads * size, bias)
    projected(tally, keys, of_value, heads * of_head, bias)
    gated(tally, queries, of_query, heads * of_head, bias)
    attended(tally, queries, keys, heads, size, of_head)
    projected(tally, queries, heads * of_head, of_query, bias)
    layer = layers.MultiHeadAttention(heads, size, value_dim, use_bias=bias, use_gate=True)
    assert_counts(analyzed(layer, (queries, of_query), (keys, of_value), (keys, of_key)), tally)


@lengths
@pytest.mark.parametrize("shared", [1, 2])
def test_gated_grouped_query_attention(sizes: Shape, shared: int) -> None:
    queries, keys, width = sizes[:3]
    tally = Tally()
    projected(tally, queries, width, 4 * 3, bias=True)
    for _ in range(2):
        projected(tally, keys, width, shared * 3, bias=True)
    gated(tally, queries, width, 4 * 3, bias=True)
    attended(tally, queries, keys, 4, 3, 3)
    projected(tally, queries, 4 * 3, width, bias=True)
    layer = layers.GroupQueryAttention(3, 4, shared, use_gate=True)
    assert_counts(analyzed(layer, (queries, width), (keys, width)), tally)


@pytest.mark.parametrize("grouped", [False, True], ids=["multi_head", "grouped"])
def test_window_masks_each_score(grouped: bool) -> None:
    tally = Tally()
    for _ in range(3):
        projected(tally, 5, 6, 2 * 3, bias=True)
    attended(tally, 5, 5, 2, 3, 3, masked=True)
    projected(tally, 5, 2 * 3, 6, bias=True)
    layer = (
        layers.GroupQueryAttention(3, 2, 2, sliding_window=2)
        if grouped
        else layers.MultiHeadAttention(2, 3, sliding_window=2)
    )
    assert_counts(analyzed(layer, (5, 6), (5, 6)), tally)
