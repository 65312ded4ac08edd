"""Networks whose positions move: become channels and come back, change axes, are mixed, cut out or picked."""

from typing import Any

from keras import layers as kl
from keras import ops

from tests.fields.graphs.graph import Graph, branching, conv, path

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


@branching((10, 13, 2))
def rows_mixed_and_moved(x: Any) -> Any:
    x = kl.EinsumDense("abcd,be->acde", output_shape=(13, 2, 5), name="mix")(kl.Conv2D(2, 3, padding="same")(x))
    return kl.Conv2D(2, (3, 1), name="along")(x)


# Parts of a map


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


REARRANGED: dict[str, Graph] = {
    "depth to space": Graph(build=sub_pixels),
    "space to depth": Graph(build=blocks_as_channels),
    "pixel shuffle by reshapes": Graph(build=shuffled, dims={"cut": (1, 2), "move": (1, 3)}),
    "patches by reshapes": Graph(build=patches, dims={"cut": (1, 3), "move": (1, 2)}),
    "tokens": Graph(build=tokens, dims={"tokens": (None, None), "norm": (None, None), "mix": (None, None)}),
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
    # Parts of a map
    "every second position": Graph(build=every_second_position),
    "parts of a map": Graph(build=parts_of_a_map),
    "padded by nothing": Graph(build=path((10, 12, 2), conv(3), lambda: lambda x: ops.pad(x, [[0, 0]] * 4), conv(3))),
    "the first row twice": Graph(
        build=first_row_twice,
        drifting=frozenset({"concatenate", "behind"}),
        crowded=frozenset({"get_item"}),
    ),
    "one row picked": Graph(
        build=one_row_picked, dims={"get_item": (None, 1), "expand_dims": (None, 2), "along": (None, 2)}
    ),
}
