"""The oracle itself: it knows nothing of ours, pokes one position at a time, and sees what it should."""

import ast
from pathlib import Path

import keras
import numpy as np

from tests.fields import oracle


def test_oracle_is_independent() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules == {"collections.abc", "contextlib", "keras", "numpy", "typing"}


def test_oracle_sees_a_window_move() -> None:
    inputs = keras.Input((7, 1))
    model = keras.Model(inputs, keras.layers.Conv1D(1, 3, strides=2, name="conv")(inputs))
    assert oracle.poke(model, (1,))["conv", 0].extents(0, 1) == [(0, 2), (2, 4), (4, 6)]


def test_oracle_sees_nothing_where_nothing_arrives() -> None:
    inputs = keras.Input((4, 1))
    model = keras.Model(inputs, keras.layers.ZeroPadding1D((1, 0), name="pad")(inputs))
    assert oracle.poke(model, (1,))["pad", 0].extents(0, 1) == [None, (0, 0), (1, 1), (2, 2), (3, 3)]


def test_oracle_sees_through_a_maximum() -> None:
    inputs = keras.Input((4, 1))
    model = keras.Model(inputs, keras.layers.GlobalMaxPooling1D(name="max")(inputs))
    assert oracle.poke(model, (1,))["max", 0].extents(0, None) == [(0, 3)]


def test_pokes_change_one_position_each() -> None:
    batch = oracle._pokes(np.ones((3, 5, 2)), 2, np.random.default_rng(0))
    assert [np.argwhere((poked != batch[0]).all(axis=(0, 2))).tolist() for poked in batch[1:]] == [
        [[0]], [[1]], [[2]], [[3]], [[4]]
    ]  # fmt: skip
