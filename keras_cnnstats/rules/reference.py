"""Rules of the reference layers, registered as a user would register them."""

from fractions import Fraction
from math import gcd
from typing import Any

from keras_cnnstats import layers
from keras_cnnstats.field import Reach
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    Convolution,
    Pooling,
    Primitive,
    Rearrangement,
    Resampling,
    Size,
    Slide,
    Stretch,
    TransposedConvolution,
    Upwindow,
    Window,
    share,
)
from keras_cnnstats.rules.activations import activation, softmax
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding, transposed


class PaddedWindow(Window):
    """A window over an input with as many positions of padding on both sides: `padding` is their number."""

    __slots__ = ()

    @property
    def total_padding(self) -> Size:
        """Positions of padding on both sides together."""
        return 2 * int(self.padding)


class CutUpwindow(Upwindow):
    """A window of a transposed convolution of which as many outputs are cut off on both sides: `padding`."""

    __slots__ = ()

    @property
    def expected_positions(self) -> Size:
        """Positions of the output: `(n - 1) * s + k - 2p`, and what is added behind."""
        if self.size is None:
            return None
        return (self.size - 1) * self.stride + self.extent - 2 * self.before + (self.output_padding or 0)

    @property
    def before(self) -> int:
        """Output positions cut off in front."""
        return int(self.padding)


class CornerAligned(Resampling):
    """A resampling that keeps the corner values at the corners: output `i` lies at `i * (n - 1) / (m - 1)`."""

    __slots__ = ()

    @property
    def spread(self) -> Slide:
        return Slide(tuple(_aligned_reach(n, m) for n, m in zip(self.sizes, self.positions, strict=True)))


