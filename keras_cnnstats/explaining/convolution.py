"""Convolutions: what one filter sees, the kernel for each input channel, and what it makes of each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import layers, ops

from keras_cnnstats.explaining.records import Box, Values
from keras_cnnstats.explaining.windows import agree, margins, seen_by_taps, surrounded, window_at, with_zeros
from keras_cnnstats.layers.axes import Axis, axes_of
from keras_cnnstats.layers.maps import channels_last, in_format
from keras_cnnstats.layers.transposed import UpAxis, up_axes_of


class Filter(NamedTuple):
    """One filter of a convolution.

    Attributes:
        channels: numbers of the input channels that it sees.
        kernels: the kernel for each of them, `(*taps, channels)`.
        axes: the window on each axis.
        up: of a transposed convolution, the window on each axis; `axes` then are those of the plain convolution.
    """

    channels: tuple[int, ...]
    kernels: Values
    axes: tuple[Axis, ...]
    up: tuple[UpAxis, ...] = ()

    def spread(self, inputs: Values) -> Values | None:
        """Of a transposed convolution, the inputs with zeros between and around them."""
        if not self.up:
            return None
        return surrounded(with_zeros(inputs, [axis.stride for axis in self.up]), [axis.margins for axis in self.up])

    def window(self, inputs: Values, position: Sequence[int]) -> Box:
        """What the output at a position sees of the inputs, or of those with zeros between them."""
        around = [(0, 0)] * len(self.up) if self.up else margins(inputs, self.axes)
        return window_at(position, self.axes, around)

    def intermediates(self, inputs: Values) -> Values:
        """Each input channel convolved with its kernel: for each tap, shift, multiply, add up."""
        apart = self.spread(inputs)
        x = surrounded(inputs, margins(inputs, self.axes)) if apart is None else apart
        return np.asarray(sum(seen * self.kernels[tap] for tap, seen in seen_by_taps(x, self.axes)))


class Convolved(NamedTuple):
    """What a convolution makes of a map, step by step: see `ConvolutionExplanation`."""

    inputs: Values
    channels: tuple[int, ...]
    apart: Values | None
    kernels: Values
    intermediates: Values
    bias: float
    sum: Values
    activation: str
    window: Box | None


def is_convolution(layer: Any) -> bool:
    """Returns whether a layer is one whose filters are known here."""
    return isinstance(layer, tuple(kind for kinds in _READ for kind in kinds))


def convolved(layer: Any, x: Values, channel: int, position: Sequence[int] | None = None) -> Convolved:
    """Returns the steps that make one output channel.

    Args:
        layer: a convolution (see `is_convolution`).
        x: the map, `(*positions, channels)`.
        channel: number of the output channel.
        position: of the output whose window is wanted.
    """
    filter_ = next(read(layer, channel) for kinds, read in _READ.items() if isinstance(layer, kinds))
    inputs = x[..., list(filter_.channels)]
    intermediates = filter_.intermediates(inputs)
    bias = float(_numbers(layer, layer.bias)[channel]) if layer.use_bias else 0.0
    return Convolved(
        inputs=inputs,
        channels=filter_.channels,
        apart=filter_.spread(inputs),
        kernels=filter_.kernels,
        intermediates=intermediates,
        bias=bias,
        sum=intermediates.sum(axis=-1) + bias,
        activation=getattr(layer.activation, "__name__", type(layer.activation).__name__),
        window=filter_.window(inputs, position) if position else None,
    )


def makes(layer: Any, x: Values, steps: Convolved, channel: int, outputs: Values) -> bool:
    """Returns whether the activation of the sum is what Keras computed: a layer may write its own `call`."""
    scale = float(np.abs(steps.intermediates).sum(axis=-1).max(initial=0.0)) + abs(steps.bias)
    if steps.sum.shape != outputs.shape[:-1]:
        return False
    # Twice: Keras warns of a softmax over one channel.
    twice = np.stack([steps.sum, steps.sum], axis=-1)
    if agree(_activated(layer, twice)[..., 0], outputs[..., channel], scale):
        return True
    # Of softmax and its like, one channel is made of the sums of all.
    sums = np.stack([convolved(layer, x, each).sum for each in range(outputs.shape[-1])], axis=-1)
    return agree(_activated(layer, sums), outputs, scale)


def _activated(layer: Any, sums: Values) -> Values:
    """The activation of sums, which it takes in the layer's data format."""
    made = layer.activation(in_format(ops.convert_to_tensor(sums[None], layer.compute_dtype), layer.data_format))
    values: Values = np.asarray(ops.convert_to_numpy(channels_last(made, layer.data_format)), np.float64)[0]
    return values


def _plain(layer: Any, channel: int) -> Filter:
    """A filter sees the channels of its group, which are all where there is one group."""
    kernel = _numbers(layer, layer.kernel)
    seen = kernel.shape[-2]
    first = channel // (kernel.shape[-1] // layer.groups) * seen
    return Filter(tuple(range(first, first + seen)), kernel[..., channel], _axes(layer))


def _depthwise(layer: Any, channel: int) -> Filter:
    """Each input channel has filters of its own."""
    kernel = _numbers(layer, layer.kernel)
    own, nth = divmod(channel, kernel.shape[-1])
    return Filter((own,), kernel[..., own, nth, None], _axes(layer))


def _separable(layer: Any, channel: int) -> Filter:
    """Of each input channel, the sum of its depthwise kernels, times what the 1x1 convolution makes of them."""
    depthwise, pointwise = _numbers(layer, layer.depthwise_kernel), _numbers(layer, layer.pointwise_kernel)
    seen = depthwise.shape[-2]
    weights = pointwise[..., channel].reshape(depthwise.shape[-2:])
    return Filter(tuple(range(seen)), np.sum(depthwise * weights, axis=-1), _axes(layer))


def _transposed(layer: Any, channel: int) -> Filter:
    """Zeros are put between the inputs; then a plain convolution with the kernel turned round."""
    kernel = _numbers(layer, layer.kernel)[..., channel, :]
    up = up_axes_of(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, layer.output_padding)
    axes = tuple(Axis(axis.kernel, dilation=axis.dilation) for axis in up)
    return Filter(tuple(range(kernel.shape[-1])), np.flip(kernel, tuple(range(len(up)))), axes, up)


_READ: dict[tuple[type, ...], Callable[[Any, int], Filter]] = {
    (layers.Conv1D, layers.Conv2D): _plain,
    (layers.DepthwiseConv1D, layers.DepthwiseConv2D): _depthwise,
    (layers.SeparableConv1D, layers.SeparableConv2D): _separable,
    (layers.Conv1DTranspose, layers.Conv2DTranspose): _transposed,
}


def _axes(layer: Any) -> tuple[Axis, ...]:
    return axes_of(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)


def _numbers(layer: Any, weight: Any) -> Values:
    """A weight as the layer multiplies with it: in its compute dtype, which may be coarser than the variable's."""
    return np.asarray(ops.convert_to_numpy(ops.cast(weight, layer.compute_dtype)), dtype=np.float64)
