"""A convolution as the dense layer that it is: a matrix that is mostly zeros, with the same few values repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from keras_cnnstats.capture.state import random_untouched
from keras_cnnstats.equivalence.dense import CARRIED, built_with, check_weights, mixes_units, name_of
from keras_cnnstats.equivalence.links import Links, between_channels, by_channel, from_filters, over_window, spread
from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.layers.axes import axes_of
from keras_cnnstats.layers.maps import channels_of, map_shape, spatial
from keras_cnnstats.layers.pixel_shuffle import SubPixelConv2D
from keras_cnnstats.layers.transposed import up_axes_of

LARGEST = 2**31
"""Values of the largest matrix that is written out."""

PLAIN = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
BY_CHANNEL = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ConvolutionMatrix:
    """The dense matrix of a convolution, kept as its entries: those that are not zero whatever the kernel.

    Rows are the values of the input map, columns those of the output map. Both are numbered position by position with
    the channels last, as `keras.layers.Flatten` of the layer's data format does: the data format makes no difference.
    The entries are made when they are asked for, in memory in proportion to their number.

    Attributes:
        links: the connections on each spatial axis, then those between the channels.
        kernel: the values of the kernel, one behind the other.
        bias: what is added to each output value; `None` without bias.
        parameters: weights that the convolution learns: the values of its kernel, and one bias for each filter.
        output_shape: shape of the output map, without the batch axis.
        arguments: those that a dense layer has in common with the convolution.
    """

    links: tuple[Links, ...]
    kernel: NDArray[Any]
    bias: NDArray[Any] | None
    parameters: int
    output_shape: tuple[int, ...]
    arguments: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"ConvolutionMatrix(shape={self.shape}, connections={self.connections}, parameters={self.parameters})"

    @property
    def shape(self) -> tuple[int, int]:
        """Values of the input map, values of the output map."""
        return prod(link.sizes.inputs for link in self.links), prod(link.sizes.outputs for link in self.links)

    @property
    def connections(self) -> int:
        """Entries: pairs of an input and an output value that are connected."""
        return prod(link.inputs.size for link in self.links)

    @property
    def dense_parameters(self) -> int:
        """Weights of a dense layer between the same values, each with a value of its own."""
        inputs, outputs = self.shape
        return inputs * outputs + (0 if self.bias is None else outputs)

    @property
    def sparsity(self) -> float:
        """The share of the matrix that is zero."""
        return 1 - self.connections / max(prod(self.shape), 1)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Row and column of each entry, `(2, connections)`: its input value and its output value."""
        crossed = self._crossed()
        return np.stack([crossed.inputs, crossed.outputs])

    @property
    def shared(self) -> NDArray[np.int64]:
        """For each entry, which value of the kernel it is."""
        return self._crossed().shared

    @property
    def values(self) -> NDArray[Any]:
        """The value of each entry."""
        return self.kernel[self.shared]

    def to_dense(self) -> NDArray[Any]:
        """Returns the whole matrix, zeros written out.

        Raises:
            InputShapeError: it would have more than 2 ** 31 values.
        """
        if prod(self.shape) > LARGEST:
            inputs, outputs = self.shape
            raise InputShapeError(
                f"input_shape: expected a map whose dense matrix has at most {LARGEST:,} values. Received: {inputs:,} "
                f"inputs and {outputs:,} outputs. Take a smaller map, or the entries: `indices` and `values`."
            )
        matrix = np.zeros(self.shape, dtype=self.kernel.dtype)
        crossed = self._crossed()
        matrix[crossed.inputs, crossed.outputs] = self.kernel[crossed.shared]
        return matrix

    def to_layer(self) -> Any:
        """Returns a `keras.layers.Dense` that gives of the flattened input map the flattened output map.

        Raises:
            InputShapeError: its matrix would have more than 2 ** 31 values.
            ModelError: the activation mixes channels, and of a dense layer it would mix positions too.
        """
        activation = keras.activations.get(self.arguments["activation"])
        if mixes_units(activation):
            raise ModelError(
                f"layer `{self.arguments['name']}`: expected an activation of single values. Received: "
                f"{name_of(activation)}, which may mix channels. Put it into a layer of its own behind the convolution."
            )
        inputs, outputs = self.shape
        with random_untouched():
            dense = layers.Dense.from_config({"units": outputs, **self.arguments})
        return built_with(dense, (None, inputs), self.to_dense(), self.bias)

    def _crossed(self) -> Links:
        return reduce(Links.times, self.links)


