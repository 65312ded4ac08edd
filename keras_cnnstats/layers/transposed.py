"""Transposed convolution: zeros are put between the inputs, then a plain convolution with the kernel turned round."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from keras_cnnstats.layers.axes import Axis, Padding, each_axis
from keras_cnnstats.layers.convolution import convolved
from keras_cnnstats.layers.taps import surrounded, with_zeros
from keras_cnnstats.layers.windows import Weighted


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


def up_axes_of(
    kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: Any, output_padding: Any
) -> tuple[UpAxis, ...]:
    """Returns the window on each axis, from the arguments of a transposed layer."""
    rank = len(kernel)
    paddings, behind = each_axis(padding, rank), output_padding or (None,) * rank
    return tuple(UpAxis(*each) for each in zip(kernel, strides, dilation, paddings, behind, strict=True))


def turned(kernel: Any) -> Any:
    """Returns the kernel `(*taps, filters, channels)` with its taps in reverse, as `(*taps, channels, filters)`."""
    return ops.swapaxes(ops.flip(kernel, axis=tuple(range(len(kernel.shape) - 2))), -1, -2)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv2DTranspose(Weighted, layers.Conv2DTranspose):
    """Transposed convolution over rows and columns, equal to `keras.layers.Conv2DTranspose`, whose arguments it takes.

    It restores the size of a map that a convolution with the same arguments has made smaller, not its values.
    `padding` may also be an integer, or one for each axis: outputs cut off on both sides, the padding of the
    convolution whose size is restored.

    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, 2016.

    >>> layer = ReferenceConv2DTranspose(1, 3, strides=2, padding=1)
    >>> layer.compute_output_shape((None, 3, 3, 1))
    (None, 5, 5, 1)
    """

    dimensions = 2

    @property
    def axes(self) -> Sequence[UpAxis]:
        """The window on each axis."""
        return up_axes_of(self.kernel_size, self.strides, self.dilation_rate, self.padding, self.output_padding)

    def formula(self, x: Any) -> Any:
        """The convolution of the inputs with zeros between them."""
        for axis, size in zip(self.axes, x.shape[1:-1], strict=True):
            axis.positions(size)  # says so where nothing is left
        apart = surrounded(with_zeros(x, self.strides), [axis.margins for axis in self.axes])
        plain = tuple(Axis(axis.kernel, dilation=axis.dilation) for axis in self.axes)
        return convolved(apart, turned(ops.convert_to_tensor(self.kernel)), plain)
