"""Writes the table of what operations count by definition into docs/numbers.md: `python -m docs.definitions`.

Each line has a layer whose textbook FLOPs and transcendentals have to be what its formulas come to.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import layers

import keras_cnnstats as cnnstats
from docs.marks import put_between

PAGE = Path(__file__).parent / "numbers.md"
BEGIN, END = "<!-- definitions -->\n\n", "\n<!-- end of definitions -->"

MAP = (8, 8, 6)
"""Rows, columns and channels of the map that each layer is called on."""


class Definition(NamedTuple):
    """A line of the table.

    Attributes:
        what: the operation, as the table names it.
        per: what the formulas are of.
        flops: additions, products, divisions and comparisons: a formula in Python.
        transcendentals: the same of exponentials, logarithms, roots and their like.
        make: makes a layer (or a function of the map) that does nothing else.
        letters: what the letters in the formulas are in that layer.
        count: how often the layer does what the formulas are of.
        note: the steps, where that helps.
    """

    what: str
    per: str
    flops: str
    transcendentals: str
    make: Callable[[], Any]
    letters: Mapping[str, int]
    count: int
    note: str = ""

    def counted(self) -> tuple[int, int]:
        """What the package counts in the layer."""
        image = keras.Input(MAP)
        layer = self.make()
        maps = [image] * self.letters["m"] if "m" in self.letters else image
        totals = cnnstats.analyze(keras.Model(image, layer(maps))).totals
        return totals.flops, totals.transcendentals

    def expected(self) -> tuple[int, int]:
        """What the formulas come to."""
        flops, transcendentals = (eval(each, dict(self.letters)) for each in (self.flops, self.transcendentals))
        return flops * self.count, transcendentals * self.count


def function(what: str, flops: str, transcendentals: str, make: Callable[[], Any], note: str = "") -> Definition:
    """A function of each value by itself."""
    return Definition(what, "value", flops, transcendentals, make, {}, 8 * 8 * 6, note)


def named(name: str) -> Callable[[], Any]:
    """A layer that applies a function of Keras by its name."""
    return lambda: layers.Activation(name)


DEFINITIONS = (
    Definition(
        "convolution, dense, einsum, products of maps: sums of `K` products", "output value", "2 * K - 1", "0",
        lambda: layers.Conv2D(5, 3, use_bias=False), {"K": 54}, 6 * 6 * 5, "`K` products, `K - 1` additions",
    ),
    Definition(
        "the same with a bias", "output value", "2 * K", "0", lambda: layers.Conv2D(5, 3), {"K": 54}, 6 * 6 * 5,
        "one addition more",
    ),
    Definition(
        "addition, product, maximum of `m` maps", "value", "m - 1", "0", layers.Add, {"m": 3}, 8 * 8 * 6
    ),
    function("ReLU", "1", "0", layers.ReLU, "a comparison"),
    function("ReLU6", "2", "0", named("relu6")),
    function("leaky ReLU, PReLU", "2", "0", layers.PReLU, "a comparison, a product"),
    function("hard sigmoid", "4", "0", named("hard_sigmoid"), "a product, an addition, two limits"),
    function("hard SiLU", "5", "0", named("hard_silu"), "and a product"),
    function("tanh", "0", "1", named("tanh")),
    function("sigmoid", "2", "1", named("sigmoid"), "`1 / (1 + exp(-x))`, the sign left out"),
    function("SiLU (swish)", "3", "1", named("silu"), "and a product"),
    function("ELU", "3", "1", named("elu")),
    function("SELU", "4", "1", named("selu")),
    function("GELU", "4", "1", named("gelu"), "`x / 2 * (1 + erf(x / sqrt(2)))`"),
    function("GELU with a tanh", "8", "1", lambda: lambda x: keras.ops.gelu(x, approximate=True)),
    Definition("max pooling over `K` taps", "output value", "K - 1", "0", lambda: layers.MaxPooling2D(2), {"K": 4}, 96),
    Definition(
        "average pooling over `K` taps", "output value", "K", "0", lambda: layers.AveragePooling2D(2), {"K": 4}, 96,
        "`K - 1` additions, a division",
    ),
    function("batch normalization", "2", "0", layers.BatchNormalization, "a product, an addition"),
    Definition(
        "layer, group normalization of `n` values", "group", "5 * n + 1", "1",
        lambda: layers.LayerNormalization(scale=False, center=False), {"n": 6}, 64,
        "mean, distances, squares, their mean, root, division; `n` more for a scale, `n` for a shift",
    ),
    Definition(
        "the same with scale and shift", "group", "7 * n + 1", "1", layers.LayerNormalization, {"n": 6}, 64
    ),
    Definition(
        "RMS normalization of `n` values, with its scale", "group", "4 * n + 1", "1", layers.RMSNormalization, {"n": 6},
        64,
    ),
    Definition(
        "unit normalization of `n` values", "group", "3 * n", "1", layers.UnitNormalization, {"n": 6}, 64
    ),
    Definition(
        "softmax over `n` values", "group", "4 * n - 2", "n", layers.Softmax, {"n": 6}, 64,
        "the largest, differences, the sum of the exponentials, divisions",
    ),
    Definition("resizing, nearest", "output value", "0", "0", lambda: layers.UpSampling2D(2), {}, 256 * 6),
    Definition(
        "resizing, bilinear", "output value", "7", "0", lambda: layers.UpSampling2D(2, interpolation="bilinear"), {},
        256 * 6, "4 products, 3 additions",
    ),
    Definition(
        "resizing, bicubic", "output value", "31", "0", lambda: layers.UpSampling2D(2, interpolation="bicubic"), {},
        256 * 6, "16 products, 15 additions",
    ),
    Definition(
        "the same against aliasing, over `K` taps of the stretched kernel", "output value", "2 * K - 1", "0",
        lambda: layers.Resizing(4, 4, antialias=True), {"K": 16}, 16 * 6, "`K` products, `K - 1` additions",
    ),
    Definition("reshape, permute, pad, crop, concatenate", "value", "0", "0", lambda: layers.ZeroPadding2D(), {}, 600),
)  # fmt: skip


def table() -> str:
    """Returns the table."""
    lines = ["| operation | per | textbook FLOPs | transcendentals | steps |", "| --- | --- | ---: | ---: | --- |"]
    for each in DEFINITIONS:
        formulas = [text.replace(" * ", " ") for text in (each.flops, each.transcendentals)]
        shown = [f"`{text}`" if any(letter in text for letter in each.letters) else text for text in formulas]
        lines.append(f"| {each.what} | {each.per} | {' | '.join(shown)} | {each.note} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Puts the table between its marks."""
    put_between(PAGE, BEGIN, table(), END)


if __name__ == "__main__":
    main()
