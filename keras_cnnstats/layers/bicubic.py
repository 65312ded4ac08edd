"""Bicubic upsampling: each value a weighted sum of the 4x4 nearest known ones, with PyTorch's weights."""

from functools import reduce
from itertools import product
from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.maps import channels_last, channels_of, in_format, map_shape, spatial

SHARPNESS = -0.75
"""The parameter `a` of the cubic kernel, as PyTorch and OpenCV have it; `keras.ops.image.resize` has -0.5."""


def near(distance: Any) -> Any:
    """The weight of a known value at most 1 away: `(a + 2) d^3 - (a + 3) d^2 + 1`."""
    return ((SHARPNESS + 2) * distance - (SHARPNESS + 3)) * distance * distance + 1


def far(distance: Any) -> Any:
    """The weight of a known value between 1 and 2 away: `a d^3 - 5a d^2 + 8a d - 4a`."""
    return SHARPNESS * (((distance - 5) * distance + 8) * distance - 4)


def neighbours(size: Any, outputs: Any, factor: int, align_corners: bool, dtype: str) -> list[tuple[Any, Any]]:
    """Returns, for the 4 nearest known values on one axis, their places and weights, one for each output.

    Output `i` lies at `i * (n - 1) / (m - 1)` where the corner pixels' centres fall together, and otherwise at
    `(i + 1/2) / factor - 1/2`, where the pixels' outer edges do: computed in integers, so that nothing is rounded.
    Beyond the edge the last value is repeated.
    """
    places = ops.arange(outputs, dtype="int32")
    if align_corners:
        above, below = places * (size - 1), ops.maximum(outputs - 1, 1)
    else:
        above, below = 2 * places + 1 - factor, 2 * factor
    first = ops.floor_divide(above, below)
    share = ops.cast(above - first * below, dtype) / ops.cast(below, dtype)
    weights = (far(1 + share), near(share), near(1 - share), far(2 - share))
    return [(ops.clip(first + step, 0, size - 1), weight) for step, weight in zip((-1, 0, 1, 2), weights, strict=True)]


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class BicubicUpSampling2D(layers.Layer):
    """Rows and columns stretched by whole factors, as `torch.nn.Upsample(mode="bicubic")` does it.

    Args:
        size: the factor, or one for the rows and one for the columns.
        align_corners: whether the corner values stay at the corners.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: name, dtype.

    Source: R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on Acoustics,
    Speech, and Signal Processing 29 (6), 1981; with `a = -0.75`, as PyTorch has it.

    >>> BicubicUpSampling2D(2, align_corners=True).compute_output_shape((None, 3, 5, 1))
    (None, 6, 10, 1)
    """

    def __init__(
        self, size: Any = 2, align_corners: bool = False, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        if len(self.size) != 2 or not all(isinstance(factor, int) and factor > 0 for factor in self.size):
            raise ValueError(f"`size` must be an integer of at least 1, or two of them. Received: size={size!r}.")
        self.align_corners = align_corners
        self.data_format = data_format or keras.config.image_data_format()
        self.input_spec = layers.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """`y[i, j] = sum of x[rows[a][i], columns[b][j]] * weights[a][i] * weights[b][j]` over 4x4 neighbours."""
        x = channels_last(inputs, self.data_format)
        dtype = keras.backend.standardize_dtype(x.dtype)
        rows, columns = (
            neighbours(size, size * factor, factor, self.align_corners, dtype)
            for size, factor in zip(ops.shape(x)[1:3], self.size, strict=True)
        )
        products = (
            ops.multiply(
                ops.take(ops.take(x, row, axis=1), column, axis=2),
                ops.expand_dims(ops.outer(row_weight, column_weight), -1),
            )
            for (row, row_weight), (column, column_weight) in product(rows, columns)
        )
        return in_format(reduce(ops.add, products), self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = zip(spatial(input_shape, self.data_format), self.size, strict=True)
        positions = [None if size is None else size * factor for size, factor in sizes]
        return map_shape(positions, channels_of(input_shape, self.data_format), input_shape, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = {"size": self.size, "align_corners": self.align_corners, "data_format": self.data_format}
        return {**super().get_config(), **own}
