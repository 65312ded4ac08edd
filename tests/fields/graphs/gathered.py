"""Networks that gather an axis: statistics over all positions, heads, gates, and windows as large as the map."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers as kl
from keras import ops

from tests.fields.graphs.graph import Graph, branching

# Statistics over all positions, which may be left out


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


# Statistics that stay


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


@branching((9, 9, 2))
def one_position_for_all(x: Any) -> Any:
    y = kl.DepthwiseConv2D(9, name="all")(x)
    return kl.Conv2D(2, 3, name="behind")(kl.Multiply(name="gate")([x, y]))


@branching((14, 18, 2))
def one_column_for_all(x: Any) -> Any:
    y = kl.Conv2D(2, (3, 7), padding="valid")(x)
    y = kl.Cropping2D(((0, 0), (4, 7)), name="column")(y)
    return kl.Add(name="spread")([kl.Cropping2D(((1, 1), (0, 0)))(x), y])


GATHERED: dict[str, Graph] = {
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
    "squeezed by a pooling of the map's size": Graph(
        build=pooled_gate(True), near=pooled_gate(False), crowded=frozenset({"pool", "excite"})
    ),
}
