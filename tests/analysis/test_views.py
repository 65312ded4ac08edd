"""What a layer makes of a weight alone by moving its values around is that weight: nothing runs, and it learns."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report

LENGTH, WORDS, WIDTH = 6, 50, 8


class Head(layers.Layer):
    """Multiplies what it is fed with something that it makes of a weight."""

    def __init__(self, make: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.make = make

    def build(self, _: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(shape=(WORDS, WIDTH), name="table")

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.make(self.table))


def analyzed(make: Callable[[Any], Any], width: int = WIDTH, learning: bool = True) -> Report:
    """The report of a head behind a dense layer, which wants a gradient too."""
    x = keras.Input((LENGTH, 3))
    head = Head(make, name="head", trainable=learning)
    return cnnstats.analyze(keras.Model(x, head(layers.Dense(width)(x))))


MAKERS: dict[str, tuple[Callable[[Any], Any], int, int]] = {
    "transposed": (ops.transpose, WIDTH, WORDS),
    "axes swapped": (lambda table: ops.swapaxes(table, 0, 1), WIDTH, WORDS),
    "in another shape": (lambda table: ops.reshape(table, (WIDTH, -1)), WIDTH, WORDS),
    "cast": (lambda table: ops.cast(ops.transpose(table), "float32"), WIDTH, WORDS),
    "sliced": (lambda table: table[:4], 4, WIDTH),
    "sliced on both axes": (lambda table: table[2:6, ::2], 4, WIDTH // 2),
    "sliced, then transposed": (lambda table: ops.transpose(table[:7]), WIDTH, 7),
    "padded": (lambda table: ops.pad(table, [[0, 0], [0, 2]]), WORDS, WIDTH + 2),
}


@pytest.mark.parametrize("how", MAKERS)
def test_gradient_goes_on_to_the_weight(how: str) -> None:
    make, width, made = MAKERS[how]
    product = analyzed(make, width)["head/matmul"]
    macs = LENGTH * width * made
    assert (product.source, product.macs, product.params) == ("traced", macs, WORDS * WIDTH)
    assert product.training is not None
    assert (product.training.inputs.macs, product.training.weights.macs) == (macs, macs)


def test_no_gradient_goes_on_to_a_weight_that_is_frozen() -> None:
    product = analyzed(ops.transpose, learning=False)["head/matmul"]
    assert product.training is not None
    assert (product.training.inputs.macs, product.training.weights.macs) == (LENGTH * WIDTH * WORDS, 0)


def test_no_gradient_goes_on_through_a_stop() -> None:
    product = analyzed(lambda table: ops.stop_gradient(ops.transpose(table)))["head/matmul"]
    assert product.training is not None
    assert product.training.weights.macs == 0


def test_no_gradient_goes_on_to_the_values_that_only_its_shape_decides() -> None:
    report = analyzed(lambda table: ops.ones_like(ops.transpose(table)))
    product = report["head/matmul"]
    assert product.training is not None
    assert product.training.weights.macs == 0
    assert report.totals.params == WORDS * WIDTH + 3 * WIDTH + WIDTH


def test_what_is_made_of_two_weights_is_counted_by_the_backend() -> None:
    head = analyzed(lambda table: ops.concatenate([ops.transpose(table), ops.transpose(table)], axis=1))["head/matmul"]
    assert head.macs == LENGTH * WIDTH * 2 * WORDS

    class Twice(Head):
        def build(self, shape: tuple[int | None, ...]) -> None:
            super().build(shape)
            self.other = self.add_weight(shape=(WORDS, WIDTH), name="other")

        def call(self, x: Any) -> Any:
            return ops.matmul(x, ops.transpose(ops.concatenate([self.table, self.other])))

    x = keras.Input((LENGTH, WIDTH))
    row = cnnstats.analyze(keras.Model(x, Twice(ops.identity, name="twice")(x)))["twice"]
    assert (row.source, row.macs, row.train_macs) == ("measured", LENGTH * WIDTH * 2 * WORDS, None)
    assert "its work in training is unknown: only its forward pass was counted" in row.note


def test_what_is_computed_with_it_by_an_operator_of_the_backend_is_not_lost() -> None:
    # The operator is that of the backend's own tensor, which takes any variable.
    row = analyzed(lambda table: ops.transpose(ops.ones((3, WORDS)) @ ops.cast(table, "float32")), 8).rows[-1]
    assert (row.source, row.macs) == ("measured", 3 * WORDS * WIDTH + LENGTH * 8 * 3)


def test_zeros_of_a_transposed_weight_are_its_own_and_those_of_a_part_are_unknown() -> None:
    x = keras.Input((LENGTH, WIDTH))
    turned, part = (
        Head(ops.transpose, name="turned"),
        Head(lambda table: ops.transpose(table[: WORDS // 2]), name="part"),
    )
    model = keras.Model(x, [turned(x), part(x)])
    for head in (turned, part):
        head.table.assign(ops.concatenate([ops.zeros((10, WIDTH)), ops.ones((WORDS - 10, WIDTH))]))
    report = cnnstats.analyze(model, sparsity=True)
    whole, half = report["turned/matmul"], report["part/matmul"]
    assert (whole.zero_weights, whole.remaining_macs) == (10 * WIDTH, LENGTH * WIDTH * (WORDS - 10))
    assert (half.macs, half.zero_weights, half.remaining_macs) == (LENGTH * WIDTH * WORDS // 2, None, None)


def test_tied_table_adds_up_its_two_gradients() -> None:
    class Tied(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.table = layers.Embedding(WORDS, WIDTH, name="table")

        def call(self, x: Any) -> Any:
            return ops.matmul(self.table(x), ops.transpose(self.table.embeddings))

    model = Tied()
    model(ops.zeros((1, LENGTH), dtype="int32"))
    report = cnnstats.analyze(model, input_shape=(LENGTH,))
    looked_up, product = report.rows
    assert product.training is not None
    assert product.training.weights.macs == LENGTH * WIDTH * WORDS
    assert looked_up.training is not None
    assert looked_up.training.weights.arithmetic == LENGTH * WIDTH + WORDS * WIDTH
    assert report.totals.params == WORDS * WIDTH


def test_large_weights_that_have_no_values_get_none() -> None:
    with cnnstats.abstract():
        x = keras.Input((4, 100_000), dtype="float32")
        head = layers.Dense(1_000_000, name="head")
        model = keras.Model(x, Transposed(head, name="tied")(head(x)))
    report = cnnstats.analyze(model)
    assert report["tied/matmul"].macs == 4 * 10**11
    assert head.kernel._value is None


class Transposed(layers.Layer):
    """Multiplies with the transpose of another layer's kernel."""

    def __init__(self, other: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.other = other

    def call(self, x: Any) -> Any:
        return ops.matmul(x, ops.transpose(self.other.kernel))
