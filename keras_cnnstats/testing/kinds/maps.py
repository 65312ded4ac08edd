"""Layers that stretch, cut and turn maps."""

from keras_cnnstats.testing.kinds.registry import ANY, MAPS, kind, scalar
from keras_cnnstats.testing.kinds.windows import per_axis
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import Tensor, Value


@kind("upsampling", MAPS)
def upsampling(pen: Pen, x: int) -> int | None:
    """UpSampling1D to 3D, in 2-D in any way of interpolating."""
    rank = pen.rank(x)
    if rank == 1:
        return pen.layer("UpSampling1D", Tensor(x), size=pen.integer(1, 3))
    size = scalar(per_axis(pen, rank, 1, 2))
    how = pen.either(None, "bilinear", "bicubic", "lanczos3", "lanczos5") if rank == 2 else None
    return pen.layer(f"UpSampling{rank}D", Tensor(x), size=size, interpolation=how, **pen.layout)


@kind("resizing", (3,))
def resizing(pen: Pen, x: int) -> int | None:
    """Resizing to a size that is no multiple."""
    return pen.layer(
        "Resizing",
        Tensor(x),
        height=pen.integer(1, 12),
        width=pen.integer(1, 12),
        interpolation=pen.either(None, "nearest", "bicubic", "lanczos3"),
        crop_to_aspect_ratio=True if pen.maybe(5) else None,
        **pen.layout,
    )


@kind("cropping", MAPS)
def cropping(pen: Pen, x: int) -> int | None:
    """Cropping1D to 3D."""
    before = [pen.integer(0, max(0, (size - 1) // 2)) for size in pen.sizes(x)]
    after = [pen.integer(0, max(0, (size - 1) // 2)) for size in pen.sizes(x)]
    layout = pen.layout if pen.rank(x) > 1 else {}
    if pen.rank(x) == 1 and pen.channels_first:
        return None
    return pen.layer(f"Cropping{pen.rank(x)}D", Tensor(x), cropping=_pairs(before, after), **layout)


@kind("zero padding", MAPS)
def zero_padding(pen: Pen, x: int) -> int | None:
    """ZeroPadding1D to 3D."""
    before, after = per_axis(pen, pen.rank(x), 0, 2), per_axis(pen, pen.rank(x), 0, 2)
    return pen.layer(f"ZeroPadding{pen.rank(x)}D", Tensor(x), padding=_pairs(before, after), **pen.layout)


def _pairs(before: list[int] | tuple[int, ...], after: list[int] | tuple[int, ...]) -> Value:
    pairs = tuple(zip(before, after, strict=True))
    return pairs[0] if len(pairs) == 1 else pairs


@kind("reshape", ANY)
def reshape(pen: Pen, x: int) -> int | None:
    """Reshape: two axes become one, or one becomes two."""
    shape = pen.shape(x)
    axis = pen.integer(0, len(shape) - 1)
    if len(shape) > 1 and pen.maybe(2):
        axis = min(axis, len(shape) - 2)
        target = (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])
    else:
        divisors = [each for each in range(1, shape[axis] + 1) if shape[axis] % each == 0]
        first = pen.either(*divisors)
        target = (*shape[:axis], first, shape[axis] // first, *shape[axis + 1 :])
    return pen.layer("Reshape", Tensor(x), target_shape=target) if len(target) < 5 else None


@kind("reshape", MAPS)
def permute(pen: Pen, x: int) -> int | None:
    """Permute: axes in another order."""
    axes = list(range(1, len(pen.shape(x)) + 1))
    order = tuple(axes.pop(pen.integer(0, len(axes) - 1)) for _ in range(len(axes)))
    return pen.layer("Permute", Tensor(x), dims=order)


@kind("reshape", MAPS)
def flatten(pen: Pen, x: int) -> int | None:
    """Flatten, and often a dense layer behind it, so that what comes stays small."""
    flat = pen.layer("Flatten", Tensor(x), **pen.layout)
    return pen.layer("Dense", Tensor(flat), units=pen.integer(1, 12)) if flat is not None and pen.maybe(2) else flat


@kind("reshape", (1,))
def repeat(pen: Pen, x: int) -> int | None:
    """RepeatVector: a sequence of one vector."""
    return pen.layer("RepeatVector", Tensor(x), n=pen.integer(1, 8))
