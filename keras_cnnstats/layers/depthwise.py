"""Depthwise convolution: each channel has kernels of its own, and no channel sees another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.products import summed
from keras_cnnstats.layers.windows import Weighted


def convolved_by_channel(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
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
    return summed(x, kernel, axes, ByChannel(channels, multiplier))


@dataclass(frozen=True)
class ByChannel:
    """Each channel times its own weights: of a tap, `y[p, c * M + m] = x[p, c] * w[c, m]`.

    Maps are `(batch, *positions, channels)`, weights `(channels, multiplier)`.

    Attributes:
        channels: of the input.
        multiplier: kernels of each channel.
    """

    channels: int
    multiplier: int

    def forwards(self, x: Any, weights: Any) -> Any:
        products = ops.multiply(ops.expand_dims(x, -1), weights)
        return ops.reshape(products, (*ops.shape(x)[:-1], self.channels * self.multiplier))

    def towards_map(self, back: Any, weights: Any) -> Any:
        return ops.sum(ops.multiply(self._by_channel(back), weights), axis=-1)

    def towards_weights(self, x: Any, back: Any) -> Any:
        products = ops.multiply(ops.expand_dims(x, -1), self._by_channel(back))
        return ops.sum(products, axis=tuple(range(len(x.shape) - 1)))

    def _by_channel(self, x: Any) -> Any:
        return ops.reshape(x, (*ops.shape(x)[:-1], self.channels, self.multiplier))


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceDepthwiseConv2D(Weighted, layers.DepthwiseConv2D):
    """Depthwise convolution over rows and columns, equal to `keras.layers.DepthwiseConv2D`, whose arguments it takes.

    `padding` may also be an integer, or one for each axis: positions on both sides. Strides and dilation may differ
    from axis to axis, and both may be larger than 1.

    Source: F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017.

    >>> ReferenceDepthwiseConv2D(3, depth_multiplier=2).compute_output_shape((None, 5, 6, 4))
    (None, 3, 4, 8)
    """

    dimensions = 2

    def formula(self, x: Any) -> Any:
        """The convolution of each channel with its own kernels."""
        return convolved_by_channel(x, ops.convert_to_tensor(self.kernel), self.axes)

    def output_channels(self, channels: int) -> int:
        """`depth_multiplier` for each channel."""
        multiplier: int = self.depth_multiplier
        return channels * multiplier
