"""The textbook's formulas: each as it reads with the numbers put in, and what it gives."""

from typing import NamedTuple


class Formula(NamedTuple):
    """A formula with the numbers put in, and its value."""

    text: str
    value: int


def output_size(n: int, k: int, s: int = 1, p: int = 0) -> Formula:
    """Outputs of a window of `k` over `n` positions with `p` more on each side, every `s` positions."""
    return Formula(f"floor(({n} + 2*{p} - {k}) / {s}) + 1", (n + 2 * p - k) // s + 1)


def convolution_parameters(k: int, channels: int, filters: int, bias: bool = True) -> Formula:
    """A weight for each value that a filter sees, and its bias."""
    text = f"({k}*{k}*{channels} + 1) * {filters}" if bias else f"{k}*{k}*{channels} * {filters}"
    return Formula(text, (k * k * channels + bias) * filters)


def dense_parameters(inputs: int, outputs: int, bias: bool = True) -> Formula:
    """A weight for each pair of an input and an output, and a bias for each output."""
    text = f"({inputs} + 1) * {outputs}" if bias else f"{inputs} * {outputs}"
    return Formula(text, (inputs + bias) * outputs)


def convolution_flops(k: int, channels: int, filters: int, rows: int, columns: int, bias: bool = True) -> Formula:
    """Multiplications, the additions between them, and the addition of the bias, for each output value."""
    products = f"{channels}*{k}*{k}"
    each = f"[{products} + ({products} - 1){' + 1' if bias else ''}]"
    values = 2 * channels * k * k - 1 + bias
    return Formula(f"{each} * {filters} * {rows} * {columns}", values * filters * rows * columns)


def dense_flops(inputs: int, outputs: int, bias: bool = True) -> Formula:
    """The same for a dense layer, whose output values each see all inputs."""
    text = f"[{inputs} + ({inputs} - 1){' + 1' if bias else ''}] * {outputs}"
    return Formula(text, (2 * inputs - 1 + bias) * outputs)


def receptive_field(before: int, k: int, strides: int) -> Formula:
    """What a window of `k` sees of the input, behind a layer that sees `before` and layers of so many strides."""
    return Formula(f"{before} + ({k} - 1) * {strides}", before + (k - 1) * strides)
