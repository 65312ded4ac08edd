"""Each network's report beside its measurement: what is claimed and what was seen, axis by axis."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import inf
from typing import NamedTuple

import keras

import keras_cnnstats as cnnstats
from keras_cnnstats import Row
from tests.fields import graphs, oracle
from tests.fields.architectures import ARCHITECTURES
from tests.fields.graphs import Graph
from tests.fields.oracle import Extent, Place

GRAPHS = graphs.GRAPHS | ARCHITECTURES
RUNNABLE = {name: graph for name, graph in GRAPHS.items() if keras.backend.backend() in graph.runs_on}


class Axis(NamedTuple):
    """One call on one input axis: what the report claims, and what the pokes show.

    Attributes:
        row: the report's row.
        index: which of the row's axes.
        seen: what each output position was seen to see.
        alone: whether a dimension of the output runs over the axis alone.
    """

    row: Row
    index: int
    seen: list[Extent]
    alone: bool

    @property
    def field(self):
        return self.row.fields[self.index]

    @property
    def input_size(self) -> int:
        size = self.row.input_sizes[self.index]
        assert size is not None
        return size

    def claimed(self, output: int) -> tuple[int | Fraction, int | Fraction] | None:
        """First and last input position that the report says `output` sees."""
        field = self.field
        if not field.size:
            return None
        phase = field.phases[output % len(field.phases)] if field.phases else (field.lo, field.lo + field.size - 1)
        return phase and (phase[0] + output * field.jump, phase[1] + output * field.jump)

    def inside(self, output: int) -> bool:
        """Whether the claim lies inside the input."""
        claim = self.claimed(output)
        return claim is not None and claim[0] >= 0 and claim[1] < self.input_size

    def clipped(self, output: int) -> tuple[int | Fraction, int | Fraction] | None:
        """The claim's part inside the input."""
        claim = self.claimed(output)
        if claim is None or claim[1] < 0 or claim[0] >= self.input_size:
            return None
        return max(claim[0], 0), min(claim[1], self.input_size - 1)


class Case(NamedTuple):
    """A graph of the table, its report and its measurement."""

    graph: Graph
    report: cnnstats.Report
    measured: dict[Place, oracle.Measured]
    axes: dict[tuple[str, int, str], Axis]

    def finite(self, *, drifting: bool = False) -> Iterator[tuple[tuple[str, int, str], Axis]]:
        """The calls and axes that see a part of the input; those behind branches that drift only where asked for."""
        for key, axis in self.axes.items():
            if axis.field.size not in (None, 0, inf) and axis.alone and (drifting or key[0] not in self.graph.drifting):
                yield key, axis


@cache
def case(name: str) -> Case:
    graph = GRAPHS[name]
    keras.utils.clear_session()
    with oracle.precision(graph.dtype):
        model = graph.build()
    report = cnnstats.analyze(model)
    measured = oracle.poke(model, graph.axes)
    axes = {}
    for row in report:
        seen = measured[row.layer, row.call]
        dims = graph.dims.get(row.layer, graph.axes if _keeps_rank(row, model) else (None,) * len(graph.axes))
        for index, (letter, dim) in enumerate(zip(row.axes, dims, strict=True)):
            axes[row.layer, row.call, letter] = Axis(row, index, seen.extents(index, dim), dim is not None)
    return Case(graph, report, measured, axes)


def _keeps_rank(row: Row, model: keras.Model) -> bool:
    return len(row.output_shapes[0]) == len(model.inputs[0].shape)
