"""Layers that slide a window over a map: convolutions and pooling, in one to three dimensions."""

from typing import Any

from keras_cnnstats.testing.kinds.registry import MAPS, kind, scalar
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import Tensor

ACTIVATIONS = (
    None,
    "relu",
    "sigmoid",
    "tanh",
    "gelu",
    "silu",
    "relu6",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "mish",
    "log_sigmoid",
    "exponential",
    "softmax",
)


def window(pen: Pen, x: int, *, strided: bool = True, dilated: bool = True, alike: bool = False) -> dict[str, Any]:
    """Arguments of a window that fits into the map.

    Args:
        pen: what draws.
        x: the map.
        strided: whether it may have a stride.
        dilated: whether it may be dilated.
        alike: whether strides and dilations have to be the same on all axes.
    """
    sizes = pen.sizes(x)
    padding = pen.either("valid", "same")
    dilations = strides = (1,) * len(sizes)
    if dilated and pen.maybe(3):
        dilations = per_axis(pen, len(sizes), 1, 3, alike)
    elif strided and pen.maybe(2):
        strides = per_axis(pen, len(sizes), 1, 3, alike)
    limits = [size if padding == "same" else (size - 1) // d + 1 for size, d in zip(sizes, dilations, strict=True)]
    kernel = tuple(pen.integer(1, max(1, min(4, limit))) for limit in limits)
    return {
        "kernel_size": scalar(kernel),
        "strides": none_of_ones(strides),
        "padding": padding if padding != "valid" else None,
        "dilation_rate": none_of_ones(dilations),
    }


def per_axis(pen: Pen, axes: int, low: int, high: int, alike: bool = False) -> tuple[int, ...]:
    """A number for each axis, often the same."""
    first = pen.integer(low, high)
    if alike or not pen.maybe(3):
        return (first,) * axes
    return (first, *[pen.integer(low, high) for _ in range(axes - 1)])


def none_of_ones(values: tuple[int, ...]) -> Any:
    """Leaves an argument out that is 1 on each axis."""
    return None if set(values) == {1} else scalar(values)


def trained(pen: Pen) -> dict[str, Any]:
    """Arguments that most layers with weights take, where they are not as usual."""
    return {
        "use_bias": False if pen.maybe(4) else None,
        "activation": pen.either(*ACTIVATIONS) if pen.maybe(3) else None,
        "trainable": False if pen.maybe(8) else None,
    }


@kind("convolution", MAPS)
def convolution(pen: Pen, x: int) -> int | None:
    """Conv1D to Conv3D, also grouped, dilated, strided and causal."""
    divisors = [each for each in range(1, pen.channels(x) + 1) if pen.channels(x) % each == 0]
    groups = pen.either(*divisors) if pen.maybe(3) else 1
    how = window(pen, x)
    if pen.rank(x) == 1 and not pen.channels_first and pen.maybe(4):
        how["padding"] = "causal"
    return pen.layer(
        f"Conv{pen.rank(x)}D",
        Tensor(x),
        filters=groups * pen.integer(1, max(1, 8 // groups)),
        **how,
        groups=groups if groups > 1 else None,
        **pen.layout,
        **trained(pen),
    )


@kind("depthwise convolution", (2, 3))
def depthwise_convolution(pen: Pen, x: int) -> int | None:
    """DepthwiseConv1D and 2D."""
    multiplier = pen.integer(1, 3)
    return pen.layer(
        f"DepthwiseConv{pen.rank(x)}D",
        Tensor(x),
        **window(pen, x, alike=True),
        depth_multiplier=multiplier if multiplier > 1 else None,
        **pen.layout,
        **trained(pen),
    )


@kind("separable convolution", (2, 3))
def separable_convolution(pen: Pen, x: int) -> int | None:
    """SeparableConv1D and 2D."""
    multiplier = pen.integer(1, 2)
    return pen.layer(
        f"SeparableConv{pen.rank(x)}D",
        Tensor(x),
        filters=pen.integer(1, 8),
        **window(pen, x, alike=True),
        depth_multiplier=multiplier if multiplier > 1 else None,
        **pen.layout,
        **trained(pen),
    )


@kind("transposed convolution", MAPS)
def transposed_convolution(pen: Pen, x: int) -> int | None:
    """Conv1DTranspose to Conv3DTranspose."""
    return pen.layer(
        f"Conv{pen.rank(x)}DTranspose",
        Tensor(x),
        filters=pen.integer(1, 6),
        **window(pen, x),
        **pen.layout,
        **trained(pen),
    )


@kind("pooling", MAPS)
def pooling(pen: Pen, x: int) -> int | None:
    """Maximum and average pooling, with strides that need not be the window's size."""
    how = window(pen, x, strided=False, dilated=False)
    how["pool_size"] = how.pop("kernel_size")
    if pen.maybe(2):
        how["strides"] = scalar(per_axis(pen, pen.rank(x), 1, 3))
    return pen.layer(f"{pen.either('Max', 'Average')}Pooling{pen.rank(x)}D", Tensor(x), **how, **pen.layout)


@kind("global pooling", MAPS)
def global_pooling(pen: Pen, x: int) -> int | None:
    """The maximum or the mean of a map."""
    name = f"Global{pen.either('Average', 'Max')}Pooling{pen.rank(x)}D"
    return pen.layer(name, Tensor(x), keepdims=True if pen.maybe(2) else None, **pen.layout)


@kind("adaptive pooling", MAPS)
def adaptive_pooling(pen: Pen, x: int) -> int | None:
    """Pooling to a size that need not divide the map's."""
    if min(pen.sizes(x)) < 2:
        return None  # TensorFlow cannot trace a window over all positions
    size = tuple(pen.integer(2, min(5, size)) for size in pen.sizes(x))
    return pen.layer(
        f"Adaptive{pen.either('Average', 'Max')}Pooling{pen.rank(x)}D",
        Tensor(x),
        output_size=scalar(size),
        **pen.layout,
    )
