"""Arrays of numbers that count, as layers expect a tensor to be."""

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cnnstats.counting.numbers import Number


class Array:
    """An array of `Number`s with the shape and the dtype that a layer asks a tensor for.

    Attributes:
        values: the numbers, an array of objects.
        dtype: what the layer is told.
    """

    __array_priority__ = 1000  # `plain + array` is ours too

    def __init__(self, values: Any, dtype: str) -> None:
        self.values = np.asarray(values, dtype=object)
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, batch axis included."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.values.ndim

    def __getitem__(self, key: Any) -> "Array":
        return Array(self.values[key], self.dtype)

    def __neg__(self) -> "Array":
        return Array(-self.values, self.dtype)

    def plain(self) -> Any:
        """The plain numbers, as an array of doubles."""
        return np.array([number.value for number in self.values.flat], dtype=float).reshape(self.shape)


def _operator(function: Callable[[Any, Any], Any], turned: bool = False) -> Callable[[Array, Any], Array]:
    def apply(self: Array, other: Any) -> Array:
        others = other.values if isinstance(other, Array) else np.asarray(other)
        return Array(function(others, self.values) if turned else function(self.values, others), self.dtype)

    return apply


for _name, _function in {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
}.items():
    setattr(Array, f"__{_name}__", _operator(_function))
    setattr(Array, f"__r{_name}__", _operator(_function, turned=True))


def counting(values: Any, dtype: str, tally: Counter[str]) -> Array:
    """Returns an array of plain numbers as one of numbers that count."""
    plain = np.asarray(values, dtype=float)
    numbers = np.empty(plain.size, dtype=object)
    numbers[:] = [Number(value, tally) for value in plain.flat]
    return Array(numbers.reshape(plain.shape), dtype)
