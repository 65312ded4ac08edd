"""At which sizes of the input fields are measured: long enough on one axis to hold them, and short on the others."""

from collections.abc import Iterable, Mapping
from math import inf, lcm
from typing import NamedTuple

from keras_cnnstats.field import Field
from keras_cnnstats.graph import Graph
from keras_cnnstats.records import Row
from keras_cnnstats.verify.fields_sizes import Origin, Specs, dims_along, origins_of, specs_at

STEP_AT_MOST = 4096
"""Sizes change by a multiple of all strides, so that no window's padding moves; where it is larger, they stay."""

SHORTEST = 16
"""Axes that are not measured are no shorter, so that windows with gaps in them find some positions."""

Dims = tuple[tuple[int, ...] | None, ...]
"""For each input axis the dimensions of a map that run over it; `None` where nobody knows."""


class Bench(NamedTuple):
    """The tensors of a graph at some size of its input."""

    sizes: tuple[int, ...]
    specs: Specs


class Benches:
    """The sizes of a graph's input at which its fields are measured.

    Attributes:
        graph: the graph.
        origins: the tensors that fields are measured on.
        base: the size that the report is of; where that is open, one that holds all fields.
        dims: for each call the dimensions of what it makes first.
    """

    def __init__(self, graph: Graph, rows: Mapping[int, Row], layer: str, samples: int) -> None:
        some = next(iter(rows.values()))
        self.graph = graph
        self.rows = rows
        self.samples = samples
        self.axes = range(len(some.axes))
        self.reported = some.input_sizes
        self.origins = origins_of(graph, some.axes, some.input_sizes, layer)
        self.steps = [self._step(axis) for axis in self.axes]
        self.base = self._base()
        self.is_sizable = not layer and self._are_alike()
        self.dims = self._dims()

    def roomy(self, axis: int, fields: Iterable[Field], more: int = 0) -> Bench | None:
        """Returns the graph with the axis just long enough for the fields, and longer by so many steps.

        That a field is the whole input is seen on one that is twice as long as what any other needs.
        """
        step, fields = self.steps[axis], list(fields)
        if not self.is_sizable or not step:
            return None
        needed = _needed(fields)
        if any(field.size == inf for field in fields):
            needed = max(needed, 2 * _needed([row.local_fields[axis] for row in self.rows.values()]))
        # As long as the axis was, up to whole steps.
        size = needed + (self.base.sizes[axis] - needed) % step + more * step
        return self._bench(_with(self.base.sizes, axis, size))

    def narrowed(self, bench: Bench, axis: int, calls: Iterable[int]) -> Bench:
        """Returns the graph with the other axes as short as they may be with what the calls make still there."""
        made = {self.graph.calls[call].outputs[0] for call in calls}
        wanted = {number for number in made if bench.specs[number] is not None}
        for other in self.axes:
            if other != axis and self.steps[other] and self.is_sizable:
                bench = self._shortened(bench, other, wanted)
        return bench

    def _shortened(self, bench: Bench, axis: int, wanted: set[int]) -> Bench:
        step, size = self.steps[axis], bench.sizes[axis]
        for shorter in range(SHORTEST + (size - SHORTEST) % step, size, step):
            smaller = self._bench(_with(bench.sizes, axis, shorter))
            if all(smaller.specs[number] is not None for number in wanted):
                return smaller
        return bench

    def _bench(self, sizes: tuple[int, ...]) -> Bench:
        if sizes == self.base.sizes:
            return self.base
        return Bench(sizes, specs_at(self.graph, self.origins, sizes, self.samples))

    def _base(self) -> Bench:
        sizes = []
        for axis, size in enumerate(self.reported):
            step = self.steps[axis] or 1
            needed = _needed([row.fields[axis] for row in self.rows.values()])
            sizes.append(size or -(-needed // step) * step)
        open_ones = [None if given else size for given, size in zip(self.reported, sizes, strict=True)]
        return Bench(tuple(sizes), specs_at(self.graph, self.origins, open_ones, self.samples))

    def _step(self, axis: int) -> int:
        jumps = {field.jump for row in self.rows.values() for field in (row.fields[axis], row.local_fields[axis])}
        step = lcm(*[jump.numerator for jump in jumps if jump])
        return step if step <= STEP_AT_MOST else 0

    def _are_alike(self) -> bool:
        """Whether all inputs have the same sizes, so that they can be given others together."""
        return len({tuple(self._size_of(origin, axis) for axis in self.axes) for origin in self.origins}) == 1

    def _size_of(self, origin: Origin, axis: int) -> int | None:
        dim, spec = origin.dims[axis], self.base.specs[origin.tensor]
        return None if dim is None or spec is None else spec.shape[dim]

    # Which dimensions run over which axis

    def _dims(self) -> list[Dims]:
        grown = [self._dims_along(axis) for axis in self.axes]
        return [tuple([along[place] for along in grown]) for place in range(len(self.graph.calls))]

    def _dims_along(self, axis: int) -> list[tuple[int, ...] | None]:
        """For each call the dimensions that grow with the axis; where it cannot grow, that which has its size."""
        grown: list[tuple[int, ...] | None] = [None] * len(self.graph.tensors)
        if self.is_sizable and self.steps[axis]:
            longer = self._bench(_with(self.base.sizes, axis, self.base.sizes[axis] + self.steps[axis]))
            grown = dims_along(self.base.specs, longer.specs)
        found = [grown[call.outputs[0]] if call.outputs else () for call in self.graph.calls]
        return [dims or self._dims_as_reported(place, axis) or dims for place, dims in enumerate(found)]

    def _dims_as_reported(self, place: int, axis: int) -> tuple[int, ...] | None:
        row, outputs = self.rows.get(place), self.graph.calls[place].outputs
        spec = self.base.specs[outputs[0]] if outputs else None
        if row is None or spec is None or row.positions[axis] is None:
            return None
        fitting = tuple([dim for dim, size in enumerate(spec.shape) if dim and size == row.positions[axis]])
        usual = [origin.dims[axis] for origin in self.origins]
        ranks = {len(self.graph.tensors[origin.tensor].shape) for origin in self.origins}
        if len(fitting) > 1 and ranks == {len(spec.shape)} and usual[0] in fitting:
            return (usual[0],)
        return fitting if len(fitting) == 1 else None


def _needed(fields: Iterable[Field]) -> int:
    """The least size that the field of some position of each phase lies inside."""
    needed = 1
    for field in fields:
        if field.size and field.size != inf and field.jump is not None:
            lo = field.effective_padding
            before = 0 if lo is None or not field.jump else max(-(-lo // field.jump), 0) * field.jump - lo
            needed = max(needed, int(before + field.size + field.jump * max(len(field.phases), 1)) + 2)
    return needed


def _with(sizes: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*sizes[:axis], size, *sizes[axis + 1 :])
