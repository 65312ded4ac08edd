"""Writes the table of operation kinds and conventions into docs/numbers.md: `python -m docs.kinds`."""

from pathlib import Path
from typing import Any

import keras
from keras import layers

import keras_cnnstats as cnnstats
from docs.marks import put_between
from keras_cnnstats.units import CONVENTIONS

PAGE = Path(__file__).parent / "numbers.md"
BEGIN, END = "<!-- kinds -->\n\n", "\n<!-- end of kinds -->"

MAP = (8, 8, 4)
"""Rows, columns and channels of the map that each layer is called on; of sequences 8 steps of 4 values."""

KINDS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "`Conv2D(6, 3)`": (lambda: layers.Conv2D(6, 3), MAP),
    '`Conv2D(6, 3, padding="same")`': (lambda: layers.Conv2D(6, 3, padding="same"), MAP),
    "`DepthwiseConv2D(3)`": (lambda: layers.DepthwiseConv2D(3), MAP),
    "`SeparableConv2D(6, 3)`": (lambda: layers.SeparableConv2D(6, 3), MAP),
    "`Conv2DTranspose(6, 3, strides=2)`": (lambda: layers.Conv2DTranspose(6, 3, strides=2), MAP),
    "`Dense(6)`": (lambda: layers.Dense(6), MAP),
    "`MultiHeadAttention(2, 4)`, of itself": (lambda: Attended(), (8, 4)),
    "`LSTM(6)`": (lambda: layers.LSTM(6), (8, 4)),
    "`MaxPooling2D(2)`": (lambda: layers.MaxPooling2D(2), MAP),
    "`AveragePooling2D(2)`": (lambda: layers.AveragePooling2D(2), MAP),
    "`GlobalAveragePooling2D()`": (lambda: layers.GlobalAveragePooling2D(), MAP),
    "`BatchNormalization()`": (lambda: layers.BatchNormalization(), MAP),
    "`LayerNormalization()`": (lambda: layers.LayerNormalization(), MAP),
    "`ReLU()`": (lambda: layers.ReLU(), MAP),
    '`Activation("sigmoid")`': (lambda: layers.Activation("sigmoid"), MAP),
    '`Activation("gelu")`': (lambda: layers.Activation("gelu"), MAP),
    "`Softmax()`": (lambda: layers.Softmax(), MAP),
    "`x + x`": (lambda: Doubled(), MAP),
    "`UpSampling2D(2)`": (lambda: layers.UpSampling2D(2), MAP),
    "`Flatten()`, `Reshape`, `Concatenate`, `Dropout`": (lambda: layers.Flatten(), MAP),
}


class Attended(layers.Layer):
    """A sequence that looks at itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4)

    def call(self, x: Any) -> Any:
        """Returns what it sees."""
        return self.attention(x, x)


class Doubled(layers.Layer):
    """A map added to itself."""

    def call(self, x: Any) -> Any:
        """Returns the sum."""
        return keras.ops.add(x, x)


def table() -> str:
    """Returns the table, of what the package counts now."""
    lines = [f"| operation | {' | '.join(f'`{name}`' for name in CONVENTIONS)} | transcendentals |"]
    lines.append("| --- |" + " ---: |" * (len(CONVENTIONS) + 1))
    for name, (make, shape) in KINDS.items():
        report = cnnstats.analyze(keras.Sequential([keras.Input(shape), make()]))
        flops = [report.with_convention(convention).totals.flops for convention in CONVENTIONS]
        cells = " | ".join(f"{count:,}" for count in (*flops, report.totals.transcendentals))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Puts the table between its marks."""
    put_between(PAGE, BEGIN, table(), END)


if __name__ == "__main__":
    main()
