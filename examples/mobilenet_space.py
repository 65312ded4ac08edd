"""A search space like MobileNetV3's: resolutions, widths, depths, kernels, expansions, squeeze-and-excite or none.

A sample is swept under constraints, and the models that no other beats in cost, memory and size are printed. The whole
space, 1,620 models: `python examples/mobilenet_space.py --count 1620 --rows space.csv`, which goes on where it stopped.

Source: Howard et al., "Searching for MobileNetV3", ICCV 2019; the choices are those of Cai et al., "Once-for-All: Train
One Network and Specialize it for Efficient Deployment", ICLR 2020.
"""

import argparse
import random
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import keras_cnnstats as cnnstats

STAGES = ((24, 2), (40, 2), (80, 2), (112, 1), (160, 2))
"""Channels at width 1, and the stride of the first block, of each stage."""

STEM, LAST, FEATURES, CLASSES = 16, 960, 1280, 1000


class Choice(NamedTuple):
    """One network of the space.

    Attributes:
        resolution: rows and columns of the image.
        width: what all channels are multiplied by.
        depth: blocks in each stage.
        kernel: rows and columns of the depthwise kernels.
        expansion: how many times as wide a block is inside.
        squeezed: whether each block has a squeeze-and-excite gate, through which it sees the whole image.
    """

    resolution: int = 224
    width: float = 1.0
    depth: int = 3
    kernel: int = 3
    expansion: int = 4
    squeezed: bool = True

    @property
    def name(self) -> str:
        """The choices in short.

        >>> Choice(width=0.5, kernel=5).name
        '224 w0.5 d3 k5 e4 se'
        """
        name = f"{self.resolution} w{self.width:g} d{self.depth} k{self.kernel} e{self.expansion}"
        return f"{name} se" if self.squeezed else name


SPACE = {
    "resolution": (96, 128, 160, 192, 224),
    "width": (0.35, 0.5, 0.75, 1.0, 1.25, 1.4),
    "depth": (2, 3, 4),
    "kernel": (3, 5, 7),
    "expansion": (3, 4, 6),
    "squeezed": (False, True),
}


def channels(base: int, width: float) -> int:
    """Returns a width as MobileNet rounds it: to a multiple of 8, of which there is at least one.

    >>> [channels(base, 0.35) for base in (16, 24, 40)]
    [8, 8, 16]
    """
    return max(8, int(base * width + 4) // 8 * 8)


def build(**choice: Any) -> Any:
    """Returns the network of a choice: a stem, five stages of inverted residuals, and a head."""
    import keras
    from keras import layers

    chosen = Choice(**choice)
    image = keras.Input((chosen.resolution, chosen.resolution, 3))
    x = _convolved(image, channels(STEM, chosen.width), kernel=3, strides=2)
    for base, strides in STAGES:
        for number in range(chosen.depth):
            x = _inverted(x, channels(base, chosen.width), chosen, 1 if number else strides)
    x = _convolved(x, channels(LAST, chosen.width))
    x = layers.Dense(FEATURES, activation="hard_swish")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(CLASSES)(x))


def _convolved(x: Any, filters: int, kernel: int = 1, strides: int = 1, activation: str = "hard_swish") -> Any:
    """Convolution, normalisation, activation."""
    from keras import layers

    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    return layers.Activation(activation)(layers.BatchNormalization()(x))


def _inverted(x: Any, filters: int, chosen: Choice, strides: int) -> Any:
    """A block that widens, looks around, and narrows; with a shortcut where it changes no size."""
    from keras import layers

    y = _convolved(x, chosen.expansion * x.shape[-1])
    y = layers.DepthwiseConv2D(chosen.kernel, strides=strides, padding="same", use_bias=False)(y)
    y = layers.Activation("hard_swish")(layers.BatchNormalization()(y))
    y = _gated(y) if chosen.squeezed else y
    y = _convolved(y, filters, activation="linear")
    return layers.Add()([x, y]) if x.shape == y.shape else y


def _gated(x: Any) -> Any:
    """Squeeze-and-excite: a weight for each channel, of all positions."""
    from keras import layers

    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(x.shape[-1] // 4, 1, activation="relu")(gate)
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation="hard_sigmoid")(gate)])


def mobilenet_space(count: int | None = None, seed: int = 0) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yields builders for `cnnstats.sweep`: all choices, or a sample of `count` in an order that `seed` gives."""
    space = [Choice(*values) for values in product(*SPACE.values())]
    if count is not None:
        space = random.Random(seed).sample(space, min(count, len(space)))
    for choice in space:
        yield choice.name, build, choice._asdict()


def main() -> None:
    """Sweeps a sample under constraints, and prints the front."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=16, help="networks; 1620 are all")
    parser.add_argument("--max-flops", default="800M")
    parser.add_argument("--min-receptive-field", type=int, default=224, help="pixels that a unit of the last map sees")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--rows", help="file of the rows: .csv or .parquet")
    parser.add_argument("--output", help="folder of pictures, of which this example draws none")
    given = parser.parse_args()
    frame = cnnstats.sweep(
        mobilenet_space(given.count),
        max_flops=given.max_flops,
        min_receptive_field=given.min_receptive_field,
        processes=given.processes,
        output=given.rows,
    )
    print(f"{len(frame)} of {given.count} keep to {given.max_flops} FLOPs and see {given.min_receptive_field} pixels")
    front = cnnstats.pareto(frame, minimise=["flops", "peak_activation_bytes"], maximise=["params"])
    print(front[["name", "params", "flops", "peak_activation_bytes", "rf"]].to_string(index=False))


if __name__ == "__main__":
    main()
