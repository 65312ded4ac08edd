"""Budgets filter as rows come: what breaks one is in the file, and of it no more than its name is kept in memory."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.sweeping import output as files
from tests.sweeping import builders
from tests.sweeping.making import Making

OF_A_NAME = 250
"""Bytes that the name of a model may take, with its place among those that may not come again: 156 measured."""


def space(count: int) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    for number in range(count):
        yield f"model {number}", builders.plain, {"width": number + 1}


def swept(count: int, **more: Any) -> tuple[pd.DataFrame, Making]:
    executor = Making()
    return cnnstats.sweep(space(count), executor=executor, processes=1, batch=20, **more), executor


def growth(**more: Any) -> float:
    """Bytes that each of the models from the 400th to the 2,000th leaves behind while the sweep goes on."""
    swept(40, **{name: value for name, value in more.items() if name != "output"})
    tracemalloc.start()
    try:
        _, executor = swept(2000, **more)
    finally:
        tracemalloc.stop()
    assert len(executor.held) == 100
    return (executor.held[-1] - executor.held[20]) / 1600


@pytest.mark.parametrize("ending", [None, "csv", "parquet"])
def test_what_breaks_a_budget_is_not_kept(tmp_path, ending):
    path = None if ending is None else tmp_path / f"space.{ending}"
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    assert growth(max_unexplained=0, output=path) < OF_A_NAME


def test_that_this_would_notice_rows():
    assert growth() > 4 * OF_A_NAME


def test_the_file_has_what_the_result_has_not(tmp_path):
    path = tmp_path / "space.csv"
    frame, _ = swept(50, max_flops=9, output=path)
    assert frame["name"].to_list() == [f"model {number}" for number in range(10)]
    assert frame.attrs == {"models": 50, "failed": 0, "left_out": 40}
    assert len(pd.read_csv(path)) == 50


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_was_left_out_is_left_out_again_and_not_built(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"space.{ending}"
    first, _ = swept(50, max_flops=9, output=path)
    again, second = swept(50, max_flops=9, output=path)
    pd.testing.assert_frame_equal(first, again)
    assert again.attrs == first.attrs
    further, third = swept(60, max_flops=19, output=path)
    assert further["name"].to_list() == [f"model {number}" for number in range(20)]
    assert further.attrs == {"models": 60, "failed": 0, "left_out": 40}
    assert (second.names, third.names) == ([], [f"model {number}" for number in range(50, 60)])
    read = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    # In the order in which batches came back.
    assert sorted(read["flops"]) == list(range(60))


def test_a_file_is_read_without_keeping_what_breaks_a_budget(tmp_path):
    path = tmp_path / "space.csv"
    swept(50, output=path)
    file = files.RowFile(path, wanted=lambda each: each["flops"] < 3)
    assert len(file.rows) == 50
    assert {name for name, each in file.rows.items() if each} == {"model 0", "model 1", "model 2"}


def test_what_failed_stays():
    models = [("bad 1", builders.plain), ("model 9", builders.plain), ("bad 2", builders.plain)]
    frame = cnnstats.sweep(models, executor=Making(), processes=1, max_flops=0)
    assert frame["name"].to_list() == ["bad 1", "bad 2"]
    assert frame.attrs == {"models": 3, "failed": 2, "left_out": 1}


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_is_alike_is_left_out_alike(tmp_path, goes_on):
    path = tmp_path / "space.csv"
    if goes_on:
        cnnstats.sweep([*space(20)][:3], executor=Making(), processes=1, batch=2, output=path, max_flops=0)
    frame = cnnstats.sweep(
        space(20), executor=Making(), processes=1, batch=2, output=path, max_flops=1,
        key=lambda each: each.arguments["width"] % 4,
    )  # fmt: skip
    # Of the four that are built, two keep the budget, and so do their copies.
    assert frame["name"].to_list() == [f"model {number}" for number in range(20) if number % 4 < 2]
    assert frame.attrs == {"models": 20, "failed": 0, "left_out": 10}
    assert set(frame["same_as"]) == {"", "model 0", "model 1"}
