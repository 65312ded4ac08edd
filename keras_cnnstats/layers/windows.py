"""What layers with windows have in common: of the layer of Keras that each of them is, all but the arithmetic."""

from collections.abc import Sequence
from inspect import Signature, signature
from types import MethodType
from typing import Any, ClassVar

from keras import layers, ops

from keras_cnnstats.layers.axes import axes_of, padding_argument
from keras_cnnstats.layers.maps import channels_last, channels_of, in_format, map_shape, spatial


class Windowed(layers.Layer):
    """A layer of Keras that computes by a formula of its own, and whose `padding` may also be integers.

    Arguments, weights, config, masks and errors are those of the layer of Keras, so that `set_weights` and
    `from_config` take what that layer gives.
    """

    __signature__: ClassVar[Signature]
    dimensions: ClassVar[int]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Shows the arguments by the names that the layer of Keras has for them."""
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("__init__")
        cls.__signature__ = signature(MethodType(own, cls) if own else cls.__bases__[-1])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = signature(super().__init__).bind(*args, **kwargs)
        if "padding" in given.arguments:
            given.arguments["padding"] = padding_argument(given.arguments["padding"], self.dimensions)
        super().__init__(*given.args, **given.kwargs)

    @property
    def axes(self) -> Sequence[Any]:
        """The window on each axis."""
        return axes_of(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def formula(self, x: Any) -> Any:
        """What the layer computes of a map whose channels are last."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """The formula, in the layer's data format."""
        return in_format(self.formula(channels_last(inputs, self.data_format)), self.data_format)

    def output_channels(self, channels: int) -> int:
        """Channels of the output, of an input with so many."""
        return channels

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output, `None` where that of the input is."""
        sizes = spatial(input_shape, self.data_format)
        positions = [axis.positions(size) for axis, size in zip(self.axes, sizes, strict=True)]
        channels = self.output_channels(channels_of(input_shape, self.data_format))
        return map_shape(positions, channels, input_shape, self.data_format)


class Weighted(Windowed):
    """A layer with a kernel, a bias and an activation: `activation(formula + bias)`."""

    def weighted_sum(self, x: Any) -> Any:
        """The formula and the bias: all but the activation."""
        y = self.formula(x)
        return ops.add(y, self.bias) if self.use_bias else y

    def call(self, inputs: Any) -> Any:
        """`activation(formula + bias)`."""
        y = self.weighted_sum(channels_last(inputs, self.data_format))
        return self.activation(in_format(y, self.data_format))

    def output_channels(self, channels: int) -> int:  # noqa: ARG002  (as many as there are filters)
        """One for each filter."""
        filters: int = self.filters
        return filters
