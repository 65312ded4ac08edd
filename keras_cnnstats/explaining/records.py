"""What an explanation holds: the arrays of each step, and where on the image an output looks."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = NDArray[np.float64]


class Box(NamedTuple):
    """A rectangle of positions of a map, the last ones included; a signal of steps is a map of one row."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, ends: Sequence[tuple[int, int]]) -> "Box":
        """Returns the box with these first and last positions on each axis.

        >>> Box.of([(2, 4)])
        Box(top=0, left=2, bottom=0, right=4)
        """
        (top, bottom), (left, right) = ends if len(ends) == 2 else ((0, 0), ends[0])
        return cls(top, left, bottom, right)

    @property
    def height(self) -> int:
        """How many rows it has."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """How many columns it has."""
        return self.right - self.left + 1

    def clipped(self, rows: int, columns: int) -> "Box | None":
        """Returns the part inside a map of so many rows and columns; `None` where there is none.

        >>> Box(-1, -1, 1, 1).clipped(4, 4), Box(-2, 0, -1, 1).clipped(4, 4)
        (Box(top=0, left=0, bottom=1, right=1), None)
        """
        inside = Box(max(self.top, 0), max(self.left, 0), min(self.bottom, rows - 1), min(self.right, columns - 1))
        return inside if inside.height > 0 and inside.width > 0 else None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Explanation:
    """What one channel of a layer makes of an image, and what of the image one of its outputs sees.

    Arrays are float64 and have their channels last, whatever the data format of the layer. Of signals they have one
    axis of steps in the place of rows and columns.

    Attributes:
        layer: path of the layer.
        type: its class.
        image: what was given.
        channel: number of the output channel.
        output: what Keras computes of it, `(rows, columns)`; `None` where the layer makes no map.
        position: the output whose receptive field was asked for.
        field: that field on the image, which may reach over its edges; `None` where it was not asked for, is unknown,
            or is nothing.
        clipped_field: the part of it inside the image.
        note: what the user should know: why there is no picture, or no field.
    """

    layer: str
    type: str
    image: Values
    channel: int = 0
    output: Values | None = None
    position: tuple[int, ...] | None = None
    field: Box | None = None
    clipped_field: Box | None = None
    note: str = ""

    def plot(self, channels: Any = None) -> "Figure":
        """Returns the picture, as a figure of matplotlib that belongs to nobody.

        Args:
            channels: which input channels are shown: places among the channels that the filter sees, from 0; the first
                64 where it is `None`.

        Raises:
            MissingDependencyError: matplotlib is not installed.
            InputShapeError: there is no such channel.
        """
        from keras_cnnstats.explaining.pictures import picture

        return picture(self, channels)

    def save(self, path: str | os.PathLike[str], channels: Any = None) -> None:
        """Writes the picture to `path`, in the format that its ending names: see `plot`."""
        from keras_cnnstats.explaining.figures import save

        save(self.plot(channels), path)

    def __str__(self) -> str:
        from keras_cnnstats.explaining.text import to_text

        return to_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_png_(self) -> bytes | None:
        """The picture, for a notebook; without matplotlib, a notebook shows the text."""
        from keras_cnnstats.errors import MissingDependencyError
        from keras_cnnstats.explaining.figures import png

        try:
            return png(self.plot())
        except MissingDependencyError:
            return None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ConvolutionExplanation(Explanation):
    """One filter of a convolution: `activation(sum of inputs * kernels + bias)`.

    `intermediates.sum(axis=-1) + bias` is `sum`, and the activation of that is `output`. A separable convolution is
    shown as the plain one that it is equal to: its kernels are products of the depthwise and the pointwise weights.

    Attributes:
        inputs: the channels that the filter sees, `(rows, columns, channels)`.
        channels: their numbers: all of them, unless the convolution is grouped or depthwise.
        apart: of a transposed convolution, the inputs with zeros between them, of which a plain convolution makes the
            outputs; `None` of others.
        kernels: the kernel of each of them, `(rows, columns, channels)`; of a transposed convolution turned round.
        intermediates: each input channel convolved with its kernel, `(rows, columns, channels)`.
        bias: what is added to their sum.
        sum: the sum of the intermediates, and the bias, `(rows, columns)`.
        window: what the output at `position` sees of the inputs, or of `apart`; `None` where none was asked for.
        activation: name of the function that makes the output of it.
    """

    inputs: Values
    channels: tuple[int, ...]
    kernels: Values
    intermediates: Values
    bias: float
    sum: Values
    activation: str
    apart: Values | None = None
    window: Box | None = None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class PoolingExplanation(Explanation):
    """One channel of a pooling: the largest value of each window or their mean, and the way back.

    Attributes:
        mode: `"max"` or `"average"`.
        input: the channel, `(rows, columns)`.
        shares: of a mean, what share of each output every input of its window has, `(rows, columns)`; `None` of a
            maximum.
        winners: of a maximum, row and column of the input that has all of the output, `(rows, columns, 2)`; of several
            that are equally large the first in reading order. `None` of a mean.
        gradient: what comes back to each input if 1 comes back to every output; it adds up to the number of outputs.
        window: what the output at `position` sees of the channel; `None` where none was asked for.
    """

    mode: str
    input: Values
    shares: Values | None
    winners: NDArray[np.int64] | None
    gradient: Values
    window: Box | None = None
