"""Separable convolution: a depthwise convolution, then a 1x1 convolution that mixes the channels."""

from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.convolution import convolved
from keras_cnnstats.layers.depthwise import convolved_by_channel
from keras_cnnstats.layers.windows import Weighted


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceSeparableConv2D(Weighted, layers.SeparableConv2D):
    """Separable convolution over rows and columns, equal to `keras.layers.SeparableConv2D`, whose arguments it takes.

    `padding` may also be an integer, or one for each axis: positions on both sides.

    Source: F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017.

    >>> ReferenceSeparableConv2D(7, 3, padding=1).compute_output_shape((None, 5, 6, 4))
    (None, 5, 6, 7)
    """

    dimensions = 2

    def formula(self, x: Any) -> Any:
        """`pointwise(depthwise)`."""
        depthwise = convolved_by_channel(x, ops.convert_to_tensor(self.depthwise_kernel), self.axes)
        return convolved(depthwise, ops.convert_to_tensor(self.pointwise_kernel), (Axis(1), Axis(1)))
