"""The table: which reference layers, with which arguments and on which maps, are held against Keras and PyTorch.

The sizes are odd and differ from axis to axis, so that two of them mixed up give another number.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from keras import layers

from keras_cnnstats import layers as reference

SPATIAL = {1: (11,), 2: (9, 7), 3: (6, 5, 7)}
FORMATS = ("channels_last", "channels_first")


class Configuration(NamedTuple):
    """A layer with its arguments, and the map that it is called on.

    Attributes:
        layer: name of the reference layer.
        rank: number of spatial axes.
        label: what is special about the arguments.
        arguments: arguments of the layer, without the data format.
        data_format: `channels_last` or `channels_first`.
        channels: channels of the map.
    """

    layer: str
    rank: int
    label: str
    arguments: Mapping[str, Any]
    data_format: str = "channels_last"
    channels: int = 4

    def __str__(self) -> str:
        return f"{self.layer}-{self.label}{'-first' * (self.data_format == 'channels_first')}"

    @property
    def seed(self) -> int:
        """The same numbers for both data formats."""
        return crc32(f"{self.layer}-{self.label}".encode())

    def built(self, dtype: str) -> Any:
        """The reference layer."""
        made = getattr(reference, self.layer)(**self.arguments, **self.format, dtype=dtype)
        made.build(self.shape)
        return made

    @property
    def format(self) -> dict[str, str]:
        return {} if self.layer == "StableSoftmax" else {"data_format": self.data_format}

    @property
    def shape(self) -> tuple[int, ...]:
        return arranged((2, *SPATIAL[self.rank], self.channels), self.data_format)

    def numbers(self) -> np.ndarray:
        """The map, channels last; under a maximum all numbers differ, and float32 holds them exactly."""
        shape = (2, *SPATIAL[self.rank], self.channels)
        generator = np.random.default_rng(self.seed)
        if "MaxPooling" in self.layer:
            return generator.permutation(np.prod(shape)).reshape(shape) / 64
        return generator.normal(size=shape)

    def twin(self, dtype: str) -> Any:
        """The layer of Keras, or layers, channels last, that must give the same."""
        arguments = {**self.arguments, **SAME_AS.get(str(self).removesuffix("-first"), {})}
        margin = arguments.get("padding", "valid")
        name = self.layer.removeprefix("Reference")
        if isinstance(margin, str):
            return Chain([getattr(layers, name)(**arguments, dtype=dtype)], dtype=dtype)
        arguments["padding"] = "valid"
        layer = getattr(layers, name)(**arguments, dtype=dtype)
        kind = "Cropping" if name.endswith("Transpose") else "ZeroPadding"
        around = getattr(layers, f"{kind}{self.rank}D")(margin, dtype=dtype)
        return Chain([layer, around] if kind == "Cropping" else [around, layer], dtype=dtype)


class Chain(layers.Layer):
    """Layers one behind the other; a `Sequential` of them would compute in float32."""

    def __init__(self, chain: list[Any], dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.chain = chain

    def build(self, input_shape: Any) -> None:
        for layer in self.chain:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        for layer in self.chain:
            inputs = layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self.chain:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape


def arranged(values: Any, data_format: str) -> Any:
    """A shape or an array, channels last, in the data format."""
    if data_format == "channels_last":
        return values
    if isinstance(values, tuple):
        return (values[0], values[-1], *values[1:-1])
    return np.moveaxis(values, -1, 1)


CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "pointwise": {"kernel_size": 1},
    "pointwise_strided": {"kernel_size": 1, "strides": 2},
    "valid": {"kernel_size": 3},
    "even": {"kernel_size": 2},
    "same": {"kernel_size": 3, "padding": "same"},
    "even_same": {"kernel_size": 2, "padding": "same"},
    "four_same": {"kernel_size": 4, "padding": "same"},
    "large_same": {"kernel_size": 5, "padding": "same"},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 3, "strides": 2, "padding": "same"},
    "even_strided_same": {"kernel_size": 2, "strides": 2, "padding": "same"},
    "gaps": {"kernel_size": 2, "strides": 3},
    "gaps_same": {"kernel_size": 2, "strides": 3, "padding": "same"},
    "dilated": {"kernel_size": 3, "dilation_rate": 2},
    "dilated_same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    "even_dilated_same": {"kernel_size": 2, "dilation_rate": 3, "padding": "same"},
    "padded": {"kernel_size": 3, "padding": 1},
    "padded_strided": {"kernel_size": 3, "padding": 1, "strides": 2},
    "padded_more": {"kernel_size": 3, "padding": 3, "strides": 2},
    "padded_dilated": {"kernel_size": 3, "padding": 2, "dilation_rate": 2},
    "no_bias": {"kernel_size": 3, "use_bias": False},
    "activated": {"kernel_size": 3, "activation": "sigmoid"},
}
GROUPED: dict[str, dict[str, Any]] = {
    "grouped": {"kernel_size": 3, "groups": 2},
    "grouped_same": {"kernel_size": 3, "groups": 2, "padding": "same", "strides": 2},
    "grouped_padded": {"kernel_size": 2, "groups": 4, "padding": 1, "use_bias": False},
    "grouped_dilated": {"kernel_size": 2, "groups": 2, "dilation_rate": 2},
}
CAUSAL: dict[str, dict[str, Any]] = {
    "causal": {"kernel_size": 3, "padding": "causal"},
    "causal_strided": {"kernel_size": 3, "padding": "causal", "strides": 2},
    "causal_dilated": {"kernel_size": 3, "padding": "causal", "dilation_rate": 2},
    "causal_grouped": {"kernel_size": 3, "padding": "causal", "groups": 2},
}
OBLONG: dict[str, dict[str, Any]] = {
    "oblong": {"kernel_size": (1, 3)},
    "oblong_same": {"kernel_size": (4, 1), "padding": "same"},
    "uneven_strides": {"kernel_size": 3, "strides": (1, 2), "padding": "same"},
    "uneven_padding": {"kernel_size": (3, 2), "padding": (2, 0)},
}
DEPTHWISE: dict[str, dict[str, Any]] = {
    "valid": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "even_same": {"kernel_size": 2, "padding": "same"},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 3, "strides": 2, "padding": "same"},
    "multiplier": {"kernel_size": 3, "depth_multiplier": 3},
    "multiplier_same": {"kernel_size": (2, 3), "depth_multiplier": 2, "padding": "same"},
    "dilated": {"kernel_size": 3, "dilation_rate": 2},
    "dilated_same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    "padded": {"kernel_size": 3, "padding": 1, "strides": 2},
    "no_bias": {"kernel_size": 3, "use_bias": False},
    "activated": {"kernel_size": 3, "activation": "sigmoid"},
}
TRANSPOSED: dict[str, dict[str, Any]] = {
    "pointwise": {"kernel_size": 1},
    "valid": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "even_same": {"kernel_size": 2, "padding": "same"},
    "doubled": {"kernel_size": 2, "strides": 2},
    "gaps": {"kernel_size": 2, "strides": 3},
    "gaps_same": {"kernel_size": 2, "strides": 3, "padding": "same"},
    "strided": {"kernel_size": 3, "strides": 2},
    "strided_same": {"kernel_size": 3, "strides": 2, "padding": "same"},
    "four_same": {"kernel_size": 4, "strides": 2, "padding": "same"},
    "five_same": {"kernel_size": 5, "strides": 3, "padding": "same"},
    "output_padding": {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
    "output_padding_valid": {"kernel_size": 3, "strides": 2, "output_padding": 1},
    "no_output_padding": {"kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 0},
    "dilated": {"kernel_size": 3, "dilation_rate": 2},
    "dilated_same": {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    "oblong": {"kernel_size": (2, 4), "strides": (2, 1), "padding": "same"},
    "padded": {"kernel_size": 3, "strides": 2, "padding": 1},
    "padded_more": {"kernel_size": 4, "strides": 3, "padding": (2, 1)},
    "padded_output": {"kernel_size": 3, "strides": 2, "padding": 1, "output_padding": 1},
    "no_bias": {"kernel_size": 3, "strides": 2, "use_bias": False},
    "activated": {"kernel_size": 3, "strides": 2, "padding": "same", "activation": "sigmoid"},
}
SAME_AS: dict[str, dict[str, Any]] = {
    "ReferenceConv2DTranspose-no_output_padding": {"padding": 2, "output_padding": None},
}
"""What the arguments amount to, where Keras takes them and TensorFlow's kernel then refuses the size."""

