"""Which input leads to which output of a convolution, and over which value of the kernel: counted axis by axis."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.transposed import UpAxis

Numbers = NDArray[np.int64]


class Sizes(NamedTuple):
    """How many inputs, outputs and kernel values there are to number.

    Attributes:
        inputs: positions, channels, or values of a whole map.
        outputs: likewise.
        shared: values of the kernel that stand for them.
    """

    inputs: int
    outputs: int
    shared: int


class Links(NamedTuple):
    """The connections on one axis, or of whole maps: an input, an output and a kernel value for each.

    Attributes:
        inputs: number of the input.
        outputs: number of the output.
        shared: number of the kernel's value.
        sizes: how many there are of each.
    """

    inputs: Numbers
    outputs: Numbers
    shared: Numbers
    sizes: Sizes

    def times(self, other: "Links") -> "Links":
        """The connections of both axes together; the numbers of the other one vary fastest."""

        def crossed(own: Numbers, others: Numbers, size: int) -> Numbers:
            return np.add.outer(own * size, others).reshape(-1)

        return Links(
            crossed(self.inputs, other.inputs, other.sizes.inputs),
            crossed(self.outputs, other.outputs, other.sizes.outputs),
            crossed(self.shared, other.shared, other.sizes.shared),
            Sizes(*(own * others for own, others in zip(self.sizes, other.sizes, strict=True))),
        )


def over_window(axis: Axis, size: int) -> Links:
    """Returns the connections of a sliding window: output `i` sees input `i * stride + tap * dilation - padding`."""
    before, _ = axis.margins(size)
    outputs = axis.positions(size) or 0
    output, tap = _pairs(outputs, axis.kernel)
    seen = output * axis.stride + tap * axis.dilation - before
    inside = (seen >= 0) & (seen < size)
    return Links(seen[inside], output[inside], tap[inside], Sizes(size, outputs, axis.kernel))


def spread(axis: UpAxis, size: int) -> Links:
    """Returns the connections of a transposed window: input `j` adds to output `j * stride + tap * dilation - cut`."""
    outputs = axis.positions(size) or 0
    source, tap = _pairs(size, axis.kernel)
    reached = source * axis.stride + tap * axis.dilation - axis.cut
    inside = (reached >= 0) & (reached < outputs)
    return Links(source[inside], reached[inside], tap[inside], Sizes(size, outputs, axis.kernel))


def between_channels(channels: int, filters: int, groups: int = 1) -> Links:
    """Returns the connections of the channels of each group with its filters; a kernel `(channels of one, filters)`."""
    of_group = channels // groups
    channel, output = _pairs(of_group, filters)
    source = output // (filters // groups) * of_group + channel
    return Links(source, output, channel * filters + output, Sizes(channels, filters, of_group * filters))


def from_filters(channels: int, filters: int) -> Links:
    """Returns the connections of all channels with all filters; a kernel `(filters, channels)`."""
    channel, output = _pairs(channels, filters)
    return Links(channel, output, output * channels + channel, Sizes(channels, filters, channels * filters))


def by_channel(channels: int, multiplier: int) -> Links:
    """Returns the connections of each channel with the kernels of its own; a kernel `(channels, multiplier)`."""
    output = np.arange(channels * multiplier)
    return Links(output // multiplier, output, output, Sizes(channels, output.size, output.size))


def _pairs(first: int, second: int) -> Any:
    return np.indices((first, second)).reshape(2, -1)
