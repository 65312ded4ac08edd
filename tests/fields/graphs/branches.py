"""Networks whose branches meet: aligned, off center, at different jumps, stretched in between."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers as kl
from keras import ops

from tests.fields.graphs.graph import Graph, branching


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


BRANCHES: dict[str, Graph] = {
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
    "stretched off center": Graph(build=stretched_off_center, period=2),
    "stretched in three ways": Graph(build=stretched_in_three_ways, period=4),
    "operations that merge": Graph(build=sliced),
}
