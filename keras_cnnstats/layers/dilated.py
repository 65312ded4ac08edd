"""Iterated dilated convolutions: each with its taps twice as far apart as the one before it."""

from typing import Any, ClassVar

import keras
from keras import activations, layers

from keras_cnnstats.layers.convolution import Convolution, ReferenceConv1D, ReferenceConv2D


class DilatedBlock(layers.Layer):
    """What blocks of any rank have in common: convolutions one behind the other, with dilations 1, 2, 4, ...

    With `depth` convolutions of `k` taps, each output sees `1 + (k - 1) * (2 ** depth - 1)` positions on each axis; as
    many convolutions without dilation, which have the same number of weights, see `1 + (k - 1) * depth`.

    Args:
        filters: channels of each convolution.
        kernel_size: taps on each axis.
        depth: convolutions.
        padding: `"same"`, in 1-D also `"causal"`: a map keeps its size.
        data_format: `"channels_last"` or `"channels_first"`.
        activation: function of each output of each convolution.
        use_bias: whether the convolutions have a bias.
        **kwargs: name, dtype.
    """

    convolution: ClassVar[type[Convolution]]
    paddings: ClassVar[tuple[str, ...]] = ("same",)

    def __init__(
        self,
        filters: int,
        kernel_size: Any = 3,
        depth: Any = 4,
        padding: str = "same",
        data_format: str | None = None,
        activation: Any = "relu",
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if padding not in self.paddings:
            names = " or ".join(f"'{name}'" for name in self.paddings)
            raise ValueError(f"`padding` must be {names}: the map keeps its size. Received: padding={padding!r}.")
        if not isinstance(depth, int) or depth < 1:
            raise ValueError(f"`depth` must be an integer of at least 1. Received: depth={depth!r}.")
        self.filters, self.kernel_size, self.depth = filters, kernel_size, depth
        self.padding, self.use_bias = padding, use_bias
        self.data_format = keras.config.image_data_format() if data_format is None else data_format
        self.activation = activations.get(activation)
        self.convolutions = [
            self.convolution(
                filters,
                kernel_size,
                padding=padding,
                data_format=self.data_format,
                dilation_rate=2**step,
                activation=activation,
                use_bias=use_bias,
                dtype=self.dtype_policy,
                name=f"dilation_{2**step}",
            )
            for step in range(depth)
        ]

    def build(self, input_shape: Any) -> None:
        """Makes the weights of each convolution."""
        for convolution in self.convolutions:
            convolution.build(input_shape)
            input_shape = convolution.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The convolutions, one behind the other."""
        for convolution in self.convolutions:
            inputs = convolution(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input, with `filters` channels."""
        for convolution in self.convolutions:
            input_shape = convolution.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = ("filters", "kernel_size", "depth", "padding", "data_format", "use_bias")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in own},
            "activation": activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class DilatedBlock1D(DilatedBlock):
    """Iterated dilated convolutions over steps.

    Source: E. Strubell et al., "Fast and Accurate Entity Recognition with Iterated Dilated Convolutions", EMNLP 2017.

    >>> DilatedBlock1D(8, depth=3, padding="causal").compute_output_shape((None, 9, 3))
    (None, 9, 8)
    """

    convolution = ReferenceConv1D
    paddings = ("same", "causal")


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class DilatedBlock2D(DilatedBlock):
    """Iterated dilated convolutions over rows and columns.

    Source: E. Strubell et al., "Fast and Accurate Entity Recognition with Iterated Dilated Convolutions", EMNLP 2017.

    >>> DilatedBlock2D(8, depth=3).compute_output_shape((None, 9, 7, 3))
    (None, 9, 7, 8)
    """

    convolution = ReferenceConv2D
