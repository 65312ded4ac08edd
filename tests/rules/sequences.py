"""Layers over sequences, analysed, and held against what loops over queries, keys, steps and units count.

The loops import nothing of keras_cnnstats. Each product and each addition is counted as it is done.
"""

from typing import Any

import keras

import keras_cnnstats as cnnstats
from keras_cnnstats import Report
from tests.rules.oracle import Number, Tally

Shape = tuple[int, ...]


def analyzed(layer: Any, *shapes: Shape, **called: Any) -> Report:
    inputs = [keras.Input(shape) for shape in shapes]
    return cnnstats.analyze(keras.Model(inputs, layer(*inputs, **called)))


def listed(layer: Any, *shapes: Shape, **called: Any) -> Report:
    inputs = [keras.Input(shape) for shape in shapes]
    return cnnstats.analyze(keras.Model(inputs, layer(inputs, **called)))


def assert_counts(report: Report, tally: Tally) -> None:
    (row,) = report.rows
    assert row.source == "rule"
    assert (row.macs, row.flops, row.transcendentals) == (tally.products, tally.textbook, tally.transcendentals)
    assert report.with_convention("2macs").totals.flops == 2 * tally.products


def summed(tally: Tally, terms: int, bias: bool = False) -> Number:
    """One value: a sum of products, and a bias."""
    for nth in range(terms):
        tally.products += 1
        tally.sums += nth > 0
    tally.biases += bias
    return Number(tally)
