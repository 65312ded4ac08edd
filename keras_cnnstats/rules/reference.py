"""Rules of the reference layers, registered as a user would register them.

Most of them compute what a layer of Keras computes: they are the same primitives, and one function serves both.
"""

from typing import Any

from keras_cnnstats import layers
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Convolution, Primitive, Rearrangement, Resampling, Stretch, share
from keras_cnnstats.rules import convolutional, pooling
from keras_cnnstats.rules.activations import activation, softmax
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding

rule(layers.ReferenceConv1D, layers.ReferenceConv2D, layers.ReferenceConv3D)(convolutional.convolution)
rule(layers.ReferenceDepthwiseConv2D)(convolutional.depthwise_convolution)
rule(layers.ReferenceSeparableConv2D)(convolutional.separable_convolution)
rule(layers.ReferenceConv2DTranspose)(convolutional.transposed_convolution)
rule(layers.ReferenceMaxPooling1D, layers.ReferenceMaxPooling2D, layers.ReferenceMaxPooling3D)(pooling.max_pooling)
rule(layers.ReferenceAveragePooling1D, layers.ReferenceAveragePooling2D, layers.ReferenceAveragePooling3D)(
    pooling.average_pooling
)


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
        for window in sliding(x, y, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
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
    return [
        Resampling(
            sizes=x.spatial,
            positions=y.spatial,
            channels=x.channels,
            interpolation="bicubic",
            factors=None if layer.align_corners else layer.size,
            align_corners=layer.align_corners,
        )
    ]


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
