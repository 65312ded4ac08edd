"""The DataFrame: which columns, of which type, and that they hold the report's numbers."""

from fractions import Fraction
from math import inf
from typing import Any

import pandas as pd
import pytest

from keras_cnnstats.field import Field
from keras_cnnstats.render.dataframe import COUNTS, to_dataframe
from keras_cnnstats.reports import Report
from tests.render import handmade
from tests.render.handmade import REPORTS

HEAD = ["layer", "type", "call", "output_shape", "params", "trainable_params", "macs", "flops", "transcendentals"]
TAIL = [
    "aligned",
    "source",
    "disagreements",
    "param_bytes",
    "activation_bytes",
    "train_macs",
    "train_flops",
    "moved_bytes",
    "intensity",
    "quantizer_params",
    "zero_weights",
    "remaining_macs",
]
AXES = ("rf", "stride", "padding", "center", "local_rf")


def on_field(*fields: Field) -> pd.DataFrame:
    rows = tuple(handmade.row(f"l{i}", **handmade.on_axes("t", (field,))) for i, field in enumerate(fields))
    return to_dataframe(Report(handmade.header(), rows))


@pytest.mark.parametrize("axes", ["none", "t", "hw", "dhw"])
def test_columns(axes: str) -> None:
    letters = "" if axes == "none" else axes
    between = [f"{name}_{letter}" for name in AXES for letter in letters]
    assert list(to_dataframe(REPORTS[axes]).columns) == HEAD + between + TAIL


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("count", COUNTS)
def test_columns_sum_to_the_totals(name: str, count: str) -> None:
    assert to_dataframe(REPORTS[name])[count].sum() == getattr(REPORTS[name].totals, count)


@pytest.mark.parametrize("name", REPORTS)
def test_one_row_per_call(name: str) -> None:
    assert len(to_dataframe(REPORTS[name])) == len(REPORTS[name])


def test_values_of_a_row() -> None:
    record = to_dataframe(handmade.small_cnn()).iloc[4].to_dict()
    assert record == {
        "layer": "stage2/conv2", "type": "Conv2D", "call": 0, "output_shape": (1, 16, 16, 32), "params": 4640,
        "trainable_params": 4640, "macs": 1_179_648, "flops": 2_359_296, "transcendentals": 0, "rf_h": 8, "rf_w": 8,
        "stride_h": 2, "stride_w": 2, "padding_h": 3, "padding_w": 3, "center_h": 0.5, "center_w": 0.5,
        "local_rf_h": 8, "local_rf_w": 8, "aligned": True, "source": "rule", "disagreements": "",
        "param_bytes": 0, "activation_bytes": 0, "train_macs": 0, "train_flops": 0, "moved_bytes": 0, "intensity": None,
        "quantizer_params": 0, "zero_weights": None, "remaining_macs": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "dtype"),
    [("call", "Int64"), ("params", "Int64"), ("rf_h", "Float64"), ("stride_h", "Int64"), ("center_h", "Float64"),
     ("aligned", "boolean"), ("output_shape", "object")],
)  # fmt: skip
def test_types(column: str, dtype: str) -> None:
    assert to_dataframe(handmade.small_cnn())[column].dtype == dtype


def test_unknown_is_na() -> None:
    row = to_dataframe(handmade.awkward()).iloc[5]
    unknown = ["macs", "flops", "transcendentals", "rf_h", "stride_h", "padding_h", "center_h"]
    assert row[unknown].isna().all()
    assert row["params"] == 448


def test_undecided_alignment_is_na() -> None:
    assert to_dataframe(handmade.awkward())["aligned"].tolist()[:3] == [True, False, pd.NA]


def test_unknown_padding_is_na() -> None:
    row = to_dataframe(handmade.unsized()).iloc[0]
    assert (row["rf_h"], row["stride_h"]) == (3, 2)
    assert row[["padding_h", "center_h"]].isna().all()


def test_row_without_a_field_is_na() -> None:
    rows = (handmade.row(), handmade.row("b", fields=(), local_fields=(), input_sizes=(), positions=()))
    assert to_dataframe(Report(handmade.header(), rows))[["rf_h", "stride_w", "local_rf_w"]].iloc[1].isna().all()


def test_whole_input_is_infinite() -> None:
    assert to_dataframe(handmade.small_cnn())["rf_h"].tolist()[-1] == inf


def test_fractions_are_floats() -> None:
    assert on_field(Field(3, -1, Fraction(1, 2)))["stride_t"].tolist() == [0.5]


@pytest.mark.parametrize("huge", [2**63, 10**40])
def test_counts_beyond_64_bits_are_python_integers(huge: int) -> None:
    frame = to_dataframe(Report(handmade.header(), (handmade.row(work=handmade.conv_work(1, huge)),)))
    assert frame["macs"].tolist() == [huge]
    assert type(frame["macs"][0]) is int


def test_counts_whose_sum_is_beyond_64_bits_do_not_overflow() -> None:
    rows = tuple(handmade.row(f"l{i}", work=handmade.conv_work(1, 2**62)) for i in range(4))
    assert to_dataframe(Report(handmade.header(), rows))["macs"].sum() == 2**64


def test_huge_positions_beside_a_whole_input_stay_exact() -> None:
    column = on_field(Field(2**60 + 1, 0, 1), Field(inf), Field(None))["rf_t"]
    assert column.tolist()[:2] == [2**60 + 1, inf]
    assert pd.isna(column[2])


def test_several_outputs() -> None:
    assert to_dataframe(handmade.awkward())["output_shape"][6] == ((1, 8), (1, 4, 4, 2))


def test_codes_are_joined() -> None:
    assert to_dataframe(handmade.awkward())["disagreements"][1] == "F03, S01"


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", 1), ("model", "awkward"), ("batch_size", 1), ("dtype", "float32"), ("convention", "2macs"),
     ("origin", "embedding"), ("input_shapes", {"image": (None, None, None, 3), "meta": (None, 10)})],
)  # fmt: skip
def test_attrs_say_what_the_numbers_are_of(key: str, value: Any) -> None:
    assert to_dataframe(handmade.awkward()).attrs[key] == value


def test_frame_survives_a_round_trip_through_csv(tmp_path: Any) -> None:
    frame = to_dataframe(handmade.hostile())
    frame.to_csv(tmp_path / "frame.csv")
    assert (tmp_path / "frame.csv").stat().st_size