def _aligned_reach(size: Size, positions: Size) -> Reach | None:
    if size is None or positions is None:
        return None
    steps, gaps = max(positions - 1, 1), size - 1
    common = gcd(gaps, steps)
    spans = []
    for output in range(steps // common):
        place = Fraction(output * gaps, steps)
        first = int(place)
        # On a known value the three others have no weight.
        spans.append((first, first) if place == first else (first - 1, first + 2))
    return Reach(tuple(spans), gaps // common)


def _windows(call: Call, kernel: tuple[int, ...], dilation: int | tuple[int, ...] = 1) -> tuple[Window, ...]:
    layer, x, y = call.layer, call.input, call.output
    windows = sliding(x, y, kernel, layer.strides, layer.padding, dilation)
    if isinstance(layer.padding, str):
        return windows
    margins = zip(windows, layer.padding, strict=True)
    return tuple(PaddedWindow(*window._replace(padding=margin)) for window, margin in margins)


@rule(layers.ReferenceConv1D, layers.ReferenceConv2D, layers.ReferenceConv3D)
def convolution(call: Call) -> list[Primitive]:
    """Each output: the products of a window with a kernel over the channels of a group, their sum, a bias."""
    layer, x, y = call.layer, call.input, call.output
    windows = _windows(call, layer.kernel_size, layer.dilation_rate)
    products = Convolution(
        windows=windows, c_in=x.channels, c_out=layer.filters, groups=layer.groups, bias=layer.use_bias
    )
    return [products, *activation(layer.activation, y)]


@rule(layers.ReferenceDepthwiseConv2D)
def depthwise_convolution(call: Call) -> list[Primitive]:
    """Each input channel with `depth_multiplier` kernels of its own."""
    layer, x, y = call.layer, call.input, call.output
    windows = _windows(call, layer.kernel_size, layer.dilation_rate)
    return [
        Convolution.depthwise(windows, x.channels, layer.depth_multiplier, layer.use_bias),
        *activation(layer.activation, y),
    ]


@rule(layers.ReferenceSeparableConv2D)
def separable_convolution(call: Call) -> list[Primitive]:
    """A depthwise convolution, then a 1x1 convolution that mixes the channels."""
    layer, x, y = call.layer, call.input, call.output
    windows = _windows(call, layer.kernel_size, layer.dilation_rate)
    depthwise = Convolution.depthwise(windows, x.channels, layer.depth_multiplier)
    pointwise = Convolution(
        windows=sliding(y, y, 1, 1, "valid"), c_in=depthwise.c_out, c_out=layer.filters, bias=layer.use_bias
    )
    return [depthwise, pointwise, *activation(layer.activation, y)]


@rule(layers.ReferenceConv2DTranspose)
def transposed_convolution(call: Call) -> list[Primitive]:
    """Each input times a kernel is added to the output: the products with the zeros between them are none."""
    layer, x, y = call.layer, call.input, call.output
    windows = transposed(
        x, y, layer.kernel_size, layer.strides, layer.padding, layer.output_padding, layer.dilation_rate
    )
    if not isinstance(layer.padding, str):
        margins = zip(windows, layer.padding, strict=True)
        windows = tuple(CutUpwindow(*window._replace(padding=margin)) for window, margin in margins)
    return [
        TransposedConvolution(windows=windows, c_in=x.channels, c_out=layer.filters, bias=layer.use_bias),
        *activation(layer.activation, y),
    ]


@rule(
    layers.ReferenceMaxPooling1D,
    layers.ReferenceMaxPooling2D,
    layers.ReferenceMaxPooling3D,
    layers.ReferenceAveragePooling1D,
    layers.ReferenceAveragePooling2D,
    layers.ReferenceAveragePooling3D,
)
def pooling(call: Call) -> list[Primitive]:
    """The largest value, or the mean, of each window."""
    average = call.layer.pool_mode == "average"
    return [Pooling(windows=_windows(call, call.layer.pool_size), channels=call.input.channels, average=average)]


@rule(layers.PixelShuffle)
def pixel_shuffle(call: Call) -> list[Primitive]:
    """Blocks of channels become positions."""
    return [Rearrangement(Stretch(call.layer.upscale_factor, grow=True))]


@rule(layers.PixelUnshuffle)
def pixel_unshuffle(call: Call) -> list[Primitive]:
    """Blocks of positions become channels."""
    return [Rearrangement(Stretch(call.layer.downscale_factor, grow=False))]


@rule(layers.SubPixelConv2D)
def sub_pixel_convolution(call: Call) -> list[Primitive]:
    """A convolution to `upscale_factor ** 2` channels for each filter, which then become positions."""
    layer, x, y = call.layer, call.input, call.output
    windows = tuple(
        window._replace(positions=share(window.positions, layer.upscale_factor))
        for window in _windows(call, layer.kernel_size, layer.dilation_rate)
    )
    products = Convolution(
        windows=windows, c_in=x.channels, c_out=layer.filters, groups=layer.groups, bias=layer.use_bias
    )
    shuffle = Rearrangement(Stretch(layer.upscale_factor, grow=True))
    return [products, shuffle, *activation(layer.activation, y)]


@rule(layers.BicubicUpSampling2D)
def bicubic_up_sampling(call: Call) -> list[Primitive]:
    """Each value a weighted sum of the 4x4 nearest ones."""
    layer, x, y = call.layer, call.input, call.output
    kind = CornerAligned if layer.align_corners else Resampling
    factors = None if layer.align_corners else layer.size
    return [kind(sizes=x.spatial, positions=y.spatial, channels=x.channels, interpolation="bicubic", factors=factors)]


@rule(layers.StableSoftmax)
def stable_softmax(call: Call) -> list[Primitive]:
    """Shares that add up to 1 along one axis, or along several."""
    return softmax(call.input, call.layer.axis)


@rule(layers.DilatedBlock1D, layers.DilatedBlock2D)
def dilated_block(call: Call) -> list[Primitive]:
    """Convolutions one behind the other, each twice as far apart as the one before."""
    first, *others = call.layer.convolutions
    filters = call.layer.filters
    steps = [_dilated(call, first, call.input.channels), *(_dilated(call, each, filters) for each in others)]
    return [primitive for step in steps for primitive in step]


def _dilated(call: Call, layer: Any, channels: int) -> list[Primitive]:
    y = call.output
    windows = sliding(y, y, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    products = Convolution(windows=windows, c_in=channels, c_out=layer.filters, bias=layer.use_bias)
    return [products, *activation(layer.activation, y)]
