"""Ragged, sparse and string inputs: counted where they can be, and marked where not."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats


def test_ragged_input_has_sizes_that_nobody_knows():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has ragged tensors")
    tokens = keras.Input((None,), dtype="int32", ragged=True)
    model = keras.Model(tokens, layers.Dense(3, name="dense")(layers.Embedding(10, 4)(tokens)))
    row = cnnstats.analyze(model)["dense"]
    assert (row.macs, row.note) == (None, "its sizes are unknown: pass input_shape=(?)")
    assert cnnstats.analyze(model, input_shape=(6,))["dense"].macs == 6 * 4 * 3


def test_sparse_input_is_counted_as_if_it_were_none():
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch has no sparse tensors in Keras")
    features = keras.Input((100,), sparse=True)
    (row,) = cnnstats.analyze(keras.Model(features, layers.Dense(3)(features)))
    assert (row.macs, row.source) == (300, "rule")
    assert row.note == "an input is sparse: counted as if all of its values were stored"


STRINGS = {
    "StringLookup": lambda: layers.StringLookup(vocabulary=["a", "b"]),
    "TextVectorization": lambda: layers.TextVectorization(output_sequence_length=1, vocabulary=["a", "b"]),
    "Hashing": lambda: layers.Hashing(4),
}


@pytest.mark.parametrize("make", STRINGS.values(), ids=STRINGS)
def test_string_input_is_unknown_and_what_is_behind_it_is_not(make):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has strings")
    text = keras.Input((1,), dtype="string")
    x = layers.Embedding(4, 3, name="embedding")(make()(text))
    report = cnnstats.analyze(keras.Model(text, layers.Dense(2, name="dense")(x)))
    row, *_ = report.rows
    assert (row.macs, row.source) == (None, "unknown")
    assert row.note == "it works on strings or on hashes, which have no arithmetic to count"
    assert (report["dense"].macs, report.totals.unknown_rows) == (6, 1)
