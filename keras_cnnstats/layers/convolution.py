"""Convolution in one, two and three dimensions: for each tap of the kernel, shift the input, multiply, add up."""

from typing import Any, ClassVar

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


def convolved(x: Any, kernel: Any, axes: tuple[Axis, ...], groups: int = 1) -> Any:
    """Returns the convolution of a map with a kernel, without bias.

    In two dimensions, `y[i, j, f] = sum of x[i * s + a * d, j * s + b * d, c] * kernel[a, b, c, f]` over the taps
    `a, b` and the channels `c`. The sum over the channels is a matrix product, done for all positions at once.

    Args:
        x: the map, `(batch, *positions, channels)`.
        kernel: `(*taps, channels of a group, filters)`.
        axes: the window on each axis.
        groups: parts of the channels that are convolved by themselves, each with its part of the filters.

    Returns:
        The map `(batch, *outputs, filters)`.
    """
    total = None
    for tap, seen in shifts(padded(x, axes), axes):
        products = mixed(seen, kernel[tap], groups)
        total = products if total is None else total + products
    return ops.reshape(total, (*ops.shape(seen)[:-1], kernel.shape[-1]))


def mixed(seen: Any, weights: Any, groups: int = 1) -> Any:
    """Returns, for each position, the sums of its channels times the weights: `(positions, filters)`.

    Args:
        seen: the map as one tap sees it, `(batch, *outputs, channels)`.
        weights: the weights of that tap, `(channels of a group, filters)`.
        groups: parts of the channels that are summed by themselves.
    """
    channels, filters = weights.shape
    if groups == 1:
        return ops.einsum("pc,cf->pf", ops.reshape(seen, (-1, channels)), weights)
    parts = ops.reshape(seen, (-1, groups, channels))
    sums = ops.einsum("pgc,cgf->pgf", parts, ops.reshape(weights, (channels, groups, filters // groups)))
    return ops.reshape(sums, (-1, filters))


class Convolution(layers.Layer):
    """What the three have in common: of the layer of Keras they are, all but the arithmetic.

    Arguments, weights, config, masks and errors are those of the layer of Keras, so that `set_weights` and
    `from_config` take what that layer gives.

    Args:
        filters: kernels, each of which makes one channel of the output.
        kernel_size: taps on each axis.
        strides: input positions from one output to the next.
        padding: `"valid"`, `"same"`, in 1-D `"causal"`; or an integer, or one for each axis: positions on both sides.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: input positions from one tap to the next.
        groups: parts of the channels that are convolved by themselves.
        activation: function of each output.
        use_bias: whether each kernel has a number that is added to its outputs.
        **kwargs: initializers, regularizers, constraints, name, dtype, as Keras' layer takes them.
    """

    dimensions: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding_argument(padding, self.dimensions),
            data_format=data_format,
            dilation_rate=dilation_rate,
            groups=groups,
            activation=activation,
            use_bias=use_bias,
            **kwargs,
        )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The window on each axis."""
        return axes_of(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def weighted_sum(self, inputs: Any) -> Any:
        """The convolution and the bias: all but the activation."""
        x = channels_last(inputs, self.data_format)
        y = convolved(x, ops.convert_to_tensor(self.kernel), self.axes, self.groups)
        if self.use_bias:
            y = ops.add(y, self.bias)
        return in_format(y, self.data_format)

    def call(self, inputs: Any) -> Any:
        """`activation(convolution + bias)`."""
        return self.activation(self.weighted_sum(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        return map_shape(positions, self.filters, input_shape, self.data_format)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv1D(Convolution, layers.Conv1D):
    """Convolution over steps, equal to `keras.layers.Conv1D`.

    >>> ReferenceConv1D(4, 3, padding=1).compute_output_shape((None, 10, 2))
    (None, 10, 4)
    """

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv2D(Convolution, layers.Conv2D):
    """Convolution over rows and columns, equal to `keras.layers.Conv2D`.

    >>> ReferenceConv2D(2, 3, strides=2, padding=1).compute_output_shape((None, 5, 5, 3))
    (None, 3, 3, 2)
    """

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv3D(Convolution, layers.Conv3D):
    """Convolution over a volume, equal to `keras.layers.Conv3D`."""

    dimensions = 3
