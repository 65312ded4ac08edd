"""What a row says is what the report of the model says."""

import math

import keras
import pandas as pd
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.budgets import LIMITS, amounts, check_budget
from keras_cnnstats.sweeping.columns import AXES, COLUMNS
from keras_cnnstats.sweeping.limits import HELD, keeps
from keras_cnnstats.sweeping.measuring import _of_report
from tests.sweeping import builders

MODELS = {
    "plain": builders.plain,
    "strided": (builders.strided, {"depth": 3}),
    "series": (builders.of_rank, {"rank": 1}),
    "volume": (builders.of_rank, {"rank": 3}),
    "enlarging": builders.enlarging,
    "attending": builders.attending,
    "unknown": builders.unknown,
    "MobileNet": (keras.applications.MobileNet, {"weights": None}),
}


@pytest.fixture(scope="module")
def swept():
    return cnnstats.sweep(MODELS, processes=0)


def built(name):
    build, arguments = MODELS[name] if isinstance(MODELS[name], tuple) else (MODELS[name], {})
    return build(**arguments)


@pytest.mark.parametrize("name", MODELS)
def test_a_row_is_what_the_report_of_the_model_with_weights_says(swept, name):
    report = cnnstats.analyze(built(name))
    row = swept.set_index("name").loc[name]
    totals = report.totals
    for column in ("params", "trainable_params", "macs", "flops", "transcendentals", "train_flops", "param_bytes"):
        assert row[column] == getattr(totals, column), column
    assert row["rows"] == len(report.rows)
    assert row["unknown_rows"] == totals.unknown_rows
    assert row["peak_activation_bytes"] == report.memory.peak_activation_bytes
    assert row["inference_bytes"] == report.memory.inference_bytes
    assert row["explained"] + row["unexplained"] == len(report.disagreements)
    if report.last_map is not None:
        for axis, size, stride in zip(
            report.axes, report.last_map.receptive_field, report.last_map.stride_product, strict=True
        ):
            assert row[f"rf_{axis}"] == size
            assert row[f"stride_{axis}"] == pytest.approx(float(stride))
    assert row["error"] == ""


def test_by_hand(swept):
    row = swept.set_index("name").loc["plain"]
    # A 3x3 window over 32x32 pixels of 3 channels fits 30x30 times; 8 filters with a bias each.
    assert row["params"] == 8 * (3 * 3 * 3 + 1)
    assert row["macs"] == 30 * 30 * 8 * 27
    assert row["flops"] == 2 * 30 * 30 * 8 * 27
    assert (row["rf"], row["rf_h"], row["rf_w"]) == (3, 3, 3)
    assert (row["input_shape"], row["batch_size"], row["dtype"], row["convention"]) == (
        "32x32x3",
        1,
        "float32",
        "textbook",
    )


def test_columns_and_dtypes(swept):
    assert tuple(swept.columns) == COLUMNS
    assert swept["macs"].dtype == "Int64"
    assert swept["rf_h"].dtype == "Float64"  # one model sees all of its input
    assert swept.set_index("name").loc["attending", "rf_h"] == math.inf
    assert {str(swept[name].dtype) for name in ("name", "error", "input_shape")} == {"string"}
    assert swept.attrs == {"models": len(MODELS), "failed": 0, "left_out": 0}


def test_axes_that_no_model_has_are_left_out():
    frame = cnnstats.sweep({"plain": builders.plain}, processes=0)
    assert [axis for axis in AXES if f"rf_{axis}" in frame] == ["h", "w"]
    assert frame["rf_h"].dtype == "Int64"


def test_exact_at_any_size():
    frame = cnnstats.sweep({"enormous": builders.enormous}, processes=0)
    assert frame["params"].to_list() == [10**20]


def test_settings_reach_the_analysis():
    frame = cnnstats.sweep(
        {"open": builders.open_sizes}, processes=0, batch_size=4, convention="macs", input_shape=(16, 16, 3)
    )
    assert frame.loc[0, "flops"] == frame.loc[0, "macs"] == 4 * 14 * 14 * 8 * 27
    assert frame.loc[0, "input_shape"] == "16x16x3"


def test_nothing_is_left_behind_in_keras():
    cnnstats.sweep(MODELS, processes=0)
    before = keras.layers.Dense(1).name
    cnnstats.sweep(MODELS, processes=0)
    number = int(before.rpartition("_")[2]) if "_" in before else 0
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("amount", [0, 1, 3, 10**4, 10**12])
def test_rows_keep_the_budgets_that_their_models_keep(name, amount):
    report = cnnstats.analyze(built(name))
    row = {**dict.fromkeys(COLUMNS), **_of_report(report)}
    for limit in LIMITS:
        (finding,) = check_budget(report, **{limit: amount})
        assert keeps(row, {limit: amount}) == finding.is_kept, limit


def test_each_budget_has_a_column():
    assert list(HELD) == list(LIMITS)
    assert amounts({"max_flops": "5M", "max_params": None}) == {"max_flops": 5_000_000}


def test_budgets_filter_and_errors_stay():
    space = {"small": builders.plain, "large": (builders.plain, {"width": 64}), "bad": builders.raising}
    frame = cnnstats.sweep(space, processes=0, max_params="1k")
    assert frame["name"].to_list() == ["small", "bad"]
    assert frame.attrs == {"models": 3, "failed": 1, "left_out": 1}


def test_what_is_unknown_keeps_no_budget():
    space = {"unknown": builders.unknown, "plain": builders.plain}
    assert cnnstats.sweep(space, processes=0, max_flops="1T")["name"].to_list() == ["plain"]


def test_an_unknown_budget_is_an_error():
    with pytest.raises(cnnstats.BudgetError, match="Did you mean `max_flops`"):
        cnnstats.sweep({}, max_flop=3)


def test_no_models():
    frame = cnnstats.sweep([], processes=0)
    assert len(frame) == 0
    assert isinstance(frame, pd.DataFrame)
    assert "macs" in frame
