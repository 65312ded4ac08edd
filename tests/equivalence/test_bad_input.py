"""What cannot be converted: one error that says where, what was expected, what came and what to do."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_cnnstats import layers as reference
from keras_cnnstats.equivalence import conv_to_dense, dense_to_conv, to_fully_convolutional
from keras_cnnstats.errors import CNNStatsError, InputShapeError, ModelError
from tests.equivalence.models import backbone, e3, features


def built(layer: Any, *shape: int) -> Any:
    layer.build((None, *shape))
    return layer


class OwnConv(layers.Conv1D):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs) * 2


class OwnDense(layers.Dense):
    def call(self, inputs: Any, training: Any = None) -> Any:
        return super().call(inputs, training=training) * 2


class Written(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="written")
        self.scores = layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.scores(keras.ops.reshape(x, (-1, 12)))


class Unsaved(layers.Layer):
    """Its config does not say how it was made."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor

    def get_config(self) -> Any:
        return {"name": self.name}


def written() -> Any:
    model = Written()
    model(np.ones((1, 2, 3, 2)))
    return model


def quantised(layer: Any, *shape: int) -> Any:
    layer = built(layer, *shape)
    layer.quantize("int8")
    return layer


def two_inputs() -> Any:
    image, age = keras.Input((5, 5, 3)), keras.Input((2,), name="age")
    x = layers.Concatenate(name="both")([layers.Flatten()(image), age])
    return keras.Model([image, age], layers.Dense(2)(x))


def pooled_twice() -> Any:
    pool = layers.GlobalMaxPooling2D(name="pool")
    image = keras.Input((5, 5, 3))
    return keras.Model(image, [pool(image), pool(layers.Conv2D(3, 2)(image))], name="twice")


def masked() -> Any:
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(2),
        ]
    )


