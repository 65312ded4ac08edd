"""Subclasses of layers: a plain one costs what its base does."""

from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.rules.merging import STEPS
from keras_cnnstats.rules.regularization import DISTURBED

MERGED = [*STEPS, layers.Average, layers.Concatenate]


def subclass(base: type, **methods: Any) -> Any:
    return type(f"My{base.__name__}", (base,), methods)


def numbers(row: cnnstats.Row) -> tuple[Any, ...]:
    return row.macs, row.flops, row.train_flops, row.receptive_field, row.params


def merged(kind: Any) -> cnnstats.Row:
    inputs = [keras.Input((4, 4, 3)) for _ in range(2)]
    return cnnstats.analyze(keras.Model(inputs, kind()(inputs))).rows[-1]


def alone(layer: Any) -> cnnstats.Row:
    return cnnstats.analyze(keras.Sequential([keras.Input((4, 3)), layer])).rows[0]


@pytest.mark.parametrize("base", MERGED, ids=lambda base: base.__name__)
def test_a_plain_subclass_of_a_merging_layer_is_counted_as_its_base(base: type) -> None:
    mine = merged(subclass(base))
    assert (mine.source, numbers(mine)) == ("inherited", numbers(merged(base)))


@pytest.mark.parametrize("base", DISTURBED, ids=lambda base: base.__name__)
def test_a_plain_subclass_of_a_disturbing_layer_is_counted_as_its_base(base: Any) -> None:
    mine = alone(subclass(base)(0.5))
    assert (mine.source, numbers(mine)) == ("inherited", numbers(alone(base(0.5))))