POOLINGS: dict[str, dict[str, Any]] = {
    "halving": {"pool_size": 2},
    "three": {"pool_size": 3},
    "overlapping": {"pool_size": 3, "strides": 2},
    "smoothing": {"pool_size": 3, "strides": 1, "padding": "same"},
    "same": {"pool_size": 3, "strides": 2, "padding": "same"},
    "even_same": {"pool_size": 2, "padding": "same"},
    "gaps": {"pool_size": 2, "strides": 3},
}
PADDED_POOLINGS: dict[str, dict[str, Any]] = {
    "padded": {"pool_size": 2, "padding": 1},
    "padded_overlapping": {"pool_size": 3, "strides": 2, "padding": 1},
}


def _table(layer: str, rank: int, rows: Mapping[str, Mapping[str, Any]], **common: Any) -> Iterator[Configuration]:
    for (label, arguments), data_format in product(rows.items(), FORMATS):
        yield Configuration(layer, rank, label, {**common, **arguments}, data_format)


WITH_TWIN: list[Configuration] = [
    *_table("ReferenceConv1D", 1, CONVOLUTIONS | GROUPED | CAUSAL, filters=4),
    *_table("ReferenceConv2D", 2, CONVOLUTIONS | GROUPED | OBLONG, filters=4),
    *_table("ReferenceConv3D", 3, CONVOLUTIONS | GROUPED, filters=4),
    *_table("ReferenceDepthwiseConv2D", 2, DEPTHWISE),
    *_table("ReferenceSeparableConv2D", 2, DEPTHWISE, filters=5),
    *_table("ReferenceConv2DTranspose", 2, TRANSPOSED, filters=3),
    *(
        configuration
        for kind, rank in product(("Max", "Average"), (1, 2, 3))
        for configuration in _table(f"Reference{kind}Pooling{rank}D", rank, POOLINGS)
    ),
]
"""Configurations that a layer of Keras, or one with a padding or cropping beside it, has too."""

