"""Layers that wrap what is written for a backend."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.measure.raw import BACKEND, Raw
from tests.measure.works import model_of


def test_lambda_in_functions_of_the_backend() -> None:
    class Holder:
        kernel, matrix = (keras.Variable(np.zeros(shape, "float32")) for shape in ((3, 3, 4, 6), (6, 5)))

    layer = layers.Lambda(lambda x: Raw.call(Holder, x), output_shape=(8, 9, 5))
    (row,) = cnnstats.analyze(model_of(layer, (8, 9, 4)))
    assert (row.type, row.source, row.macs) == ("Lambda", "measured", 72 * 246)


@pytest.mark.skipif(BACKEND != "jax", reason="for JAX")
def test_jax_layer() -> None:
    import jax

    def apply(params: Any, inputs: Any) -> Any:
        return jax.nn.relu(inputs @ params["kernel"])

    layer = layers.JaxLayer(apply, params={"kernel": np.zeros((4, 6), "float32")})
    (row,) = cnnstats.analyze(model_of(layer, (3, 4)))
    assert (row.type, row.source, row.macs, row.params) == ("JaxLayer", "measured", 72, 24)


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch")
def test_torch_module() -> None:
    import torch

    class Wrapping(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.TorchModuleWrapper(torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU()))

        def call(self, x: Any) -> Any:
            return self.inner(x)

    (row,) = cnnstats.analyze(Wrapping(), input_shape=(3, 4))
    assert (row.type, row.source, row.params) == ("TorchModuleWrapper", "measured", 30)
    assert (row.macs, row.flops) == (72, 144 + 18)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="for TensorFlow")
def test_saved_model(tmp_path: Any) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.kernel = tf.Variable(tf.zeros((4, 6)))
    signature = tf.TensorSpec((None, 3, 4), "float32")
    module.serve = tf.function(lambda x: tf.nn.relu(x @ module.kernel), input_signature=[signature])
    tf.saved_model.save(module, str(tmp_path), signatures=module.serve)
    layer = layers.TFSMLayer(str(tmp_path), call_endpoint="serving_default")
    (row,) = cnnstats.analyze(model_of(layer, (3, 4)))
    assert (row.type, row.source, row.macs, row.flops) == ("TFSMLayer", "measured", 72, 144)
