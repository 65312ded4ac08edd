"""Small networks of every shape that moves a receptive field: name -> how to build it, and what is peculiar to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers as kl
from keras import ops


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network and what the tests have to know of it beforehand.

    Attributes:
        build: makes the model.
        axes: the input's spatial dimensions (batch: 0).
        dims: for calls whose output does not have the positions where the input has them: the output's dimension for
            each input axis, `None` where none runs over that axis alone.
        drifting: calls at and behind a merge of branches with different jumps: only a hull can be given.
        unknown: calls that no interval describes.
        crowded: calls that see more than the input from each position, so that none lies inside.
        period: after how many positions the pattern of a merge repeats.
        margin: positions at each end of a merge where a dilated window lacks a tap and begins at the next one inside.
        near: the same network without its global side branches, for the local field.
        dtype: what it computes in: float64 where the backend can.
        runs_on: backends that run it on a CPU.
    """

    build: Callable[[], keras.Model]
    axes: tuple[int, ...] = (1, 2)
    dims: Mapping[str, tuple[int | None, ...]] = field(default_factory=lambda: MappingProxyType({}))
    drifting: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    crowded: frozenset[str] = frozenset()
    period: int = 1
    margin: int = 0
    near: Callable[[], keras.Model] | None = None
    dtype: str = "float64"
    runs_on: frozenset[str] = frozenset({"tensorflow", "jax", "torch"})


def path(shape: tuple[int, ...], *steps: Any) -> Callable[[], keras.Model]:
    """A network without branches; each step is a function of no arguments, so that it is built anew each time."""

    def build() -> keras.Model:
        x = inputs = keras.Input(shape)
        for step in steps:
            x = step()(x)
        return keras.Model(inputs, x)

    return build


