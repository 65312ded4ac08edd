"""Transposed convolution: zeros are put between the inputs, then a plain convolution with the kernel turned round."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from keras_cnnstats.layers.convolution import convolved
from keras_cnnstats.layers.taps import (
    Axis,
    Padding,
    channels_last,
    in_format,
    map_shape,
    padding_argument,
    spatial,
    surrounded,
)


class UpAxis(NamedTuple):
    """The window on one axis. Input `j` adds to output `j * stride + tap * dilation - cut`, for each tap.

    Attributes:
        kernel: taps.
        stride: output positions from one input to the next.
        dilation: output positions from one tap to the next.
        padding: `"valid"`: no output is cut off. `"same"`: `size * stride` outputs. An integer: outputs cut off on
            both sides, those that a convolution back to the input would have padded.
        output_padding: outputs added behind; `None` for Keras' choice.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Padding = "valid"
    output_padding: int | None = None

    @property
    def extent(self) -> int:
        """Positions from the first tap to the last, both included."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def reach(self) -> int:
        """Outputs of a single input; each further one adds `stride`."""
        if isinstance(self.padding, int):
            return self.extent - 2 * self.padding + (self.output_padding or 0)
        if self.padding == "valid":
            return max(self.extent, self.stride) if self.output_padding is None else self.extent + self.output_padding
        return self.stride if self.output_padding is None else self.extent % 2 + self.output_padding

    @property
    def cut(self) -> int:
        """Outputs that are cut off in front."""
        return self.padding if isinstance(self.padding, int) else max(self.extent - self.reach, 0) // 2

    @property
    def margins(self) -> tuple[int, int]:
        """Positions around the inputs, each with its zeros behind it, of which a plain convolution makes the outputs.

        So many are cut off where the number is negative.
        """
        return self.extent - 1 - self.cut, self.reach - self.stride + self.cut

    def positions(self, size: int | None) -> int | None:
        """Outputs of `size` inputs: `(n - 1) * s + k - 2p`, and what is added behind; `None` where that is unknown.

        Raises:
            ValueError: nothing is left of the output.
        """
        if size is None:
            return None
        outputs = (size - 1) * self.stride + self.reach
        if size and outputs <= 0:
            raise ValueError(
                f"nothing is left of the output: {size} inputs with {self.kernel} taps make {outputs} positions. "
                f"Received: strides={self.stride}, padding={self.padding!r}."
            )
        return max(outputs, 0)


def with_zeros(x: Any, strides: Sequence[int]) -> Any:
    """Returns a map with `stride - 1` zeros behind each position of each axis.

    >>> [int(value) for value in with_zeros(ops.array([[[1], [2], [3]]]), [2])[0, :, 0]]
    [1, 0, 2, 0, 3, 0]
    """
    for place, stride in enumerate(strides, start=1):
        shape = ops.shape(x)
        zeros = [(0, stride - 1) if axis == place + 1 else (0, 0) for axis in range(len(shape) + 1)]
        apart = ops.pad(ops.expand_dims(x, place + 1), zeros)
        x = ops.reshape(apart, (*shape[:place], shape[place] * stride, *shape[place + 1 :]))
    return x


def turned(kernel: Any) -> Any:
    """Returns the kernel `(*taps, filters, channels)` with its taps in reverse, as `(*taps, channels, filters)`."""
    return ops.swapaxes(ops.flip(kernel, axis=tuple(range(len(kernel.shape) - 2))), -1, -2)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv2DTranspose(layers.Conv2DTranspose):
    """Transposed convolution over rows and columns, equal to `keras.layers.Conv2DTranspose`.

    It restores the size of a map that a convolution with the same arguments has made smaller, not its values.

    Args:
        filters: kernels, each of which makes one channel of the output.
        kernel_size: taps on each axis.
        strides: output positions from one input to the next.
        padding: `"valid"`, `"same"`; or an integer, or one for each axis: outputs cut off on both sides, the padding of
            the convolution whose size is restored.
        output_padding: outputs added behind on each axis; `None` for Keras' choice.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: output positions from one tap to the next.
        activation: function of each output.
        use_bias: whether each kernel has a number that is added to its outputs.
        **kwargs: initializers, regularizers, constraints, name, dtype, as Keras' layer takes them.

    >>> layer = ReferenceConv2DTranspose(1, 3, strides=2, padding=1)
    >>> layer.compute_output_shape((None, 3, 3, 1))
    (None, 5, 5, 1)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding_argument(padding, 2),
            output_padding=output_padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            **kwargs,
        )

    @property
    def axes(self) -> tuple[UpAxis, ...]:
        """The window on each axis."""
        paddings = (self.padding,) * 2 if isinstance(self.padding, str) else self.padding
        behind = self.output_padding or (None, None)
        each = zip(self.kernel_size, self.strides, self.dilation_rate, paddings, behind, strict=True)
        return tuple(UpAxis(*axis) for axis in each)

    def call(self, inputs: Any) -> Any:
        """`activation(convolution of the inputs with zeros between them + bias)`."""
        self.compute_output_shape(inputs.shape)  # says so where nothing is left
        x = with_zeros(channels_last(inputs, self.data_format), self.strides)
        x = surrounded(x, [axis.margins for axis in self.axes])
        plain = tuple(Axis(axis.kernel, dilation=axis.dilation) for axis in self.axes)
        y = convolved(x, turned(ops.convert_to_tensor(self.kernel)), plain)
        if self.use_bias:
            y = ops.add(y, self.bias)
        return self.activation(in_format(y, self.data_format))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        return map_shape(positions, self.filters, input_shape, self.data_format)
