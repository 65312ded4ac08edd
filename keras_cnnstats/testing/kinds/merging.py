"""Layers that merge branches, and the blocks that networks are built of."""

from keras_cnnstats.testing.kinds.registry import ANY, MAPS, kind
from keras_cnnstats.testing.pen import Pen, tensors
from keras_cnnstats.testing.records import Tensor

MERGES = ("Add", "Multiply", "Maximum", "Minimum", "Average", "Subtract")


def beside(pen: Pen, x: int) -> int | None:
    """A tensor of the same shape: one that is there, or one that a new layer makes."""
    there = pen.latest(lambda each: each != x and alike(pen, each, x))
    if there is not None and pen.maybe(2):
        return there
    return keeping(pen, x)


def alike(pen: Pen, one: int, other: int) -> bool:
    """Whether two tensors have the same shape and precision."""
    return pen.shape(one) == pen.shape(other) and pen.dtype_of(one) == pen.dtype_of(other)


def keeping(pen: Pen, x: int) -> int | None:
    """A new layer with weights that keeps the shape."""
    rank = pen.rank(x)
    if rank in (1, 2, 3) and pen.maybe(2):
        kernel = pen.integer(1, 3)
        return pen.layer(
            f"Conv{rank}D", Tensor(x), filters=pen.channels(x), kernel_size=kernel, padding="same", **pen.layout
        )
    return pen.layer("Dense", Tensor(x), units=pen.shape(x)[-1])


@kind("merging", ANY)
def merging(pen: Pen, x: int) -> int | None:
    """Two or three branches of one shape, added, multiplied, ..."""
    name = pen.either(*MERGES)
    branches = [x]
    for _ in range(1 if name == "Subtract" else pen.integer(1, 2)):
        branch = beside(pen, x)
        if branch is None:
            return None
        branches.append(branch)
    return pen.layer(name, tensors(*branches))


@kind("merging", ANY)
def concatenation(pen: Pen, x: int) -> int | None:
    """Branches beside each other, along any axis."""
    other = beside(pen, x)
    axis = pen.either(pen.channel_axis, pen.integer(1, len(pen.shape(x)))) if len(pen.shape(x)) > 1 else -1
    return None if other is None else pen.layer("Concatenate", tensors(x, other), axis=None if axis == -1 else axis)


@kind("merging", (1, 2))
def dot(pen: Pen, x: int) -> int | None:
    """Dot: products of two tensors over one axis."""
    other = beside(pen, x)
    axis = pen.integer(1, len(pen.shape(x)))
    return None if other is None else pen.layer("Dot", tensors(x, other), axes=axis)


@kind("block", MAPS)
def residual(pen: Pen, x: int) -> int | None:
    """Two convolutions and the way around them."""
    rank, y = pen.rank(x), x
    for place in range(2):
        made = pen.layer(
            f"Conv{rank}D",
            Tensor(y),
            filters=pen.channels(x),
            kernel_size=pen.integer(1, 3),
            padding="same",
            activation="relu" if place == 0 else None,
            **pen.layout,
        )
        if made is None:
            return None
        y = made
    if pen.maybe(2):
        return pen.layer("Add", tensors(x, y))
    return pen.operation("{} + {}", Tensor(x), Tensor(y))


@kind("block", MAPS)
def inception(pen: Pen, x: int) -> int | None:
    """Windows of several sizes side by side."""
    rank, branches = pen.rank(x), []
    for kernel in range(1, pen.integer(2, 3) + 1):
        branch = pen.layer(
            f"Conv{rank}D", Tensor(x), filters=pen.integer(1, 3), kernel_size=kernel, padding="same", **pen.layout
        )
        if branch is not None:
            branches.append(branch)
    if len(branches) < 2:
        return None
    return pen.layer("Concatenate", tensors(*branches), axis=pen.channel_axis)


@kind("block", MAPS)
def squeeze_and_excite(pen: Pen, x: int) -> int | None:
    """Channels weighted by what the whole map holds."""
    rank = pen.rank(x)
    mean = pen.layer(f"GlobalAveragePooling{rank}D", Tensor(x), keepdims=True, **pen.layout)
    weights = (
        None
        if mean is None
        else pen.layer(
            f"Conv{rank}D", Tensor(mean), filters=pen.channels(x), kernel_size=1, activation="sigmoid", **pen.layout
        )
    )
    if weights is None:
        return None
    if pen.maybe(2):
        return pen.layer("Multiply", tensors(x, weights))
    return pen.operation("{} * {}", Tensor(x), Tensor(weights))
