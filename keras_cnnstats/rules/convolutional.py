"""Rules of convolutions."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Convolution, Primitive, TransposedConvolution, Window, convolved
from keras_cnnstats.rules.activations import activation
from keras_cnnstats.rules.adapted import adapted
from keras_cnnstats.rules.registry import rule
from keras_cnnstats.rules.windows import sliding, transposed


@rule(layers.Conv1D, layers.Conv2D, layers.Conv3D)
def convolution(call: Call) -> list[Primitive]:
    """Each output: the products of a window with a kernel over the channels of a group, their sum, a bias."""
    layer, x, y = call.layer, call.input, call.output
    windows = sliding(x, y, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    products = Convolution(
        windows=windows, c_in=x.channels, c_out=layer.filters, groups=layer.groups, bias=layer.use_bias
    )
    return [
        *convolved(adapted(layer), products, x.shape[1:]),
        *activation(layer.activation, y),
    ]


@rule(layers.DepthwiseConv1D, layers.DepthwiseConv2D)
def depthwise_convolution(call: Call) -> list[Primitive]:
    """Each input channel with `depth_multiplier` kernels of its own."""
    layer, x, y = call.layer, call.input, call.output
    windows = sliding(x, y, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    return [
        Convolution.depthwise(windows, x.channels, layer.depth_multiplier, layer.use_bias),
        *activation(layer.activation, y),
    ]


@rule(layers.SeparableConv1D, layers.SeparableConv2D)
def separable_convolution(call: Call) -> list[Primitive]:
    """A depthwise convolution, then a 1x1 convolution that mixes the channels."""
    layer, x, y = call.layer, call.input, call.output
    depthwise = Convolution.depthwise(
        sliding(x, y, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate),
        x.channels,
        layer.depth_multiplier,
    )
    pointwise = Convolution(
        windows=tuple(Window(kernel=1, size=size, positions=size) for size in y.spatial),
        c_in=depthwise.c_out,
        c_out=layer.filters,
        bias=layer.use_bias,
    )
    return [depthwise, pointwise, *activation(layer.activation, y)]


@rule(layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
def transposed_convolution(call: Call) -> list[Primitive]:
    """Each input times a kernel is added to the output, `strides` positions further for the next input."""
    layer, x, y = call.layer, call.input, call.output
    windows = transposed(
        x, y, layer.kernel_size, layer.strides, layer.padding, layer.output_padding, layer.dilation_rate
    )
    return [
        TransposedConvolution(windows=windows, c_in=x.channels, c_out=layer.filters, bias=layer.use_bias),
        *activation(layer.activation, y),
    ]