CASES: dict[str, tuple[Callable[[], Any], type[CNNStatsError], str]] = {
    "no dense layer": (
        lambda: dense_to_conv(layers.ReLU(), (2, 3)),
        ModelError,
        "dense: expected a built keras.layers.Dense. Received: <ReLU",
    ),
    "a dense layer with a call of its own": (
        lambda: dense_to_conv(built(OwnDense(2), 6), (2, 3)),
        ModelError,
        "dense: expected a built keras.layers.Dense. Received: <OwnDense",
    ),
    "dense layer not built": (
        lambda: dense_to_conv(layers.Dense(2, name="head"), (2, 3)),
        ModelError,
        "layer `head`: it is not built, so that it has no weights. Call layer.build(shape).",
    ),
    "dense layer quantised": (
        lambda: dense_to_conv(quantised(layers.Dense(2, name="head"), 6), (2, 3)),
        ModelError,
        "layer `head`: expected weights that are not quantised, which convolutions and dense layers store alike. "
        "Received: int8. Convert first",
    ),
    "another number of values": (
        lambda: dense_to_conv(built(layers.Dense(2, name="head"), 6), (2, 4)),
        InputShapeError,
        "input_shape: expected the shape of a map of 6 values, the inputs of the dense layer `head`, with one to three "
        "spatial axes and without the batch axis. Received: (2, 4).",
    ),
    "too many axes": (
        lambda: dense_to_conv(built(layers.Dense(2), 6), (2, 3, 1, 1, 1)),
        InputShapeError,
        "Received: (2, 3, 1, 1, 1).",
    ),
    "an unknown size": (
        lambda: dense_to_conv(built(layers.Dense(2), 6), (None, 3)),  # type: ignore[list-item]
        InputShapeError,
        "Received: (None, 3).",
    ),
    "no shape": (lambda: dense_to_conv(built(layers.Dense(2), 6), ()), InputShapeError, "Received: ()."),
    "another mixing activation with channels first": (
        lambda: dense_to_conv(built(layers.Dense(2, activation="glu", name="head"), 6), (3, 2), "channels_first"),
        ModelError,
        "layer `head`: its activation glu runs along the last axis, where a map with channels first has positions. Put",
    ),
    "no convolution": (
        lambda: conv_to_dense(layers.Dense(2), (2, 3)),
        ModelError,
        "conv: expected a built convolution of keras.layers or keras_cnnstats.layers, plain, depthwise or transposed. "
        "Received: <Dense",
    ),
    "a convolution with a call of its own": (
        lambda: conv_to_dense(built(OwnConv(2, 3), 5, 2), (5, 2)),
        ModelError,
        "Received: <OwnConv",
    ),
    "a convolution with a shuffle behind it": (
        lambda: conv_to_dense(built(reference.SubPixelConv2D(1, 3, upscale_factor=2), 5, 5, 2), (5, 5, 2)),
        ModelError,
        "Received: <SubPixelConv2D",
    ),
    "separable": (
        lambda: conv_to_dense(built(layers.SeparableConv2D(2, 3, name="thin"), 5, 5, 2), (5, 5, 2)),
        ModelError,
        "layer `thin`: a separable convolution is the product of two matrices. Convert a depthwise and a 1x1",
    ),
    "convolution not built": (
        lambda: conv_to_dense(layers.Conv1D(2, 3, name="maps"), (5, 2)),
        ModelError,
        "layer `maps`: it is not built",
    ),
    "other channels": (
        lambda: conv_to_dense(built(layers.Conv2D(2, 3), 5, 5, 2), (5, 5, 3)),
        InputShapeError,
        "input_shape: expected the sizes of 2 spatial axes and 2 channels, channels last, without the batch axis. "
        "Received: (5, 5, 3).",
    ),
    "another rank": (
        lambda: conv_to_dense(built(layers.Conv2D(2, 3), 5, 5, 2), (5, 2)),
        InputShapeError,
        "Received: (5, 2).",
    ),
    "size 0": (
        lambda: conv_to_dense(built(layers.Conv1D(2, 3, padding="same"), 5, 2), (0, 2)),
        InputShapeError,
        "Received: (0, 2).",
    ),
    "window too large": (
        lambda: conv_to_dense(built(layers.Conv1D(2, 3, name="maps"), 5, 2), (2, 2)),
        InputShapeError,
        "input_shape: `maps` takes no map (2, 2): ",
    ),
    "a matrix that nobody can hold": (
        lambda: conv_to_dense(built(layers.Conv1D(2, 3, padding="same"), 5, 2), (50_000, 2)).to_dense(),
        InputShapeError,
        "input_shape: expected a map whose dense matrix has at most 2,147,483,648 values. Received: 100,000 inputs and "
        "100,000 outputs. Take a smaller map, or the entries",
    ),
    "the same as a layer": (
        lambda: conv_to_dense(built(layers.Conv1D(2, 3, padding="same"), 5, 2), (50_000, 2)).to_layer(),
        InputShapeError,
        "Take a smaller map",
    ),
    "softmax over the channels of each position": (
        lambda: conv_to_dense(built(layers.Conv1D(2, 3, activation="softmax", name="maps"), 5, 2), (5, 2)).to_layer(),
        ModelError,
        "layer `maps`: expected an activation of single values. Received: softmax, which may mix channels. Put it",
    ),
    "no model": (lambda: to_fully_convolutional("model"), ModelError, "model: expected a built keras.Model"),
    "model not built": (
        lambda: to_fully_convolutional(keras.Sequential([layers.Flatten(), layers.Dense(2)], name="later")),
        ModelError,
        "model `later`: it is not built",
    ),
    "subclassed": (
        lambda: to_fully_convolutional(written()),
        ModelError,
        "model `written`: expected a functional or Sequential model. Received: `Written`, which writes its own call. "
        "Build it functionally: keras.Model(inputs, outputs).",
    ),
    "no head": (
        lambda: to_fully_convolutional(backbone()),
        ModelError,
        "model `backbone`: expected a head: a `Flatten` or a pooling over all positions, and behind it dense layers. "
        "Received: none",
    ),
    "several inputs": (
        lambda: to_fully_convolutional(two_inputs()),
        ModelError,
        "expected a head in which each layer takes the output of one other. Received: `both`, which takes 2 inputs (",
    ),
    "flattened, and no more": (
        lambda: to_fully_convolutional(keras.Sequential([keras.Input((3, 3, 2)), layers.Flatten()], name="flat")),
        ModelError,
        "model `flat`: expected a head with a dense layer or a pooling. Received: a flattened map (3, 3, 2) as its out",
    ),
    "reshaped to a map": (
        lambda: to_fully_convolutional(
            features(layers.Flatten(), layers.Dense(12), layers.Reshape((2, 2, 3), name="map"), layers.Conv2D(1, 1))
        ),
        ModelError,
        "map: a `Reshape` in the head is expected to make a vector of a map, or a map of one position of a vector. "
        "Received: output shape (None, 2, 2, 3). Take it out of the head.",
    ),
    "an unknown layer": (
        lambda: to_fully_convolutional(features(layers.Flatten(), layers.Dense(4), layers.GroupNormalization(2))),
        ModelError,
        "expected a layer that can be done at each position of a map: a dense layer, an activation, dropout, noise, a "
        "normalisation of the units. Received: `GroupNormalization`. Take it out of the head",
    ),
    "normalised before the first dense layer": (
        lambda: to_fully_convolutional(features(layers.Flatten(), layers.BatchNormalization(), layers.Dense(4))),
        ModelError,
        "`BatchNormalization` treats the places of a flattened map (3, 2, 6) unlike each other, which no window does. "
        "Put it before the map is flattened, or behind the first dense layer.",
    ),
    "softmax over a flattened map": (
        lambda: to_fully_convolutional(features(layers.Flatten(), layers.Activation("softmax"))),
        ModelError,
        "`Activation` treats the places of a flattened map",
    ),
    "a size that nobody knows": (
        lambda: to_fully_convolutional(
            keras.Sequential(
                [keras.Input((None, None, 3)), layers.GlobalAveragePooling2D(name="mean"), layers.Dense(2)]
            )
        ),
        ModelError,
        "mean: expected a map of a known size, on which the head was trained. Received: (None, None, None, 3). Build",
    ),
    "masked": (
        lambda: to_fully_convolutional(masked()),
        ModelError,
        "mean: its input is masked, which a window is not. Take the mask away before the head.",
    ),
    "no config": (
        lambda: to_fully_convolutional(features(Unsaved(2), layers.Flatten(), layers.Dense(2))),
        ModelError,
        "`Unsaved` cannot be copied onto a map whose size is open (TypeError: ",
    ),
    "a size that is written down": (
        lambda: to_fully_convolutional(
            features(layers.Reshape((6, 6)), layers.Dense(3, name="rows"), layers.Flatten(), layers.Dense(2))
        ),
        ModelError,
        "expected a map whose size follows that of the input. Received: (None, 6, 3), which a layer before it fixes",
    ),
    "nested, with its path": (
        lambda: to_fully_convolutional(
            keras.Sequential(
                [
                    keras.Input((3, 3, 2)),
                    layers.Flatten(),
                    keras.Sequential([layers.GroupNormalization(2, name="groups")], name="head"),
                ]
            )
        ),
        ModelError,
        "head/groups: `GroupNormalization` treats the places",
    ),
    "one pooling for maps of two sizes": (
        lambda: to_fully_convolutional(pooled_twice()),
        ModelError,
        'model `twice`: `Functional` cannot be copied onto a map whose size is open (ValueError: The name "pool" is',
    ),
    "a quantised head": (
        lambda: to_fully_convolutional(int8(e3())),
        ModelError,
        "layer `hidden`: expected weights that are not quantised",
    ),
}


def int8(model: Any) -> Any:
    model.get_layer("hidden").quantize("int8")
    return model


@pytest.mark.parametrize("case", CASES)
def test_error_says_what_is_wrong(case: str) -> None:
    act, kind, message = CASES[case]
    with pytest.raises(kind) as caught:
        act()
    assert message in str(caught.value)


def test_after_an_error_the_model_and_later_names_are_as_before() -> None:
    model = features(layers.Flatten(), layers.Dense(4), layers.GroupNormalization(2))
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    name = layers.Dense(2).name
    with pytest.raises(ModelError):
        to_fully_convolutional(model)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes
    stem, _, number = name.rpartition("_")
    assert layers.Dense(2).name == f"{stem}_{int(number) + 1}"
