"""Columns that are chosen, in every rendering that is a table."""

import io

import keras
import pandas as pd
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.render.dataframe import records


@pytest.fixture(scope="module")
def report():
    layers = keras.layers
    stack = [keras.Input((32, 24, 3)), layers.Conv2D(4, (3, 5), strides=2, name="a"), layers.Dense(2, name="b")]
    return cnnstats.analyze(keras.Sequential(stack))


def test_a_csv_has_those_columns_in_that_order(report):
    frame = pd.read_csv(io.StringIO(report.to_csv(columns=["macs", "rf", "layer"])))
    assert list(frame.columns) == ["macs", "rf_h", "rf_w", "layer"]
    assert list(frame["rf_w"]) == [5, 5]


def test_every_column_of_the_dataframe_can_be_chosen_in_every_rendering(report):
    names = list(records(report))
    assert list(pd.read_csv(io.StringIO(report.to_csv(columns=names))).columns) == names
    for render in (report.to_text, report.to_markdown, report.to_latex):
        text = render(columns=names)
        assert all(f"{row.train_flops:,}" in text for row in report.rows)


@pytest.mark.parametrize(
    ("name", "cells"), [("rf", ["3×5", "3×5"]), ("center", ["1×2", "1×2"]), ("stride_h", ["2", "2"])]
)
def test_axes_stand_together_or_alone(report, name, cells):
    lines = report.to_text(columns=["layer", name]).split("\n")
    assert [line.split("│")[2].strip() for line in lines if line.startswith(("│ a", "│ b"))] == cells


def test_what_was_chosen_is_never_hidden(report):
    text = report.to_text(width=30, columns=["layer", "output_shape", "macs", "flops", "train_flops"])
    assert "Hidden" not in text
    assert f"{report.rows[0].train_flops:,}" in text


@pytest.mark.parametrize("render", ["to_text", "to_csv", "to_markdown", "to_latex"])
@pytest.mark.parametrize(("name", "near"), [("mac", "`macs`"), ("", "rf"), ("verdict", "rf"), ("\x1b[31m" * 50, "rf")])
def test_an_unknown_column_is_refused_with_those_like_it(report, render, name, near):
    with pytest.raises(cnnstats.ColumnError, match="columns of the DataFrame") as caught:
        getattr(report, render)(columns=["layer", name])
    assert near in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("render", ["to_text", "to_csv", "to_markdown", "to_latex"])
def test_no_column_at_all_is_refused(report, render):
    with pytest.raises(cnnstats.ColumnError, match="expected at least one name"):
        getattr(report, render)(columns=[])


def test_a_column_of_which_all_is_unknown_says_so(report):
    assert set(records(report)["zero_weights"]) == {None}
    lines = report.to_text(columns=["layer", "zero_weights"]).split("\n")
    assert [line.split("│")[2].strip() for line in lines if line.startswith(("│ a", "│ b"))] == ["?", "?"]


def test_the_verdicts_are_a_column_once_there_are_some():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="a")])
    measured = cnnstats.analyze(model).verify(only=["work"])
    assert "✓" in measured.to_text(columns=["layer", "verdict"])
