"""Operations between layers: functions of `keras.ops` and expressions."""

from math import prod

from keras_cnnstats.testing.kinds.merging import beside
from keras_cnnstats.testing.kinds.registry import ANY, MAPS, kind
from keras_cnnstats.testing.pen import Pen, tensors
from keras_cnnstats.testing.records import Tensor, Value

OF_ONE = (
    "relu",
    "abs",
    "square",
    "sqrt",
    "exp",
    "log1p",
    "tanh",
    "sigmoid",
    "erf",
    "negative",
    "sign",
    "floor",
    "round",
    "sin",
    "cos",
    "gelu",
    "silu",
    "softplus",
    "leaky_relu",
    "hard_sigmoid",
    "rsqrt",
    "reciprocal",
    "expm1",
    "log_sigmoid",
    "copy",
    "stop_gradient",
    "zeros_like",
)
OF_TWO = ("add", "multiply", "subtract", "maximum", "minimum", "divide", "logaddexp", "power", "arctan2", "hypot")
EXPRESSIONS = ("{} + {}", "{} * {}", "{} - {}", "{} / {}", "{} + 2 * {}", "{} ** 2 - {}")
WITH_NUMBERS = ("{} + 1.0", "{} * 0.5", "2.0 / ({} + 3.0)", "1.0 - {}", "-{}", "{} ** 2", "abs({})")
REDUCTIONS = ("mean", "sum", "max", "min", "prod", "std", "var", "logsumexp")


@kind("operation of one", ANY)
def of_one(pen: Pen, x: int) -> int | None:
    """A function of each element."""
    return pen.operation(pen.either(*OF_ONE), Tensor(x))


@kind("operation of one", ANY)
def with_number(pen: Pen, x: int) -> int | None:
    """An expression with a number."""
    return pen.operation(pen.either(*WITH_NUMBERS), Tensor(x))


@kind("operation of one", ANY)
def clipped(pen: Pen, x: int) -> int | None:
    """Values held between two numbers, or zero where they are negative."""
    if pen.maybe(2):
        return pen.operation("where", Tensor(over(pen, x)), Tensor(x), 0.0)
    return pen.operation("clip", Tensor(x), -1.0, 1.0)


def over(pen: Pen, x: int) -> int:
    """Where a tensor is positive."""
    compared = pen.operation("{} > 0", Tensor(x))
    return x if compared is None else compared


@kind("operation of two", ANY)
def of_two(pen: Pen, x: int) -> int | None:
    """A function of two tensors of one shape, or the same as an expression."""
    other = beside(pen, x)
    if other is None:
        return None
    return pen.operation(pen.either(*EXPRESSIONS, *OF_TWO), Tensor(x), Tensor(other))


@kind("operation of two", MAPS)
def spread(pen: Pen, x: int) -> int | None:
    """A map and its mean over some axes."""
    axes = axes_of(pen, x)
    mean = pen.operation("mean", Tensor(x), axis=axes, keepdims=True)
    return None if mean is None else pen.operation(pen.either("{} - {}", "{} * {}"), Tensor(x), Tensor(mean))


def axes_of(pen: Pen, x: int) -> Value:
    """One axis, or two."""
    axes = len(pen.shape(x))
    first = pen.integer(1, axes)
    second = pen.integer(1, axes)
    return first if first == second or pen.maybe(2) else tuple(sorted((first, second)))


@kind("reduction", MAPS)
def reduction(pen: Pen, x: int) -> int | None:
    """The mean, sum, maximum, ... over one axis or two."""
    name = pen.either(*REDUCTIONS)
    return pen.operation(name, Tensor(x), axis=axes_of(pen, x), keepdims=True if pen.maybe(3) else None)


@kind("reduction", ANY)
def along(pen: Pen, x: int) -> int | None:
    """Sums, softmax, order and the like along one axis."""
    name = pen.either("softmax", "cumsum", "log_softmax", "normalize", "sort", "flip", "cumprod")
    return pen.operation(name, Tensor(x), axis=pen.integer(1, len(pen.shape(x))))


@kind("rearrangement", MAPS)
def transposed(pen: Pen, x: int) -> int | None:
    """Axes in another order, the batch first."""
    axes = list(range(1, len(pen.shape(x)) + 1))
    if pen.maybe(2):
        return pen.operation("swapaxes", Tensor(x), pen.either(*axes), pen.either(*axes))
    order = tuple(axes.pop(pen.integer(0, len(axes) - 1)) for _ in range(len(axes)))
    return pen.operation("transpose", Tensor(x), axes=(0, *order))


@kind("rearrangement", ANY)
def padded(pen: Pen, x: int) -> int | None:
    """Margins, of zeros or of what lies inside."""
    margins = tuple((pen.integer(0, 1), pen.integer(0, 2)) for _ in pen.shape(x))
    mode = pen.either(None, "reflect", "symmetric") if min(pen.shape(x)) > 2 else None
    return pen.operation("pad", Tensor(x), ((0, 0), *margins), mode=mode)


