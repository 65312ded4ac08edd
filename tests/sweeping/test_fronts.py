"""The Pareto front, against its definition."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_cnnstats as cnnstats

POINTS = st.lists(st.tuples(*[st.integers(0, 6)] * 3), max_size=30)


@given(POINTS)
def test_the_front_is_what_no_other_beats(points):
    frame = pd.DataFrame(points, columns=["a", "b", "c"]).astype("Int64")
    front = cnnstats.pareto(frame, minimise=["a", "b"], maximise=["c"])

    def beats(one, other):
        signed = [(one[0], other[0]), (one[1], other[1]), (-one[2], -other[2])]
        return all(x <= y for x, y in signed) and any(x < y for x, y in signed)

    expected = [number for number, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert sorted(front.index) == expected
    assert front["a"].is_monotonic_increasing


def test_unknown_and_lower_bounds_are_left_out():
    frame = pd.DataFrame({
        "flops": pd.array([1, None, 3, 2], dtype="Int64"),
        "rf": pd.array([3, 9, 9, 99], dtype="Int64"),
        "unknown_rows": pd.array([0, 0, 0, 1], dtype="Int64"),
    })  # fmt: skip
    assert list(cnnstats.pareto(frame, minimise="flops", maximise="rf").index) == [0, 2]
    # Of a field, rows of unknown work say nothing.
    assert list(cnnstats.pareto(frame, maximise="rf").index) == [3]


def test_exact_where_floats_are_not():
    frame = pd.DataFrame({"macs": pd.Series([2**80 + 1, 2**80], dtype="object"), "rf": [math.inf, 3.0]})
    assert list(cnnstats.pareto(frame, minimise="macs").index) == [1]


def test_a_column_of_the_users():
    frame = pd.DataFrame({"macs": [1, 2], "accuracy": [0.9, 0.8]})
    assert list(cnnstats.pareto(frame, minimise=["macs"], maximise=["accuracy"]).index) == [0]


def test_no_such_column():
    frame = pd.DataFrame({"macs": [1]})
    with pytest.raises(cnnstats.ColumnError, match=r"Received: 'mac'\. Did you mean `macs`"):
        cnnstats.pareto(frame, minimise="mac")
    with pytest.raises(cnnstats.ColumnError, match="expected columns to minimise or maximise"):
        cnnstats.pareto(frame)


def test_no_rows():
    assert len(cnnstats.pareto(pd.DataFrame({"macs": []}), minimise="macs")) == 0
