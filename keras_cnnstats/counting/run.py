"""`count_operations`: a layer is run on numbers that count."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_cnnstats.capture import interpreted
from keras_cnnstats.capture.state import random_untouched
from keras_cnnstats.counting.arrays import Array, counting
from keras_cnnstats.counting.numbers import Number
from keras_cnnstats.counting.operations import FUNCTIONS
from keras_cnnstats.errors import ModelError


class Counted(NamedTuple):
    """What a layer did to one sample, each operation tallied as it was done.

    Attributes:
        multiplications: products of two numbers, of the input, the weights, or what was made of them.
        additions: sums of two numbers.
        subtractions: differences of two numbers.
        divisions: quotients of two numbers.
        comparisons: of two numbers, such as the search for the largest one makes.
        transcendentals: exponentials and hyperbolic tangents.
        multiplications_with_padding: those of the products that have a factor which padding or zero insertion has put
            beside the numbers of the map.
        output: what the layer made of the sample: doubles, with the batch axis.
    """

    multiplications: int
    additions: int
    subtractions: int
    divisions: int
    comparisons: int
    transcendentals: int
    multiplications_with_padding: int
    output: Any

    @property
    def flops(self) -> int:
        """All operations but the transcendentals: what the convention `textbook` counts."""
        return self.multiplications + self.additions + self.subtractions + self.divisions + self.comparisons


def count_operations(layer: Any, shape: Sequence[int], *, values: Any = None) -> Counted:
    """Runs a layer on numbers that count, and returns how many operations of which kind it did.

    Nothing is derived: each multiplication, addition and comparison is tallied when it is done, padding included. It
    takes about a microsecond for each, so shapes should be small.

    Args:
        layer: a layer whose `call` is written in `keras.ops`, such as those of `keras_cnnstats.layers`. One that is
            not built is counted as a copy, and stays as it was.
        shape: shape of one sample, without the batch axis.
        values: the sample's numbers; random ones where they are not given.

    Returns:
        The tally, and what the layer made of the sample.

    Raises:
        ModelError: `layer` is no layer, `shape` or `values` do not fit, or its `call` does something else than
            operations that are counted one by one: a convolution is one call of `keras.ops.conv`.

    Example: 9 products a value and 8 sums, of 3x3 values; and a bias.

    >>> import keras_cnnstats as cnnstats
    >>> done = cnnstats.count_operations(cnnstats.layers.ReferenceConv2D(1, 3), (5, 5, 1))
    >>> done.multiplications, done.additions, done.flops
    (81, 81, 162)
    """
    layer = _built(layer, tuple(shape))
    tally: Counter[str] = Counter()
    sample = counting(_sample(values, tuple(shape)), layer.compute_dtype, tally)
    weights: dict[int, Array] = {}

    def ours(value: Any) -> Any:
        """The numbers of an argument: a weight's are made once."""
        if isinstance(value, keras.Variable):
            if id(value) not in weights:
                weights[id(value)] = counting(keras.ops.convert_to_numpy(value), layer.compute_dtype, tally)
            return weights[id(value)].values
        if isinstance(value, Array):
            return value.values
        return np.asarray(value) if keras.ops.is_tensor(value) else value

    def done(function: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **kwargs: Any) -> Any:
            given, named = keras.tree.map_structure(ours, (args, kwargs))
            return _wrapped(function(*given, **named), layer.compute_dtype, tally)

        return operation

    functions = {name: done(function) for name, function in FUNCTIONS.items()}
    functions["fori_loop"] = FUNCTIONS["fori_loop"]  # runs what the layer wrote
    try:
        with interpreted(lambda value: isinstance(value, (Array, keras.Variable)), functions):
            output = layer.call(sample)
    except NotImplementedError as gap:
        raise ModelError(
            f"count_operations: `{type(layer).__name__}` calls `{gap}`, which does many operations at once or is not "
            "known. Expected a layer whose call is written in single operations of keras.ops, as the reference layers "
            "of keras_cnnstats.layers are."
        ) from None
    if not isinstance(output, Array):
        raise ModelError(
            f"count_operations: `{type(layer).__name__}` returns {type(output).__name__}. "
            "Expected a layer that returns one map, computed from its input."
        )
    return Counted(
        multiplications=tally["multiplications"],
        additions=tally["additions"],
        subtractions=tally["subtractions"],
        divisions=tally["divisions"],
        comparisons=tally["comparisons"],
        transcendentals=tally["transcendentals"],
        multiplications_with_padding=tally["multiplications with padding"],
        output=output.plain(),
    )


def _wrapped(result: Any, dtype: str, tally: Counter[str]) -> Any:
    """The result of an operation as the layer goes on with it; what is no number that counts becomes one."""
    if isinstance(result, list):
        return [_wrapped(each, dtype, tally) for each in result]
    if not isinstance(result, np.ndarray) or result.dtype != object:
        return result
    numbers = [each if isinstance(each, Number) else Number(float(each), tally) for each in result.flat]
    values = np.empty(len(numbers), dtype=object)
    values[:] = numbers
    return Array(values.reshape(result.shape), dtype)


def _built(layer: Any, shape: tuple[Any, ...]) -> Any:
    """The layer, or a copy of it that is built."""
    if not isinstance(layer, keras.layers.Layer):
        raise ModelError(f"count_operations: expected a layer. Received: {type(layer).__name__}.")
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ModelError(
            "count_operations: expected the shape of one sample, without the batch axis, in integers of at least 1. "
            f"Received: {shape}."
        )
    with random_untouched():
        if not layer.built:
            layer = _copied(layer)
        try:
            if not layer.built:
                layer.build((1, *shape))
            layer.compute_output_shape((1, *shape))
        except Exception as error:
            raise ModelError(f"count_operations: `{type(layer).__name__}` does not take {shape}: {error}") from error
    return layer


def _copied(layer: Any) -> Any:
    try:
        return type(layer).from_config(layer.get_config())
    except Exception as error:
        raise ModelError(
            f"count_operations: `{type(layer).__name__}` is not built, and cannot be made anew from its configuration. "
            "Build it first, or write its `get_config`."
        ) from error


def _sample(values: Any, shape: tuple[int, ...]) -> Any:
    if values is None:
        return np.random.default_rng(0).normal(size=(1, *shape))
    given = np.asarray(values, dtype=float)
    if given.shape != shape:
        raise ModelError(f"count_operations: expected values of shape {shape}. Received: {given.shape}.")
    return given[None]
