"""What the functions of a backend of Keras do with arrays of numbers that count, one number at a time.

Each is written as NumPy does it to arrays of objects: the arithmetic is that of the numbers themselves. To move
numbers around is no operation.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from keras_cnnstats.counting.numbers import Number

Values = Any
"""An array of numbers that count, or plain numbers."""


def sum_of(x: Values, axis: Any = None, keepdims: bool = False) -> Values:
    """Additions, one fewer than there are numbers."""
    return np.sum(x, axis=_axes(x, axis), keepdims=keepdims)


def largest(x: Values, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Values:
    """Comparisons, one fewer than there are numbers."""
    # A start is only there for where there is nothing to compare.
    start = {} if initial is None or x.size else {"initial": initial}
    return np.max(x, axis=_axes(x, axis), keepdims=keepdims, **start)


def mean_of(x: Values, axis: Any = None, keepdims: bool = False) -> Values:
    """The sum, divided by how many there are."""
    total = sum_of(x, axis, keepdims)
    return total / (x.size // np.size(total))


def matrix_product(a: Values, b: Values) -> Values:
    """For each number of the result the products, and their sum."""
    return sum_of(a[..., :, :, None] * b[..., None, :, :], axis=-2)


def einsum(subscripts: str, *operands: Values) -> Values:
    """All products of the operands, one after the other, then their sums over the letters that are left out."""
    sources, result = subscripts.replace(" ", "").split("->")
    inputs = _without_ellipsis(sources.split(","), operands)
    result = result.replace(
        "...", "".join(dict.fromkeys(letter for each in inputs for letter in each if letter.isupper()))
    )
    summed = [letter for letter in dict.fromkeys("".join(inputs)) if letter not in result]
    letters = [*result, *summed]
    products, *others = (_spread_out(each, names, letters) for each, names in zip(operands, inputs, strict=True))
    for other in others:
        products = products * other
    return sum_of(products, axis=tuple(range(len(result), len(letters)))) if summed else products


def _without_ellipsis(names: Sequence[str], operands: Sequence[Values]) -> list[str]:
    """The letters of each operand, capitals for the dimensions that `...` stands for."""
    capitals = "ABCDEFGHIJKL"
    return [
        each.replace("...", capitals[len(capitals) - (operand.ndim - len(each.replace("...", ""))) :])
        for each, operand in zip(names, operands, strict=True)
    ]


def _spread_out(x: Values, names: str, letters: Sequence[str]) -> Values:
    """The operand with a dimension for each letter, of size 1 where it does not have it."""
    order = [names.index(letter) for letter in letters if letter in names]
    moved = np.transpose(x, order)
    return moved[tuple(slice(None) if letter in names else None for letter in letters)]


def padded(x: Values, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Values:
    """Puts numbers beside a map, which count as padding where they are not taken from it."""
    beside: dict[str, Any] = {"mode": mode}
    if mode == "constant" and x.size:
        value = 0.0 if constant_values is None else float(constant_values)
        beside["constant_values"] = Number(value, x.flat[0].tally, is_padding=True)
    return np.pad(x, pad_width, **beside)


def sliced(x: Values, start: Sequence[int], shape: Sequence[int]) -> Values:
    """The part of so many numbers on each axis."""
    return x[tuple(slice(int(first), int(first) + int(size)) for first, size in zip(start, shape, strict=True))]


def relu(x: Values) -> Values:
    """A comparison with zero."""
    return np.where(np.greater(x, 0.0, dtype=bool), x, 0.0)


def leaky_relu(x: Values, negative_slope: float = 0.2) -> Values:
    """A comparison with zero, and a product."""
    return np.where(np.greater(x, 0.0, dtype=bool), x, x * negative_slope)


def relu6(x: Values) -> Values:
    """A comparison with zero, and one with 6."""
    y = relu(x)
    return np.where(np.less(y, 6.0, dtype=bool), y, 6.0)


def sigmoid(x: Values) -> Values:
    """`1 / (1 + exp(-x))`: an addition, a division and an exponential."""
    return 1.0 / (1.0 + np.exp(-x))


def silu(x: Values) -> Values:
    """`x * sigmoid(x)`."""
    return x * sigmoid(x)


def softmax(x: Values, axis: int = -1) -> Values:
    """The exponentials of the numbers less the largest one, divided by their sum."""
    powers = np.exp(x - largest(x, axis, keepdims=True))
    return powers / sum_of(powers, axis, keepdims=True)


def repeated(lower: int, upper: int, body: Callable[[int, Any], Any], start: Any) -> Any:
    """Runs `body` once for each number from `lower` to `upper`, on what it gave before."""
    *_, last = accumulate(range(lower, upper), lambda value, step: body(step, value), initial=start)
    return last


def _axes(x: Values, axis: Any) -> Any:
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


FUNCTIONS: dict[str, Callable[..., Any]] = {
    # These compute.
    "add": np.add,
    "divide": np.divide,
    "einsum": einsum,
    "exp": np.exp,
    "greater": lambda a, b: np.greater(a, b, dtype=bool),
    "greater_equal": lambda a, b: np.greater_equal(a, b, dtype=bool),
    "leaky_relu": leaky_relu,
    "less": lambda a, b: np.less(a, b, dtype=bool),
    "less_equal": lambda a, b: np.less_equal(a, b, dtype=bool),
    "matmul": matrix_product,
    "max": largest,
    "maximum": np.maximum,
    "mean": mean_of,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "negative": np.negative,
    "relu": relu,
    "relu6": relu6,
    "sigmoid": sigmoid,
    "silu": silu,
    "softmax": softmax,
    "square": lambda x: x * x,
    "subtract": np.subtract,
    "sum": sum_of,
    "tanh": np.tanh,
    "true_divide": np.divide,
    # These move numbers around, or choose among them.
    "broadcast_to": np.broadcast_to,
    "cast": lambda x, *_, **__: x,
    "concatenate": lambda xs, axis=0: np.concatenate(xs, axis=axis),
    "convert_to_tensor": lambda x, *_, **__: x,
    "copy": np.copy,
    "expand_dims": np.expand_dims,
    "flip": np.flip,
    "fori_loop": repeated,
    "moveaxis": np.moveaxis,
    "pad": padded,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "reshape": np.reshape,
    "shape": np.shape,
    "slice": sliced,
    "split": np.split,
    "squeeze": np.squeeze,
    "stack": lambda xs, axis=0: np.stack(xs, axis=axis),
    "stop_gradient": lambda x: x,
    "swapaxes": np.swapaxes,
    "take": lambda x, indices, axis=None: np.take(x, indices, axis=axis),
    "transpose": np.transpose,
    "where": np.where,
    "zeros_like": lambda x, **_: np.zeros(x.shape),
}
"""What is done in the place of a backend's function, by its name."""
