"""What the positions of each tensor of a Keras model see, found out by poking its input. Imports nothing of ours.

One row (or column, or plane) of the input after the other is changed, all its channels at once, and whatever changes in
a tensor has seen it. All pokes of one axis are one batch. The weights are positive and generic, so that no two paths
cancel, and a poke is so large that it wins every maximum it takes part in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np

POKE = 1e20
"""Far above anything that weights up to 1.5 make of the baseline in a small network, and far below float32's end."""

NOISE = 1e-5
"""What rounding changes of the largest value. A poke that arrives changes a value more than that, by a lot."""

Place = tuple[str, int]
"""A layer's path, and which of its calls."""

INPUT: Place = ("", 0)

Extent = tuple[int, int] | None
"""First and last input position seen; `None` where none is."""


class Measured(NamedTuple):
    """What one call made of the pokes.

    Attributes:
        changed: for each input axis: poked position x the tensor's shape without the batch.
        sources: the calls (or inputs) whose tensors it reads.
    """

    changed: tuple[np.ndarray, ...]
    sources: tuple[Place, ...]

    def extents(self, axis: int, dim: int | None) -> list[Extent]:
        """What each output position sees on an input axis; each element, where no dimension of the tensor runs over it.

        Args:
            axis: the input axis.
            dim: the tensor's dimension (batch: 0) that runs over the axis.
        """
        changed = self.changed[axis]
        if dim is None:
            flat = changed.reshape(len(changed), -1)
        else:
            others = tuple(place for place in range(1, changed.ndim) if place != dim)
            flat = changed.any(axis=others)
        return [_extent(column) for column in flat.T]


def _extent(seen: np.ndarray) -> Extent:
    positions = np.flatnonzero(seen)
    return (int(positions[0]), int(positions[-1])) if len(positions) else None


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Layers built inside compute in `dtype`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def poke(model: keras.Model, axes: tuple[int, ...], seed: int = 0) -> dict[Place, Measured]:
    """Returns what each call of a layer or operation in the model sees of its input. Draws the model's weights anew.

    Args:
        model: a built functional model of one input.
        axes: the input's spatial dimensions (batch: 0).
        seed: of weights and baseline.
    """
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    baseline = rng.uniform(1, 2, model.inputs[0].shape[1:])
    runs = [_run(model, _pokes(baseline, axis, rng)) for axis in axes]
    return {
        place: Measured(tuple(_changed(run[place].value) for run in runs), runs[0][place].sources) for place in runs[0]
    }


def _pokes(baseline: np.ndarray, axis: int, rng: np.random.Generator) -> np.ndarray:
    """The baseline, and behind it one copy for each position along the axis, changed there."""
    size = baseline.shape[axis - 1]
    batch = np.stack([baseline] * (size + 1))
    slices = np.moveaxis(batch, axis, 1)
    which = np.arange(size)
    slices[which + 1, which] += POKE * rng.uniform(1, 2, slices.shape[2:])
    return batch


def _changed(values: np.ndarray) -> np.ndarray:
    base = values[:1]
    return ~(np.abs(values[1:] - base) <= NOISE * np.abs(base).max())


class _Result(NamedTuple):
    value: np.ndarray
    sources: tuple[Place, ...]


def _run(model: keras.Model, batch: np.ndarray) -> dict[Place, _Result]:
    recorder = _Recorder()
    start = keras.ops.convert_to_tensor(batch, dtype=model.inputs[0].dtype)
    recorder.note(INPUT, start, ())
    recorder.run(model, start, "")
    return recorder.results


class _Recorder:
    """Runs a model call by call, models inside the model opened up, and keeps what each call makes."""

    def __init__(self) -> None:
        self.results: dict[Place, _Result] = {}
        self.made_by: dict[int, Place] = {}
        self.alive: list[Any] = []  # so that no tensor gets the `id` of another

    def note(self, place: Place, tensor: Any, sources: tuple[Place, ...]) -> None:
        self.alive.append(tensor)
        self.made_by[id(tensor)] = place
        self.results[place] = _Result(keras.ops.convert_to_numpy(tensor), sources)

    def run(self, model: Any, inputs: Any, prefix: str) -> Any:
        function = getattr(model, "_functional", model)  # what is inside a Sequential
        return function._run_through_graph(
            inputs,
            operation_fn=lambda operation: operation,
            call_fn=lambda operation, *args, **kwargs: self.call(operation, prefix, args, kwargs),
        )

    def call(self, operation: Any, prefix: str, args: Any, kwargs: Any) -> Any:
        path = prefix + operation.name
        if isinstance(operation, keras.Function | keras.Sequential):
            return self.run(operation, args[0], f"{path}/")
        output = operation(*args, **kwargs)
        calls_before = sum(path == other for other, _ in self.results)
        read = [self.made_by[id(tensor)] for tensor in keras.tree.flatten((args, kwargs)) if id(tensor) in self.made_by]
        self.note((path, calls_before), output, tuple(read))
        return output
