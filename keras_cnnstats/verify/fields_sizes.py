"""The tensors of a graph at other input sizes: each layer and operation is asked which shape it makes of which."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras

from keras_cnnstats.graph import Call, Graph, Shape, TensorSpec
from keras_cnnstats.verify.calls import mapped

Specs = tuple[TensorSpec | None, ...]
"""The tensors of a graph by number; `None` for one that there is not at some size."""


class Origin(NamedTuple):
    """A tensor that fields are measured on.

    Attributes:
        tensor: its number.
        dims: its dimension for each input axis (batch: 0); `None` where it has none.
    """

    tensor: int
    dims: tuple[int | None, ...]


LETTERS = {1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}


def origins_of(graph: Graph, axes: Sequence[str], sizes: Sequence[int | None], layer: str) -> list[Origin]:
    """Returns the tensors that a report's fields are measured on.

    Args:
        graph: the graph of the report's model.
        axes: letters of the input axes.
        sizes: the input's size on each, as the report says.
        layer: the layer whose output fields are measured on; empty where it is the input.
    """
    numbers = next((call.outputs for call in graph.calls if layer and call.path == layer), graph.inputs)
    found = [origin for number in numbers for origin in _laid_out(graph, number, axes, sizes)]
    wide = [each for each in found if any(dim and graph.tensors[each.tensor].shape[dim] != 1 for dim in each.dims)]
    return wide or found


def _laid_out(graph: Graph, number: int, axes: Sequence[str], sizes: Sequence[int | None]) -> Iterator[Origin]:
    """The tensor with its axes, channels last or first: as fits the report's sizes, then as its readers have it."""
    shape = graph.tensors[number].shape
    rank = len(shape)
    letters = LETTERS.get(max(rank - 2, 1), ())
    is_looked_up = any(number in call.inputs and isinstance(call.layer, keras.layers.Embedding) for call in graph.calls)
    if rank < 2 or not set(letters) <= set(axes) or (rank == 2 and not is_looked_up):
        return
    wanted = [sizes[axes.index(letter)] for letter in letters]
    is_first = graph.channels_first or any(call.channels_first for call in graph.calls)
    layouts = _layouts(rank, is_first, any(number in call.inputs and _is_over_time(call) for call in graph.calls))
    dims = max(layouts, key=lambda dims: sum(shape[dim] == size for dim, size in zip(dims, wanted, strict=True)))
    by_letter = dict(zip(letters, dims, strict=True))
    yield Origin(number, tuple(by_letter.get(letter) for letter in axes))


def _layouts(rank: int, is_first: bool, is_over_time: bool) -> list[tuple[int, ...]]:
    """How the axes of a map may lie, the likeliest first: before the channels, behind them, or on both sides."""
    last = tuple(range(1, max(rank - 1, 2)))
    if rank < 3:
        return [last]
    first, frames = tuple(range(2, rank)), (1, *range(3, rank))
    if not is_first:
        return [last, first, frames]
    return [frames, first, last] if is_over_time else [first, last, frames]


def _is_over_time(call: Call) -> bool:
    """Whether a layer reads a map of frames, whose channels stand between time and the axes of each frame."""
    return isinstance(
        call.layer,
        keras.layers.ConvLSTM1D | keras.layers.ConvLSTM2D | keras.layers.ConvLSTM3D | keras.layers.TimeDistributed,
    )


def specs_at(graph: Graph, origins: Sequence[Origin], sizes: Sequence[int | None], samples: int) -> Specs:
    """Returns all tensors of a graph where its input has some sizes; without those that it cannot make then.

    Args:
        graph: the graph.
        origins: the inputs that get the sizes.
        sizes: one for each input axis; `None` leaves it as it is.
        samples: samples in a batch.
    """
    found: list[TensorSpec | None] = [None] * len(graph.tensors)
    for number in _fed(graph):
        found[number] = _with_batch(graph.tensors[number], samples)
    for origin in origins:
        spec = found[origin.tensor]
        if spec is not None:
            places = {dim: size for dim, size in zip(origin.dims, sizes, strict=True) if dim and size}
            shape = [places.get(dim, size) for dim, size in enumerate(spec.shape)]
            found[origin.tensor] = spec._replace(shape=tuple(shape))
    for call in graph.calls:
        results = _results(call, [found[number] for number in call.inputs], samples)
        for number, spec in zip(call.outputs, results, strict=True):
            found[number] = spec
    return tuple(found)


def _fed(graph: Graph) -> set[int]:
    """The tensors that no call makes: the inputs, and the masks that came with tensors that were followed."""
    return set(range(len(graph.tensors))) - {number for call in graph.calls for number in call.outputs}


def _results(call: Call, specs: Sequence[TensorSpec | None], samples: int) -> Sequence[TensorSpec | None]:
    nothing = [None] * len(call.outputs)
    if any(spec is None for spec in specs):
        return nothing
    usual = [_with_batch(spec, samples) for spec in call.results]
    if list(specs) == [_with_batch(spec, samples) for spec in call.specs] and not _is_open(usual):
        return usual
    try:
        made = _inferred(call, [spec for spec in specs if spec is not None])
    except Exception:
        # The layer was built for other sizes: it cannot be asked at these.
        return nothing
    if _is_open(made) or [spec.shape[:1] for spec in made] != [spec.shape[:1] for spec in usual]:
        return nothing
    return made


def _inferred(call: Call, specs: Sequence[TensorSpec]) -> list[TensorSpec]:
    by_spec = {id(old): new for old, new in zip(call.specs, specs, strict=True)}

    def symbolic(spec: TensorSpec) -> Any:
        new = by_spec.get(id(spec), spec)
        return keras.KerasTensor(new.shape, new.dtype)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs = mapped((call.args, dict(call.kwargs)), symbolic)
        made = keras.tree.flatten(call.layer.compute_output_spec(*args, **kwargs))
    return [TensorSpec(tuple(each.shape), each.dtype) for each in made if each is not None]


def _is_open(specs: Sequence[TensorSpec]) -> bool:
    return any(not size for spec in specs for size in spec.shape)


def _with_batch(spec: TensorSpec, samples: int) -> TensorSpec:
    return spec._replace(shape=(samples, *spec.shape[1:])) if spec.shape[:1] == (None,) else spec


def dims_along(usual: Specs, grown: Specs) -> list[tuple[int, ...] | None]:
    """Returns the dimensions of each tensor that grew when the input did; `None` where that cannot be said."""
    pairs = zip(usual, grown, strict=True)
    return [None if now is None or was is None else _grown(was.shape, now.shape) for was, now in pairs]


def _grown(was: Shape, now: Shape) -> tuple[int, ...] | None:
    if len(was) != len(now):
        return None
    return tuple(dim for dim, pair in enumerate(zip(was, now, strict=True)) if pair[0] != pair[1])
