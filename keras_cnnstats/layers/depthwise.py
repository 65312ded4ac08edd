"""Depthwise convolution: each channel has kernels of its own, and no channel sees another."""

from functools import reduce
from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.taps import (
    Axis,
    axes_of,
    channels_last,
    in_format,
    map_shape,
    padded,
    padding_argument,
    shifts,
    spatial,
)


def convolved_by_channel(x: Any, kernel: Any, axes: tuple[Axis, ...]) -> Any:
    """Returns the convolution of each channel with its own kernels.

    In two dimensions, `y[i, j, c * M + m] = sum of x[i * s + a * d, j * s + b * d, c] * kernel[a, b, c, m]` over the
    taps `a, b`.

    Args:
        x: the map, `(batch, *positions, channels)`.
        kernel: `(*taps, channels, multiplier)`.
        axes: the window on each axis.

    Returns:
        The map `(batch, *outputs, channels * multiplier)`.
    """
    *_, channels, multiplier = kernel.shape
    x = ops.expand_dims(padded(x, axes), -1)
    y = reduce(ops.add, (ops.multiply(seen, kernel[tap]) for tap, seen in shifts(x, axes)))
    return ops.reshape(y, (*ops.shape(y)[:-2], channels * multiplier))


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceDepthwiseConv2D(layers.DepthwiseConv2D):
    """Depthwise convolution over rows and columns, equal to `keras.layers.DepthwiseConv2D`.

    Strides and dilation may differ from axis to axis, and both may be larger than 1.

    Args:
        kernel_size: taps on each axis.
        strides: input positions from one output to the next.
        padding: `"valid"`, `"same"`; or an integer, or one for each axis: positions on both sides.
        depth_multiplier: kernels of each channel.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: input positions from one tap to the next.
        activation: function of each output.
        use_bias: whether each kernel has a number that is added to its outputs.
        **kwargs: initializers, regularizers, constraints, name, dtype, as Keras' layer takes them.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding_argument(padding, 2),
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            **kwargs,
        )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The window on each axis."""
        return axes_of(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def call(self, inputs: Any) -> Any:
        """`activation(convolution of each channel + bias)`."""
        x = channels_last(inputs, self.data_format)
        y = convolved_by_channel(x, ops.convert_to_tensor(self.kernel), self.axes)
        if self.use_bias:
            y = ops.add(y, self.bias)
        return self.activation(in_format(y, self.data_format))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        channels = input_shape[1 if self.data_format == "channels_first" else -1] * self.depth_multiplier
        return map_shape(positions, channels, input_shape, self.data_format)