def conv_to_dense(conv: Any, input_shape: Sequence[int]) -> ConvolutionMatrix:
    """Returns the dense matrix of a convolution over maps of one size.

    Args:
        conv: a built convolution of Keras, plain, depthwise or transposed, or a reference layer of this package. It is
            left as it is.
        input_shape: shape of the input map, without the batch axis.

    Raises:
        ModelError: `conv` is no such layer, is not built, or is quantised.
        InputShapeError: the shape does not fit the layer.

    >>> conv = keras.layers.Conv2D(1, 3)
    >>> conv.build((None, 5, 5, 1))
    >>> conv_to_dense(conv, (5, 5, 1))
    ConvolutionMatrix(shape=(25, 9), connections=81, parameters=10)
    """
    _check(conv)
    positions = _positions(conv, tuple(input_shape))
    channels = channels_of((None, *input_shape), conv.data_format)
    links = (*_on_axes(conv, positions), _of_channels(conv, channels))
    sizes = [link.sizes.outputs for link in links]
    bias = _array(conv.bias) if conv.use_bias else None
    carried = {name: value for name, value in conv.get_config().items() if name in CARRIED}
    return ConvolutionMatrix(
        links=links,
        kernel=_array(conv.kernel).reshape(-1),
        bias=None if bias is None else np.tile(bias, prod(sizes[:-1])),
        parameters=prod(link.sizes.shared for link in links) + (0 if bias is None else bias.size),
        output_shape=tuple(map_shape(sizes[:-1], sizes[-1], (None,), conv.data_format)[1:]),
        # What holds of a kernel's values, such as a penalty on their sum, does not hold of their repetitions.
        arguments={name: value for name, value in carried.items() if not name.startswith(("kernel_", "bias_"))},
    )


def _check(conv: Any) -> None:
    """Refuses what is no convolution that can be written as a matrix."""
    if isinstance(conv, (layers.SeparableConv1D, layers.SeparableConv2D)):
        raise ModelError(
            f"layer `{conv.name}`: a separable convolution is the product of two matrices. Convert a depthwise and a "
            "1x1 convolution with its kernels, one by one."
        )
    if not isinstance(conv, (*PLAIN, *BY_CHANNEL, *TRANSPOSED)) or not _calls_as_known(conv):
        raise ModelError(
            "conv: expected a built convolution of keras.layers or keras_cnnstats.layers, plain, depthwise or "
            f"transposed. Received: {conv!r}."
        )
    check_weights(conv)


def _calls_as_known(conv: Any) -> bool:
    """Whether the layer computes as Keras' own does, or the reference layers, and not as a subclass has it."""
    home = next(base for base in type(conv).__mro__ if "call" in vars(base)).__module__
    return home.startswith(("keras.", "keras_cnnstats.")) and not isinstance(conv, SubPixelConv2D)


def _positions(conv: Any, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes of the axes that the window slides over."""
    rank, axis = len(conv.kernel_size), 0 if conv.data_format == "channels_first" else -1
    known = all(isinstance(size, int) and size > 0 for size in shape)
    if len(shape) == rank + 1 and known and shape[axis] == _channels(conv):
        try:
            conv.compute_output_shape((None, *shape))
        except ValueError as error:
            raise InputShapeError(f"input_shape: `{conv.name}` takes no map {shape}: {error}") from error
        sizes = spatial((None, *shape), conv.data_format)
        return tuple(size for size in sizes if size is not None)
    raise InputShapeError(
        f"input_shape: expected the sizes of {rank} spatial axes and {_channels(conv)} channels, "
        f"{conv.data_format.replace('_', ' ')}, without the batch axis. Received: {shape}."
    )


def _channels(conv: Any) -> int:
    """Channels of the maps that the layer was built for."""
    *_, last_but_one, last = conv.kernel.shape
    if isinstance(conv, TRANSPOSED):
        return int(last)
    return int(last_but_one) * getattr(conv, "groups", 1)


def _on_axes(conv: Any, positions: Sequence[int]) -> list[Links]:
    arguments = (conv.kernel_size, conv.strides, conv.dilation_rate)
    if not isinstance(conv, TRANSPOSED):
        axes = axes_of(*arguments, conv.padding)
        return [over_window(axis, size) for axis, size in zip(axes, positions, strict=True)]
    up = up_axes_of(*arguments, conv.padding, conv.output_padding)
    return [spread(axis, size) for axis, size in zip(up, positions, strict=True)]


def _of_channels(conv: Any, channels: int) -> Links:
    if isinstance(conv, BY_CHANNEL):
        return by_channel(channels, conv.depth_multiplier)
    if isinstance(conv, TRANSPOSED):
        return from_filters(channels, conv.filters)
    return between_channels(channels, conv.filters, conv.groups)


def _array(weight: Any) -> NDArray[Any]:
    # A copy: on some backends the array would be the weight's own memory.
    return np.array(ops.convert_to_numpy(weight))
