"""Networks of operations, of models in models, of shared layers, and with channels first."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers as kl
from keras import ops

from tests.fields.graphs.graph import Graph, branching, path


@branching((18, 20, 2))
def by_operations(x: Any) -> Any:
    x = ops.conv(x, np.full((3, 2, 2, 2), 0.7, "float32"), strides=2, padding="same")
    x = ops.max_pool(x, 2, strides=1)
    x = ops.depthwise_conv(x, np.full((2, 3, 2, 1), 0.7, "float32"))
    return ops.average_pool(ops.relu(x) * 0.5, (1, 2), strides=(1, 2), padding="same")


@branching((20, 23, 2))
def nested(x: Any) -> Any:
    block = keras.Sequential([keras.Input((20, 23, 2)), kl.Conv2D(2, 3, padding="same"), kl.ReLU()], name="block")
    inner_input = keras.Input((20, 23, 2))
    inner = keras.Model(inner_input, kl.Add()([block(inner_input), inner_input]), name="inner")
    x = inner(x)
    x = inner(x)
    return kl.MaxPooling2D(3, strides=2)(x)


@branching((20, 22, 2))
def shared(x: Any) -> Any:
    twice = kl.Conv2D(2, (3, 4), padding="same", name="twice")
    return kl.MaxPooling2D(2)(twice(twice(x)))


# Channels first: what TensorFlow runs on a CPU


def first_pooled(kind: type[keras.layers.Layer], **more: Any) -> Callable[[], keras.Model]:
    @branching((2, 18, 21))
    def build(x: Any) -> Any:
        x = kind(3, data_format="channels_first", **more)(x)
        x = kl.ZeroPadding2D(((1, 0), (2, 0)), data_format="channels_first")(x)
        x = kl.Cropping2D(((0, 1), (1, 0)), data_format="channels_first")(x)
        x = kl.UpSampling2D((2, 1), data_format="channels_first")(x)
        return kind(2, data_format="channels_first", **more)(x)

    return build


@branching((2, 12, 15))
def first_to_last(x: Any) -> Any:
    x = kl.MaxPooling2D(2, data_format="channels_first", name="pool")(x)
    x = kl.Permute((2, 3, 1), name="turn")(x)
    return kl.Conv2D(2, (3, 2), name="conv")(x)


STRUCTURE: dict[str, Graph] = {
    "operations": Graph(build=by_operations),
    "nested models": Graph(build=nested),
    "shared layer": Graph(build=shared),
    "channels first, max": Graph(build=first_pooled(kl.MaxPooling2D, padding="same"), axes=(2, 3)),
    "channels first, average": Graph(build=first_pooled(kl.AveragePooling2D), axes=(2, 3)),
    "channels first, blocks": Graph(
        build=path(
            (8, 12, 16),
            lambda: lambda x: ops.depth_to_space(x, 2, data_format="channels_first"),
            lambda: kl.AveragePooling2D(3, strides=1, data_format="channels_first"),
            lambda: lambda x: ops.space_to_depth(x, 2, data_format="channels_first"),
            lambda: kl.AveragePooling2D(2, strides=1, data_format="channels_first"),
        ),
        axes=(2, 3),
    ),
    "channels first, convolution": Graph(
        build=path(
            (2, 16, 18),
            lambda: kl.Conv2D(2, 3, strides=2, padding="same", data_format="channels_first"),
            lambda: kl.Conv2D(2, (2, 3), data_format="channels_first"),
            lambda: kl.GroupNormalization(2, axis=1),
        ),
        axes=(2, 3),
        runs_on=frozenset({"jax", "torch"}),
    ),
    "channels first to last": Graph(build=first_to_last, axes=(2, 3), dims={"turn": (1, 2), "conv": (1, 2)}),
}
