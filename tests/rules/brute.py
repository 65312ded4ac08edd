"""The analysis of one layer, and what it is held against: the counts of the brute-force oracle, to the last integer."""

from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report
from tests.rules.oracle import Tally

Sizes = tuple[int, ...]
Geometry = tuple[Sizes, Sizes, Sizes]
FORMATS = ("channels_last", "channels_first")
both_formats = pytest.mark.parametrize("data_format", FORMATS, ids=["last", "first"])


def analyzed(layer: Any, sizes: Sizes, channels: int, data_format: str = "channels_last") -> Report:
    shape = (*sizes, channels) if data_format == "channels_last" else (channels, *sizes)
    return cnnstats.analyze(keras.Sequential([keras.Input(shape), layer]))


def assert_contraction(report: Report, tally: Tally) -> None:
    """The counts of a contraction, under each convention that has a definition of its own."""
    (row,) = report.rows
    assert row.macs == tally.products
    assert row.flops == tally.textbook
    assert report.with_convention("macs").rows[0].flops == tally.products
    assert report.with_convention("2macs").rows[0].flops == 2 * tally.products
    assert report.with_convention("xla").rows[0].flops == tally.inside_only
    assert row.transcendentals == 0


def assert_arithmetic(report: Report, tally: Tally) -> None:
    """The counts of what is no contraction."""
    (row,) = report.rows
    assert (row.macs, row.flops, row.transcendentals) == (0, tally.arithmetic, tally.transcendentals)


def assert_positions(report: Report, positions: Sizes, data_format: str) -> None:
    shape = report.rows[0].output_shapes[0]
    assert (shape[1:-1] if data_format == "channels_last" else shape[2:]) == positions
