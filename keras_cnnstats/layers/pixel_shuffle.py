"""Sub-pixel upsampling: channels become positions, in PyTorch's order, and back."""

from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.convolution import ReferenceConv2D
from keras_cnnstats.layers.maps import channels_last, channels_of, in_format, map_shape, spatial


def shuffled(x: Any, factor: int) -> Any:
    """Returns the map whose blocks of `factor * factor` positions stand in the channels of `x`.

    `y[i * r + a, j * r + b, c] = x[i, j, c * r * r + a * r + b]`. `keras.ops.depth_to_space` takes the same value from
    channel `(a * r + b) * C + c`; for a single channel, and only then, the two are the same.
    """
    batch, rows, columns, channels = ops.shape(x)
    out = channels // factor**2
    blocks = ops.reshape(x, (batch, rows, columns, out, factor, factor))
    return ops.reshape(ops.transpose(blocks, (0, 1, 4, 2, 5, 3)), (batch, rows * factor, columns * factor, out))


def unshuffled(x: Any, factor: int) -> Any:
    """Returns the map that `shuffled` would make `x` of."""
    batch, rows, columns, channels = ops.shape(x)
    blocks = ops.reshape(x, (batch, rows // factor, factor, columns // factor, factor, channels))
    out = channels * factor**2
    return ops.reshape(ops.transpose(blocks, (0, 1, 3, 5, 2, 4)), (batch, rows // factor, columns // factor, out))


def checked_factor(factor: Any, name: str) -> int:
    """Returns a factor that is an integer of at least 1.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(factor, int) or isinstance(factor, bool) or factor < 1:
        raise ValueError(f"`{name}` must be an integer of at least 1. Received: {name}={factor!r}.")
    return factor


def scaled(size: int | None, factor: int) -> int | None:
    """Returns `size * factor`, `None` where the size is unknown."""
    return None if size is None else size * factor


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class PixelShuffle(layers.Layer):
    """Blocks of `r * r` channels become blocks of `r` rows and `r` columns, as `torch.nn.PixelShuffle` does it.

    Args:
        upscale_factor: `r`.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: name, dtype.

    Source: W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
    Neural Network", CVPR 2016.

    >>> PixelShuffle(3).compute_output_shape((None, 5, 7, 9))
    (None, 15, 21, 1)
    """

    def __init__(self, upscale_factor: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.upscale_factor = checked_factor(upscale_factor, "upscale_factor")
        self.data_format = data_format or keras.config.image_data_format()
        self.input_spec = layers.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """The same values at other places."""
        self.compute_output_shape(inputs.shape)
        y = shuffled(channels_last(inputs, self.data_format), self.upscale_factor)
        return in_format(y, self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        channels = channels_of(input_shape, self.data_format)
        if channels % self.upscale_factor**2:
            raise ValueError(
                "The number of channels must be divisible by the square of `upscale_factor`. "
                f"Received: upscale_factor={self.upscale_factor}, input shape {tuple(input_shape)}."
            )
        positions = [scaled(size, self.upscale_factor) for size in spatial(input_shape, self.data_format)]
        return map_shape(positions, channels // self.upscale_factor**2, input_shape, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "upscale_factor": self.upscale_factor, "data_format": self.data_format}


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class PixelUnshuffle(layers.Layer):
    """Blocks of `r` rows and `r` columns become `r * r` channels, as `torch.nn.PixelUnshuffle` does it.

    Args:
        downscale_factor: `r`.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: name, dtype.

    >>> PixelUnshuffle(3).compute_output_shape((None, 15, 21, 1))
    (None, 5, 7, 9)
    """

    def __init__(self, downscale_factor: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.downscale_factor = checked_factor(downscale_factor, "downscale_factor")
        self.data_format = data_format or keras.config.image_data_format()
        self.input_spec = layers.InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """The same values at other places."""
        self.compute_output_shape(inputs.shape)
        y = unshuffled(channels_last(inputs, self.data_format), self.downscale_factor)
        return in_format(y, self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        factor, sizes = self.downscale_factor, spatial(input_shape, self.data_format)
        if any(size is not None and size % factor for size in sizes):
            raise ValueError(
                "The numbers of rows and columns must be divisible by `downscale_factor`. "
                f"Received: downscale_factor={factor}, input shape {tuple(input_shape)}."
            )
        channels = channels_of(input_shape, self.data_format)
        positions = [None if size is None else size // factor for size in sizes]
        return map_shape(positions, channels * factor**2, input_shape, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "downscale_factor": self.downscale_factor, "data_format": self.data_format}


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class SubPixelConv2D(ReferenceConv2D):
    """A convolution to `r * r` channels for each filter, then a pixel shuffle: upsampling that is learned.

    Args:
        filters: channels of the output; the kernel makes `filters * upscale_factor ** 2`.
        kernel_size: taps on each axis.
        upscale_factor: `r`.
        strides: input positions from one output of the convolution to the next.
        padding: `"valid"`, `"same"`; or an integer, or one for each axis: positions on both sides.
        **kwargs: what else `keras.layers.Conv2D` takes.

    Source: W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
    Neural Network", CVPR 2016.

    >>> SubPixelConv2D(1, 3, upscale_factor=3).compute_output_shape((None, 5, 7, 32))
    (None, 15, 21, 1)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        upscale_factor: int = 2,
        strides: Any = 1,
        padding: Any = "same",
        **kwargs: Any,
    ) -> None:
        self.upscale_factor = checked_factor(upscale_factor, "upscale_factor")
        super().__init__(filters * upscale_factor**2, kernel_size, strides=strides, padding=padding, **kwargs)

    def weighted_sum(self, x: Any) -> Any:
        """`shuffle(convolution + bias)`."""
        return shuffled(super().weighted_sum(x), self.upscale_factor)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        convolved = super().compute_output_shape(input_shape)
        positions = [scaled(size, self.upscale_factor) for size in spatial(convolved, self.data_format)]
        return map_shape(positions, self.filters // self.upscale_factor**2, input_shape, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments: `filters` as they were given."""
        filters = self.filters // self.upscale_factor**2
        return {**super().get_config(), "filters": filters, "upscale_factor": self.upscale_factor}
