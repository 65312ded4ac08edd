"""Operations that make nothing, such as checks of what is fed, which others wait for."""

from typing import Any

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="its own operations")


class Checked(layers.Layer):
    """Twice its input, where that is below a limit."""

    def call(self, x: Any) -> Any:
        import tensorflow as tf

        with tf.control_dependencies([tf.debugging.assert_less(x, 9.0)]):
            return ops.multiply(tf.identity(x), 2.0)


class Ending(layers.Layer):
    """Ends the process before it returns its input: it is traced, and never run."""

    def call(self, x: Any) -> Any:
        import tensorflow as tf

        with tf.control_dependencies([tf.raw_ops.Abort()]):
            return tf.identity(x)


def test_what_others_wait_for_ends_no_verification() -> None:
    model = keras.Sequential([keras.Input((5,)), Checked(name="checked"), layers.Dense(3, name="dense")])
    verified = cnnstats.analyze(model).verify(only=["work"])
    assert verified.verification.counts["differs"] == 0
    assert {check.verdict for check in verified.verification.of("dense")} == {"confirmed"}


def test_an_operation_without_outputs_that_nobody_knows_is_named() -> None:
    (row,) = cnnstats.analyze(keras.Sequential([keras.Input((5,)), Ending(name="ending")])).rows
    assert "no count is known for the operation `Abort`" in row.note