@kind("rearrangement", ANY)
def joined(pen: Pen, x: int) -> int | None:
    """Two tensors beside each other, or on top of each other."""
    other = beside(pen, x)
    if other is None:
        return None
    if len(pen.shape(x)) < 4 and pen.maybe(3):
        return pen.operation("stack", tensors(x, other), axis=pen.integer(1, len(pen.shape(x))))
    return pen.operation("concatenate", tensors(x, other), axis=pen.integer(1, len(pen.shape(x))))


@kind("rearrangement", MAPS)
def piece(pen: Pen, x: int) -> int | None:
    """A slice, also with steps, or one position."""
    before = ":, " * pen.integer(1, len(pen.shape(x)))
    return pen.operation(f"{{}}[{before}{pen.either('1:', ':-1', '::2', '0', '-2:')}]", Tensor(x))


@kind("rearrangement", ANY)
def parts_of(pen: Pen, x: int) -> int | None:
    """One of two halves along the last axis."""
    if pen.shape(x)[-1] % 2:
        return None
    halves = pen.operation("split", Tensor(x), 2, axis=-1)
    if halves is None:
        return None
    if not pen.maybe(2):
        return pen.operation(f"{{}}[{pen.integer(0, 1)}]", Tensor(halves))
    one, other = pen.operation("{}[0]", Tensor(halves)), pen.operation("{}[1]", Tensor(halves))
    assert one is not None
    assert other is not None
    return pen.operation("{} * keras.ops.sigmoid({})", Tensor(one), Tensor(other))


@kind("rearrangement", ANY)
def axes_changed(pen: Pen, x: int) -> int | None:
    """An axis more, an axis less, values repeated or rolled."""
    axes, axis = len(pen.shape(x)), pen.integer(1, len(pen.shape(x)))
    which = pen.integer(0, 4)
    if which == 0:
        return pen.operation("roll", Tensor(x), pen.integer(1, 3), axis=axis)
    if which == 1:
        return pen.operation("expand_dims", Tensor(x), axis=axis) if axes < 4 else None
    if which == 2:
        return pen.operation("repeat", Tensor(x), pen.integer(1, 3), axis=axis)
    if which == 3:
        return pen.operation("tile", Tensor(x), (1,) * axis + (2,) + (1,) * (axes - axis))
    ones = [number for number, size in enumerate(pen.shape(x), 1) if size == 1]
    return pen.operation("squeeze", Tensor(x), axis=pen.either(*ones)) if ones and axes > 1 else None


@kind("rearrangement", ANY)
def reshaped(pen: Pen, x: int) -> int | None:
    """All values of a sample in a row, or the last axis in two."""
    shape = pen.shape(x)
    if len(shape) > 1 and pen.maybe(2):
        return pen.operation("reshape", Tensor(x), (-1, shape[0], prod(shape[1:])))
    return pen.operation("reshape", Tensor(x), (-1, prod(shape)))


@kind("product", (2,))
def matrix_product(pen: Pen, x: int) -> int | None:
    """Each position with each other, as in attention."""
    other = beside(pen, x)
    if other is None:
        return None
    if pen.maybe(2):
        return pen.operation("einsum", pen.either("bij,bkj->bik", "bij,bik->bjk"), Tensor(x), Tensor(other))
    turned = pen.operation("transpose", Tensor(other), axes=(0, 2, 1))
    return None if turned is None else pen.operation(pen.either("matmul", "{} @ {}"), Tensor(x), Tensor(turned))


@kind("product", MAPS)
def einsum(pen: Pen, x: int) -> int | None:
    """Products over the last axis of two tensors of one shape."""
    other = beside(pen, x)
    letters = "bcdefg"[: len(pen.shape(x)) + 1]
    ways = (
        f"{letters},{letters}->{letters[:-1]}",
        f"{letters},{letters}->{letters}",
        f"{letters},{letters}->b{letters[-1]}",
    )
    return None if other is None else pen.operation("einsum", pen.either(*ways), Tensor(x), Tensor(other))


@kind("window operation", MAPS)
def pooled(pen: Pen, x: int) -> int | None:
    """Pooling as an operation."""
    size = min(2, *pen.sizes(x))
    name = pen.either("max_pool", "average_pool")
    return pen.operation(
        name, Tensor(x), size, strides=pen.integer(1, 2), padding=pen.either("valid", "same"), **pen.layout
    )


@kind("window operation", (3,))
def depth_and_space(pen: Pen, x: int) -> int | None:
    """Channels as positions, or positions as channels."""
    if pen.channels(x) % 4 == 0:
        return pen.operation("depth_to_space", Tensor(x), 2, **pen.layout)
    fits = not any(size % 2 for size in pen.sizes(x))
    return pen.operation("space_to_depth", Tensor(x), 2, **pen.layout) if fits else None