def conv(kernel: Any, **more: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: kl.Conv2D(2, kernel, **more)


def up_conv(kernel: Any, **more: Any) -> Callable[[], keras.layers.Layer]:
    return lambda: kl.Conv2DTranspose(2, kernel, **more)


def branching(shape: tuple[int, ...]) -> Callable[[Callable[[Any], Any]], Callable[[], keras.Model]]:
    """Decorates a function from input to output tensor into a builder."""

    def decorate(connect: Callable[[Any], Any]) -> Callable[[], keras.Model]:
        def build() -> keras.Model:
            inputs = keras.Input(shape)
            return keras.Model(inputs, connect(inputs))

        return build

    return decorate


# Branches


@branching((18, 21, 2))
def residual(x: Any) -> Any:
    y = kl.Conv2D(2, 3, padding="same", activation="relu")(x)
    y = kl.BatchNormalization()(y)
    y = kl.Conv2D(2, 3, padding="same")(y)
    x = kl.Add()([x, y])
    y = kl.Conv2D(2, (1, 5), padding="same")(kl.ReLU()(x))
    return x + y


@branching((22, 25, 2))
def inception(x: Any) -> Any:
    x = kl.Conv2D(2, 3, strides=2, padding="same")(x)
    a = kl.Conv2D(2, 1)(x)
    b = kl.Conv2D(2, (1, 7), padding="same")(kl.Conv2D(1, 1)(x))
    c = kl.Conv2D(2, (7, 1), padding="same")(x)
    d = kl.Conv2D(2, 1)(kl.AveragePooling2D(3, strides=1, padding="same")(x))
    x = kl.Concatenate()([a, b, c, d])
    return kl.Conv2D(2, 2)(x)


@branching((20, 24, 2))
def inception_reduction(x: Any) -> Any:
    a = kl.Conv2D(2, 3, strides=2)(x)
    b = kl.Conv2D(2, 3, strides=2)(kl.Conv2D(2, 3, padding="same")(x))
    return kl.Concatenate()([a, b, kl.MaxPooling2D(3, strides=2)(x)])


def strided_residual(size: tuple[int, int], padding: str) -> Callable[[], keras.Model]:
    @branching((*size, 2))
    def build(x: Any) -> Any:
        y = kl.Conv2D(2, 3, strides=2, padding=padding)(x)
        y = kl.Conv2D(2, 3, padding="same")(y)
        short = kl.Conv2D(2, 1, strides=2, padding=padding)(kl.Cropping2D(0 if padding == "same" else 1)(x))
        x = kl.Add()([y, short])
        return kl.Conv2D(2, 3, padding="same")(x)

    return build


@branching((21, 24, 2))
def valid_shortcut_off_center(x: Any) -> Any:
    y = kl.Conv2D(2, 3, strides=2)(x)
    short = kl.Conv2D(2, 1, strides=2)(kl.Cropping2D(((0, 2), (0, 2)))(x))
    return kl.Conv2D(2, 3)(kl.Add()([y, short]))


@branching((20, 20, 2))
def even_and_odd_kernel(x: Any) -> Any:
    return kl.Maximum()([kl.Conv2D(2, 2, padding="same")(x), kl.Conv2D(2, 3, padding="same")(x)])


@branching((16, 20, 2))
def different_jumps(x: Any) -> Any:
    fast = kl.Conv2D(2, 2, strides=2, name="fast")(x)
    slow = kl.Cropping2D(((4, 4), (5, 5)), name="slow")(x)
    return kl.Conv2D(2, 3, name="behind")(kl.Add(name="meet")([fast, slow]))


@branching((16, 24, 2))
def side_by_side(x: Any) -> Any:
    a = kl.Conv2D(2, 3, padding="same")(x)
    return kl.Conv2D(2, 1, name="behind")(kl.Concatenate(axis=2, name="meet")([a, x]))


@branching((44, 48, 2))
def u_net(x: Any) -> Any:
    a = kl.Conv2D(2, 3, padding="same")(x)
    b = kl.Conv2D(2, 3, padding="same")(kl.MaxPooling2D(2)(a))
    c = kl.Conv2D(2, 3, padding="same")(kl.MaxPooling2D(2)(b))
    b = kl.Concatenate(name="low")([b, kl.UpSampling2D(2)(c)])
    b = kl.Conv2D(2, 3, padding="same")(b)
    a = kl.Concatenate(name="high")([a, kl.Conv2DTranspose(2, 2, strides=2)(b)])
    return kl.Conv2D(2, 3, padding="same")(a)


@branching((24, 32, 2))
def u_net_transposed(x: Any) -> Any:
    a = kl.Conv2D(2, 3, padding="same")(x)
    b = kl.Conv2D(2, 3, strides=2, padding="same")(a)
    b = kl.Conv2DTranspose(2, 3, strides=2, padding="same")(b)
    return kl.Conv2D(2, 3, padding="same")(kl.Concatenate()([a, b]))


@branching((24, 26, 2))
def u_net_odd_up(x: Any) -> Any:
    b = kl.MaxPooling2D(3, strides=2, padding="same")(x)
    return kl.Conv2D(2, 3)(kl.Add()([x, kl.UpSampling2D(2, interpolation="bilinear")(b)]))


# Statistics over all positions


def gated(gate: bool) -> Callable[[], keras.Model]:
    @branching((14, 18, 2))
    def build(x: Any) -> Any:
        x = kl.Conv2D(4, 3, padding="same", name="first")(x)
        if gate:
            g = kl.GlobalAveragePooling2D(name="pool")(x)
            g = kl.Dense(4, name="excite")(kl.Dense(2, activation="relu", name="squeeze")(g))
            g = kl.Reshape((1, 1, 4), name="spread")(g)
            x = kl.Multiply(name="scale")([x, g])
        x = kl.Conv2D(2, 3, strides=2, padding="same", name="second")(x)
        return kl.DepthwiseConv2D(3, name="third")(x)

    return build


def gated_by_means(gate: bool) -> Callable[[], keras.Model]:
    @branching((14, 18, 2))
    def build(x: Any) -> Any:
        y = kl.Conv2D(2, 3, padding="same", name="first")(x)
        if gate:
            y = y * ops.mean(y, axis=(1, 2), keepdims=True)
        return kl.Conv2D(2, 3, padding="same", name="second")(kl.Add(name="sum")([x, y]))

    return build


def pooled_gate(gate: bool) -> Callable[[], keras.Model]:
    @branching((9, 12, 2))
    def build(x: Any) -> Any:
        x = kl.Conv2D(2, 3, padding="same", name="first")(x)
        if gate:
            g = kl.Conv2D(2, 1, name="excite")(kl.AveragePooling2D((9, 12), name="pool")(x))
            x = kl.Multiply(name="scale")([x, g])
        return kl.Conv2D(2, 3, padding="same", name="second")(x)

    return build


def group_normalized(groups: int | None) -> Callable[[], keras.Model]:
    @branching((14, 18, 2))
    def build(x: Any) -> Any:
        x = kl.Conv2D(4, 3, padding="same", name="first")(x)
        if groups is not None:
            x = kl.GroupNormalization(groups, name="norm")(x)
        return kl.Conv2D(2, 5, padding="same", name="second")(x)

    return build


@branching((14, 17, 2))
def normalized_by_position(x: Any) -> Any:
    x = kl.LayerNormalization()(kl.Conv2D(3, 3)(x))
    return kl.Conv2D(2, 3)(kl.UnitNormalization()(kl.RMSNormalization()(x)))


@branching((9, 11, 2))
def global_head(x: Any) -> Any:
    x = kl.Conv2D(2, 3, name="conv")(x)
    x = kl.GlobalMaxPooling2D(name="pool")(x)
    return kl.Dense(3, name="head")(x)


@branching((8, 10, 2))
def kept_dims(x: Any) -> Any:
    x = kl.GlobalAveragePooling2D(keepdims=True)(kl.Conv2D(2, 3)(x))
    return kl.Conv2D(2, 1)(x)


@branching((9, 11, 2))
def flattened(x: Any) -> Any:
    x = kl.Conv2D(2, 3, strides=2, name="conv")(x)
    x = kl.Flatten(name="flat")(x)
    return kl.Dense(3, name="head")(kl.Dropout(0.5, name="drop")(x))


@branching((9, 11, 2))
def one_axis_gathered(x: Any) -> Any:
    x = kl.Conv2D(2, 3, name="conv")(x)
    rows = ops.max(x, axis=2)
    return kl.Conv1D(2, 3, name="along")(rows)


# Positions that become channels, and channels that become positions


@branching((16, 20, 2))
def sub_pixels(x: Any) -> Any:
    x = kl.Conv2D(8, 3, padding="same")(x)
    x = ops.depth_to_space(x, 2)
    return kl.Conv2D(2, 3, padding="same")(x)


@branching((16, 24, 2))
def blocks_as_channels(x: Any) -> Any:
    x = ops.space_to_depth(x, 2)
    return kl.Conv2D(2, 3, padding="same")(kl.Conv2D(2, 3, strides=2)(x))


@branching((12, 16, 2))
def shuffled(x: Any) -> Any:
    x = kl.Conv2D(8, 3, padding="same")(x)
    x = kl.Reshape((12, 16, 2, 2, 2), name="cut")(x)
    x = kl.Permute((1, 3, 2, 4, 5), name="move")(x)
    x = kl.Reshape((24, 32, 2), name="join")(x)
    return kl.Conv2D(2, 3)(x)


@branching((16, 24, 2))
def patches(x: Any) -> Any:
    x = kl.Reshape((4, 4, 6, 4, 2), name="cut")(kl.Conv2D(2, 3, padding="same")(x))
    x = kl.Permute((1, 3, 2, 4, 5), name="move")(x)
    x = kl.Reshape((4, 6, 32), name="patches")(x)
    return kl.Conv2D(2, 2)(kl.Dense(4)(x))


@branching((16, 24, 2))
def tokens(x: Any) -> Any:
    x = kl.Conv2D(4, 4, strides=4, name="patches")(x)
    x = kl.Reshape((24, 4), name="tokens")(x)
    x = kl.LayerNormalization(name="norm")(x)
    x = kl.Dense(4, name="mix")(x)
    x = kl.Reshape((4, 6, 4), name="map")(x)
    return kl.Conv2D(2, 3, name="conv")(x)


@branching((12, 17, 2))
def turned(x: Any) -> Any:
    x = kl.Permute((2, 1, 3), name="turn")(kl.Conv2D(2, (3, 1))(x))
    return kl.Conv2D(2, (5, 2), name="conv")(x)


@branching((12, 15, 2))
def transposed_by_operation(x: Any) -> Any:
    x = ops.transpose(kl.Conv2D(2, (1, 4))(x), (0, 2, 1, 3))
    x = kl.Conv2D(2, (3, 2), name="conv")(x)
    return ops.expand_dims(ops.squeeze(ops.expand_dims(x, 1), 1), -1)


@branching((8, 10, 2))
def mixer(x: Any) -> Any:
    x = kl.Conv2D(3, 3, padding="same", name="conv")(x)
    y = kl.Permute((3, 1, 2), name="turn")(x)
    y = kl.Reshape((3, 80), name="tokens")(y)
    y = kl.Dense(80, name="mix")(y)
    return kl.Dense(3, name="channels")(kl.Permute((2, 1), name="back")(y))


@branching((18, 20, 2))
def by_operations(x: Any) -> Any:
    x = ops.conv(x, np.full((3, 2, 2, 2), 0.7, "float32"), strides=2, padding="same")
    x = ops.max_pool(x, 2, strides=1)
    x = ops.depthwise_conv(x, np.full((2, 3, 2, 1), 0.7, "float32"))
    return ops.average_pool(ops.relu(x) * 0.5, (1, 2), strides=(1, 2), padding="same")


@branching((9, 9, 2))
def one_position_for_all(x: Any) -> Any:
    y = kl.DepthwiseConv2D(9, name="all")(x)
    return kl.Conv2D(2, 3, name="behind")(kl.Multiply(name="gate")([x, y]))


@branching((10, 13, 2))
def rows_mixed_and_moved(x: Any) -> Any:
    x = kl.EinsumDense("abcd,be->acde", output_shape=(13, 2, 5), name="mix")(kl.Conv2D(2, 3, padding="same")(x))
    return kl.Conv2D(2, (3, 1), name="along")(x)


@branching((14, 18, 2))
def one_column_for_all(x: Any) -> Any:
    y = kl.Conv2D(2, (3, 7), padding="valid")(x)
    y = kl.Cropping2D(((0, 0), (4, 7)), name="column")(y)
    return kl.Add(name="spread")([kl.Cropping2D(((1, 1), (0, 0)))(x), y])


@branching((18, 22, 2))
def every_second_position(x: Any) -> Any:
    y = kl.Conv2D(2, 3, padding="same")(x)
    corners = [y[:, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    return kl.Conv2D(2, 3, name="behind")(ops.concatenate(corners, axis=-1))


@branching((14, 17, 2))
def parts_of_a_map(x: Any) -> Any:
    y = ops.pad(x, [[0, 0], [1, 2], [3, 0], [0, 0]])
    y = kl.Conv2D(2, 3)(y)[:, 2:, 1:-3]
    y = ops.stack([y, y], axis=-1)[..., 1]
    return kl.Conv2D(2, (3, 2), strides=2)(y[:, 1:9])


@branching((10, 13, 2))
def first_row_twice(x: Any) -> Any:
    y = kl.Conv2D(2, 3, padding="same")(x)
    return kl.Conv2D(2, (3, 1), name="behind")(ops.concatenate([y[:, :1], y], axis=1))


@branching((14, 17, 2))
def one_row_picked(x: Any) -> Any:
    row = ops.expand_dims(kl.Conv2D(2, 3, name="conv")(x)[:, 4], 1)
    return kl.Conv2D(2, (1, 3), name="along")(row)


@branching((20, 21, 2))
def stretched_off_center(x: Any) -> Any:
    y = kl.UpSampling2D(2)(kl.MaxPooling2D(2)(x))
    return kl.Conv2D(2, 2)(kl.Add(name="sum")([kl.Cropping2D(((0, 0), (1, 0)))(x), y]))


@branching((18, 24, 2))
def stretched_in_three_ways(x: Any) -> Any:
    a = kl.UpSampling2D((2, 4))(x)
    b = kl.Conv2DTranspose(2, (3, 5), strides=(2, 4), padding="same")(x)
    c = kl.Resizing(36, 96, interpolation="bilinear")(x)
    return kl.MaxPooling2D((3, 2))(kl.Concatenate()([a, b, c]))


@branching((16, 20, 2))
def sliced(x: Any) -> Any:
    y = kl.Conv2D(2, 3, padding="same")(x)
    return kl.Conv2D(2, 3)(ops.concatenate([y, ops.multiply(x, y)], axis=-1))


# Models in models, layers called twice


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


@branching((18, 20, 2))
def separable(x: Any) -> Any:
    x = kl.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2)(x)
    return kl.DepthwiseConv2D((3, 2), dilation_rate=(1, 1))(kl.Conv2D(4, 1)(x))


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


GRAPHS: dict[str, Graph] = {
    # Convolutions
    "conv same 3, 5": Graph(build=path((14, 17, 2), conv(3, padding="same"), conv(5, padding="same"))),
    "conv valid 5, 3": Graph(build=path((14, 17, 2), conv(5), conv(3))),
    "conv strides 2, 3": Graph(build=path((31, 40, 2), conv(3, strides=2), conv(4, strides=3), conv(2))),
    "conv same strided, even size": Graph(
        build=path((24, 32, 2), conv(3, strides=2, padding="same"), conv(3, strides=2, padding="same"), conv(2))
    ),
    "conv same strided, odd size": Graph(
        build=path((23, 33, 2), conv(3, strides=2, padding="same"), conv(3, strides=2, padding="same"), conv(2))
    ),
    "conv even kernels": Graph(
        build=path((20, 22, 2), conv(2, padding="same"), conv(4, padding="same"), conv((2, 6), padding="same"))
    ),
    "conv asymmetric": Graph(
        build=path((20, 21, 2), conv((1, 7)), conv((7, 1), padding="same"), conv((2, 3), strides=(1, 2)))
    ),
    "conv stride over kernel": Graph(build=path((23, 26, 2), conv(1, strides=2), conv(2, strides=3))),
    "conv dilated valid": Graph(build=path((20, 24, 2), conv(3, dilation_rate=2), conv((3, 2), dilation_rate=(3, 2)))),
    "conv dilated same": Graph(
        build=path(
            (26, 30, 2),
            conv(3, dilation_rate=2, padding="same"),
            conv(4, dilation_rate=(1, 3), padding="same"),
            conv(3, padding="same"),
        )
    ),
    "conv grouped": Graph(build=path((12, 14, 2), conv(3, groups=2), conv(3, groups=2, strides=2))),
    "separable and depthwise": Graph(build=separable),
    "conv 1-D same and causal": Graph(
        build=path(
            (40, 2),
            lambda: kl.Conv1D(2, 4, padding="same"),
            lambda: kl.Conv1D(2, 3, padding="causal"),
            lambda: kl.Conv1D(2, 3, padding="causal", dilation_rate=4),
        ),
        axes=(1,),
    ),
    "conv 1-D causal strided": Graph(
        build=path(
            (41, 2),
            lambda: kl.Conv1D(2, 3, padding="causal", strides=2),
            lambda: kl.Conv1D(2, 4, padding="causal", strides=3),
        ),
        axes=(1,),
    ),
    "conv 1-D depthwise, pooled, stretched": Graph(
        build=path(
            (36, 2),
            lambda: kl.DepthwiseConv1D(3, padding="same"),
            lambda: kl.MaxPooling1D(3, strides=2, padding="same"),
            lambda: kl.ZeroPadding1D((2, 1)),
            lambda: kl.SeparableConv1D(2, 3),
            lambda: kl.UpSampling1D(2),
            lambda: kl.Conv1D(2, 3),
            lambda: kl.Cropping1D((1, 3)),
            lambda: kl.AveragePooling1D(2),
        ),
        axes=(1,),
    ),
    "conv 1-D transposed": Graph(
        build=path(
            (18, 2),
            lambda: kl.Conv1DTranspose(2, 5, strides=3),
            lambda: kl.Conv1D(2, 4),
            lambda: kl.Conv1DTranspose(2, 4, strides=2, padding="same"),
            lambda: kl.Conv1D(2, 3),
        ),
        axes=(1,),
    ),
    "conv 3-D": Graph(
        build=path(
            (9, 12, 14, 1),
            lambda: kl.Conv3D(2, (3, 2, 1), strides=(1, 2, 1), padding="same"),
            lambda: kl.MaxPooling3D((1, 2, 3), strides=(1, 1, 2)),
            lambda: kl.Conv3D(1, 2),
        ),
        axes=(1, 2, 3),
        dtype="float32",  # TensorFlow pools no volumes of float64
    ),
    "conv 3-D stretched": Graph(
        build=path(
            (6, 7, 8, 1),
            lambda: kl.UpSampling3D((1, 2, 3)),
            lambda: kl.Conv3D(1, (1, 3, 2)),
            lambda: kl.ZeroPadding3D(((0, 1), (1, 0), (0, 0))),
            lambda: kl.Conv3DTranspose(1, (2, 1, 3), strides=(2, 1, 1)),
            lambda: kl.Cropping3D(((1, 0), (0, 1), (0, 0))),
            lambda: kl.AveragePooling3D(2),
        ),
        axes=(1, 2, 3),
        dtype="float32",  # TensorFlow pools no volumes of float64
    ),
    # Pooling
    "max pooling valid": Graph(
        build=path((29, 38, 2), lambda: kl.MaxPooling2D(2), conv(3), lambda: kl.MaxPooling2D((3, 4), strides=2))
    ),
    "max pooling same": Graph(
        build=path(
            (23, 30, 2),
            lambda: kl.MaxPooling2D(3, strides=2, padding="same"),
            conv(3, padding="same"),
            lambda: kl.MaxPooling2D(2, padding="same"),
        )
    ),
    "average pooling same": Graph(
        build=path(
            (25, 30, 2),
            lambda: kl.AveragePooling2D(4, strides=3, padding="same"),
            lambda: kl.AveragePooling2D(2, strides=1, padding="same"),
        )
    ),
    "adaptive pooling, sizes divide": Graph(
        build=path((12, 20, 2), conv(3, padding="same"), lambda: kl.AdaptiveAveragePooling2D((4, 5)), conv(2))
    ),
    "adaptive pooling, sizes do not divide": Graph(
        build=path((34, 44, 2), lambda: kl.AdaptiveMaxPooling2D((14, 16)), conv(2), lambda: kl.AveragePooling2D(2, 1))
    ),
    "adaptive pooling, stretching": Graph(
        build=path((19, 21, 2), conv(2), lambda: kl.AdaptiveAveragePooling2D((24, 26)), conv(3))
    ),
    # Branches
    "residual": Graph(build=residual),
    "inception": Graph(build=inception),
    "inception reduction": Graph(build=inception_reduction),
    "strided residual same, even size": Graph(build=strided_residual((20, 22), "same")),
    "strided residual same, odd size": Graph(build=strided_residual((21, 23), "same")),
    "strided residual same, even and odd": Graph(build=strided_residual((20, 25), "same")),
    "strided residual valid": Graph(build=strided_residual((21, 25), "valid")),
    "strided residual valid, off center": Graph(build=valid_shortcut_off_center),
    "even and odd kernel": Graph(build=even_and_odd_kernel),
    "different jumps": Graph(build=different_jumps, drifting=frozenset({"meet", "behind"})),
    "side by side": Graph(build=side_by_side, drifting=frozenset({"meet", "behind"})),
    "u-net": Graph(build=u_net, period=4),
    "u-net transposed": Graph(build=u_net_transposed, period=2),
    "u-net bilinear": Graph(build=u_net_odd_up, period=2),
    # Padding and cropping
    "padding": Graph(
        build=path(
            (15, 18, 2), lambda: kl.ZeroPadding2D(((3, 1), (0, 2))), conv(4), lambda: kl.ZeroPadding2D(1), conv(3)
        )
    ),
    "cropping": Graph(
        build=path((21, 22, 2), conv(3, padding="same"), lambda: kl.Cropping2D(((1, 4), (3, 0))), conv(3, strides=2))
    ),
    # Stretching
    "up-sampling nearest": Graph(build=path((12, 14, 2), conv(3), lambda: kl.UpSampling2D((2, 3)), conv(3), conv(2))),
    "up-sampling bilinear": Graph(
        build=path(
            (12, 14, 2),
            lambda: kl.UpSampling2D(2, interpolation="bilinear"),
            conv(3, padding="same"),
            conv(3, strides=2),
        )
    ),
    "up-sampling bilinear by 3": Graph(
        build=path((12, 14, 2), lambda: kl.UpSampling2D(3, interpolation="bilinear"), conv(2))
    ),
    "up-sampling bicubic": Graph(
        build=path((14, 16, 2), lambda: kl.UpSampling2D((2, 4), interpolation="bicubic"), conv(3))
    ),
    "up-sampling, then strided": Graph(
        build=path((16, 18, 2), lambda: kl.UpSampling2D(3), conv(3, strides=2), conv(2), lambda: kl.MaxPooling2D(3))
    ),
    "transposed kernel over stride": Graph(build=path((11, 12, 2), up_conv(4, strides=2), conv(3), conv(2))),
    "transposed kernel is stride": Graph(build=path((11, 12, 2), conv(3), up_conv(2, strides=2), conv(3))),
    "transposed kernel under stride": Graph(build=path((11, 12, 2), up_conv(2, strides=3), conv(2), conv(3))),
    "transposed same": Graph(
        build=path((11, 12, 2), up_conv(4, strides=2, padding="same"), conv(3), up_conv(3, strides=2, padding="same"))
    ),
    "transposed same, odd kernels": Graph(
        build=path((11, 12, 2), up_conv((3, 5), strides=(2, 3), padding="same"), conv(2), up_conv(3, padding="same"))
    ),
    "transposed same, kernel under stride": Graph(
        build=path((9, 10, 2), up_conv((1, 2), strides=3, padding="same"), conv(3))
    ),
    "transposed output padding": Graph(
        build=path(
            (10, 11, 2),
            up_conv(3, strides=2, output_padding=1),
            conv(3),
            up_conv(3, strides=2, padding="same", output_padding=(1, 0)),
            conv(3),
        )
    ),
    "transposed same, output padding": Graph(
        build=path((10, 11, 2), up_conv(4, strides=(2, 3), padding="same", output_padding=(0, 1)), conv(3)),
        runs_on=frozenset({"jax"}),  # TensorFlow refuses the size that Keras has inferred
    ),
    "transposed dilated": Graph(
        build=path((12, 13, 2), up_conv(3, dilation_rate=2), conv(3), up_conv((2, 3), dilation_rate=3, padding="same")),
        runs_on=frozenset({"jax"}),
    ),
    "resizing up, nearest": Graph(
        build=path((12, 14, 2), lambda: kl.Resizing(18, 20, interpolation="nearest"), conv(3))
    ),
    "resizing down, nearest": Graph(
        build=path((46, 44, 2), lambda: kl.Resizing(26, 16, interpolation="nearest"), conv(2))
    ),
    "resizing up, bilinear": Graph(build=path((12, 14, 2), lambda: kl.Resizing(18, 20), conv(3))),
    "resizing down, bilinear": Graph(build=path((30, 35, 2), conv(3), lambda: kl.Resizing(16, 12), conv(2))),
    "resizing bicubic": Graph(build=path((16, 20, 2), lambda: kl.Resizing(24, 14, interpolation="bicubic"), conv(2))),
    "resizing down, against aliasing": Graph(
        build=path((30, 40, 2), lambda: kl.Resizing(12, 16, interpolation="bilinear", antialias=True), conv(2))
    ),
    "resizing, lanczos": Graph(
        build=path((30, 40, 2), lambda: kl.Resizing(45, 20, interpolation="lanczos3"), conv(2)),
        runs_on=frozenset({"tensorflow", "jax"}),
    ),
    "resizing, cropped to the aspect ratio": Graph(
        build=path((20, 40, 2), lambda: kl.Resizing(10, 10, crop_to_aspect_ratio=True, name="resize")),
    ),
    "resizing, padded to the aspect ratio": Graph(
        build=path((20, 40, 2), lambda: kl.Resizing(10, 10, pad_to_aspect_ratio=True, name="resize")),
    ),
    # Rearrangement
    "depth to space": Graph(build=sub_pixels),
    "space to depth": Graph(build=blocks_as_channels),
    "pixel shuffle by reshapes": Graph(build=shuffled, dims={"cut": (1, 2), "move": (1, 3)}),
    "patches by reshapes": Graph(build=patches, dims={"cut": (1, 3), "move": (1, 2)}),
    "tokens": Graph(
        build=tokens, dims={"tokens": (None, None), "norm": (None, None), "mix": (None, None)}, crowded=frozenset()
    ),
    "turned": Graph(build=turned, dims={"turn": (2, 1), "conv": (2, 1)}),
    "transposed by operation": Graph(
        build=transposed_by_operation,
        dims={"transpose": (2, 1), "conv": (2, 1), "expand_dims": (3, 2), "squeeze": (2, 1), "expand_dims_1": (2, 1)},
    ),
    "flattened and back": Graph(
        build=path(
            (12, 14, 2),
            conv(3, padding="same"),
            lambda: kl.Flatten(name="flat"),
            lambda: kl.Reshape((12, 14, 2)),
            conv(3),
        )
    ),
    "window over tokens": Graph(
        build=path(
            (8, 10, 2),
            conv(3, padding="same"),
            lambda: kl.Reshape((80, 2), name="tokens"),
            lambda: kl.Conv1D(2, 3, name="window"),
        ),
        dims={"tokens": (None, None), "window": (None, None)},
        unknown=frozenset({"window"}),
    ),
    "mixer": Graph(
        build=mixer,
        dims={"turn": (2, 3), "tokens": (None, None), "mix": (None, None), "back": (None, None)},
    ),
    "rows mixed": Graph(
        build=path(
            (10, 13, 2),
            conv(3),
            lambda: kl.EinsumDense("abcd,be->aecd", output_shape=(6, 11, 2), name="mix"),
            conv(2),
        )
    ),
    "rows mixed and moved": Graph(
        build=rows_mixed_and_moved,
        dims={"mix": (3, 1), "along": (3, 1)},
    ),
    # Everything seen
    "squeeze and excite": Graph(build=gated(True), near=gated(False)),
    "gated by means": Graph(build=gated_by_means(True), near=gated_by_means(False)),
    "group normalization": Graph(build=group_normalized(2), near=group_normalized(None)),
    "instance normalization": Graph(build=group_normalized(-1), near=group_normalized(None)),
    "normalization of each position": Graph(build=normalized_by_position),
    "global pooling": Graph(build=global_head),
    "global pooling, dimensions kept": Graph(build=kept_dims),
    "flatten and dense": Graph(build=flattened),
    "one axis gathered": Graph(build=one_axis_gathered, dims={"max": (1, None), "along": (1, None)}),
    "one position for all": Graph(build=one_position_for_all, drifting=frozenset({"gate", "behind"})),
    "one column for all": Graph(build=one_column_for_all, drifting=frozenset({"spread"})),
    "stretched off center": Graph(build=stretched_off_center, period=2),
    "stretched in three ways": Graph(build=stretched_in_three_ways, period=4),
    "every second position": Graph(build=every_second_position),
    "parts of a map": Graph(build=parts_of_a_map),
    "the first row twice": Graph(
        build=first_row_twice,
        drifting=frozenset({"concatenate", "behind"}),
        crowded=frozenset({"get_item"}),
    ),
    "one row picked": Graph(
        build=one_row_picked, dims={"get_item": (None, 1), "expand_dims": (None, 2), "along": (None, 2)}
    ),
    "operations that merge": Graph(build=sliced),
    "squeezed by a pooling of the map's size": Graph(
        build=pooled_gate(True), near=pooled_gate(False), crowded=frozenset({"pool", "excite"})
    ),
    # Larger than the input
    "larger than the input": Graph(
        build=path((8, 10, 2), *[conv(5, padding="same", name=f"conv{i}") for i in range(4)]),
        crowded=frozenset({"conv1", "conv2", "conv3"}),
    ),
    # In sizes that the dilated taps exhaust: over 14 columns, no position would see the first and the last one.
    "larger than the input, dilated": Graph(
        build=path((9, 13, 2), *[conv(3, padding="same", dilation_rate=4, name=f"conv{i}") for i in range(3)]),
        crowded=frozenset({"conv1", "conv2"}),
    ),
    "larger than the input, strided": Graph(
        build=path((11, 17, 2), *[conv(3, padding="same", strides=2, name=f"conv{i}") for i in range(4)]),
        crowded=frozenset({"conv2", "conv3"}),
    ),
    "larger than the input, stretched": Graph(
        build=path(
            (7, 8, 2),
            *[conv(5, padding="same", name=f"conv{i}") for i in range(2)],
            lambda: kl.UpSampling2D(3, name="up"),
            conv(3, padding="same", name="conv2"),
            conv(4, strides=2, name="conv3"),
        ),
        crowded=frozenset({"conv1", "up", "conv2", "conv3"}),
    ),
    # Structure
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
