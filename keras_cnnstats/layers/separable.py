"""Separable convolution: a depthwise convolution, then a 1x1 convolution that mixes the channels."""

from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.convolution import convolved
from keras_cnnstats.layers.depthwise import convolved_by_channel
from keras_cnnstats.layers.taps import Axis, axes_of, channels_last, in_format, map_shape, padding_argument, spatial


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceSeparableConv2D(layers.SeparableConv2D):
    """Separable convolution over rows and columns, equal to `keras.layers.SeparableConv2D`.

    Args:
        filters: channels of the output.
        kernel_size: taps on each axis.
        strides: input positions from one output to the next.
        padding: `"valid"`, `"same"`; or an integer, or one for each axis: positions on both sides.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: input positions from one tap to the next.
        depth_multiplier: depthwise kernels of each channel.
        activation: function of each output.
        use_bias: whether each filter has a number that is added to its outputs.
        **kwargs: initializers, regularizers, constraints, name, dtype, as Keras' layer takes them.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding_argument(padding, 2),
            data_format=data_format,
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            activation=activation,
            use_bias=use_bias,
            **kwargs,
        )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The window of the depthwise convolution on each axis."""
        return axes_of(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def call(self, inputs: Any) -> Any:
        """`activation(pointwise(depthwise) + bias)`."""
        x = channels_last(inputs, self.data_format)
        depthwise = convolved_by_channel(x, ops.convert_to_tensor(self.depthwise_kernel), self.axes)
        y = convolved(depthwise, ops.convert_to_tensor(self.pointwise_kernel), (Axis(1), Axis(1)))
        if self.use_bias:
            y = ops.add(y, self.bias)
        return self.activation(in_format(y, self.data_format))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        return map_shape(positions, self.filters, input_shape, self.data_format)