SOFTMAXES: dict[str, dict[str, Any]] = {"channels": {}, "rows": {"axis": 1}, "positions": {"axis": [1, 2]}}
BICUBIC: dict[str, dict[str, Any]] = {
    "double": {"size": 2},
    "triple": {"size": 3},
    "uneven": {"size": (1, 4)},
    "double_aligned": {"size": 2, "align_corners": True},
    "triple_aligned": {"size": 3, "align_corners": True},
    "uneven_aligned": {"size": (4, 1), "align_corners": True},
}


SOME = ("even_same", "strided", "dilated_same", "padded_strided", "grouped")
"""Convolutions of volumes that are held against PyTorch: what it gives for all of them would be a large file."""


def _in_torch(configuration: Configuration) -> bool:
    """Whether PyTorch has it: no 'causal', no Keras' own sizes of a transposed convolution, no padding of one side."""
    arguments = configuration.arguments
    padding = arguments.get("padding", "valid")
    if configuration.rank == 3 and "Conv" in configuration.layer and configuration.label not in SOME:
        return False
    if padding != "same":
        return padding != "causal" and not (configuration.layer.endswith("Transpose") and "gaps" in configuration.label)
    strided = arguments.get("strides", 1) != 1 or "Transpose" in configuration.layer or "Pooling" in configuration.layer
    return not strided


WITH_TORCH: list[Configuration] = [
    *(row for row in WITH_TWIN if row.data_format == "channels_last" and _in_torch(row)),
    *(
        configuration
        for kind, rank in product(("Max", "Average"), (1, 2, 3))
        for configuration in _table(f"Reference{kind}Pooling{rank}D", rank, PADDED_POOLINGS)
        if configuration.data_format == "channels_last"
    ),
    *(Configuration("StableSoftmax", 2, label, arguments) for label, arguments in SOFTMAXES.items()),
    *(Configuration("BicubicUpSampling2D", 2, label, arguments) for label, arguments in BICUBIC.items()),
    Configuration("PixelShuffle", 2, "two", {"upscale_factor": 2}, channels=12),
    Configuration("PixelShuffle", 2, "three", {"upscale_factor": 3}, channels=9),
    Configuration("PixelUnshuffle", 2, "one", {"downscale_factor": 1}),
    Configuration("SubPixelConv2D", 2, "three", {"filters": 2, "kernel_size": 3, "upscale_factor": 3, "padding": 1}),
]
"""Configurations that PyTorch has too, channels last (PyTorch's own is channels first)."""
