"""The rows of a report, put together from what the floors below found out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from keras_cnnstats.describe import Described
from keras_cnnstats.disagree import CODES, findings, summary_findings
from keras_cnnstats.field import NOTHING, Field
from keras_cnnstats.graph import Call, Graph, Shape, TensorSpec, Weight
from keras_cnnstats.memory import Liveness, moved
from keras_cnnstats.placement import Placement, Share
from keras_cnnstats.precision import NOTHING_MULTIPLIED, UNKNOWN, Sparsity, macs_by_type, remaining, times, used
from keras_cnnstats.primitives.base import Claim
from keras_cnnstats.propagate import Propagated, Seen
from keras_cnnstats.records import Disagreement, Header, Memory, Row
from keras_cnnstats.reports import Report
from keras_cnnstats.sharding import Division, work_of
from keras_cnnstats.sight import PLAIN, Dims
from keras_cnnstats.training import Step
from keras_cnnstats.units import NO_TRAINING, NO_WORK, Work

_Work = tuple[tuple[str, Work], ...]
"""Terms of the work of a row, by kind of primitive."""


class _Counted(NamedTuple):
    """What the weights of a row come to, each variable counted once.

    Attributes:
        params: parameters.
        trainable: those of them that training changes.
        state: values of the state of quantisers.
        stored: bytes of both by dtype.
        held: parameters that each device holds, and all bytes.
    """

    params: int
    trainable: int
    state: int
    stored: tuple[tuple[str, int], ...]
    held: tuple[int, int]


_NOTHING = _Counted(0, 0, 0, (), (0, 0))
_NO_CALL = "its work in training is unknown: no call that an output depends on was seen to use these weights"


class Builder:
    """Puts the rows of a report together."""

    def __init__(
        self,
        graph: Graph,
        propagated: Propagated,
        live: Liveness,
        convention: str,
        zeros: Mapping[int, int] | None = None,
        placement: Placement | None = None,
    ) -> None:
        self.graph = graph
        self.propagated = propagated
        self.live = live
        self.convention = convention
        self.zeros = zeros
        self.placement = placement
        self.multiplied: set[int] = set()
        self.counted: set[int] = set()
        self.gradient_bytes = 0
        self.makers: dict[int, int] = {}
        self.rows: list[Row] = []
        self.disagreements: list[Disagreement] = []

    def add(self, call: Call, described: Described, seen: Seen, step: Step, division: Division | None = None) -> None:
        """Adds the row of the next call, in the order of the graph."""
        place = len(self.rows)
        counted = self._count(call.weights)
        found = findings(call, described, seen, counted.params)
        if found:
            self.disagreements += [_disagreement(call.path, call.nth, finding) for finding in found]
        samples = self._samples(call)
        work, operands = _work(described, samples, call.dtype)
        made = self.live.made[place]
        after = seen.after
        axes = self.propagated.axes
        positions, lost = _on_axes(after.dims, call.results[0].shape if call.results else (), len(axes))
        # By place, in the order of `Row`: by name it takes four times as long, for each call of a model.
        self.rows.append(
            Row(
                call.path,
                call.type,
                self._shapes(call.results),
                call.nth,
                counted.params,
                counted.trainable,
                work,
                self.convention,
                axes,
                _without_jump(after.fields, lost),
                _without_jump(after.local, lost),
                self.propagated.sizes,
                positions,
                seen.aligned,
                described.source if work is not None else "unknown",
                _joined(self._note(call, described, work), seen.note, step.note),
                tuple(dict.fromkeys([finding.code for finding in found])) if found else (),
                counted.stored,
                made,
                step.work,
                moved(call, described.primitives or (), samples, self.live.read[place], made),
                counted.state,
                operands,
                None if self.zeros is None else self._sparsity(call, described, work, self.zeros),
                self._read(call.inputs),
                None if self.placement is None else Share(*counted.held, work_of(described, samples, division)),
            )
        )
        for number in call.outputs:
            self.makers[number] = place

    def _shapes(self, results: tuple[TensorSpec, ...]) -> tuple[Shape, ...]:
        if len(results) == 1:
            return (self._shown(results[0].shape),)
        return tuple([self._shown(spec.shape) for spec in results])

    def _read(self, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """The rows whose outputs are read, each once."""
        makers = self.makers
        if len(inputs) == 1:
            (number,) = inputs
            return (makers[number],) if number in makers else ()
        return tuple(dict.fromkeys([makers[number] for number in inputs if number in makers]))

    def _count(self, weights: tuple[Weight, ...]) -> _Counted:
        """Parameters, those of them that training changes, the state of quantisers, and the bytes by dtype."""
        if not weights:
            return _NOTHING
        params = trainable = state = 0
        held = 0, 0
        stored: dict[str, int] = {}
        for weight in weights:
            if weight.key not in self.counted:
                self.counted.add(weight.key)
                params += 0 if weight.is_state else weight.size
                state += weight.size if weight.is_state else 0
                if weight.trainable:
                    trainable += weight.size
                    self.gradient_bytes += weight.bytes
                stored[weight.dtype] = stored.get(weight.dtype, 0) + weight.bytes
                if self.placement is not None:
                    parts = self.placement.parts_of(weight.key)
                    held = held[0] + (0 if weight.is_state else weight.size // parts), held[1] + weight.bytes // parts
        return _Counted(params, trainable, state, tuple(stored.items()), held)

    def _note(self, call: Call, described: Described, work: _Work | None) -> str:
        if work is not None or described.primitives is None:
            return described.note
        wanted = self._shape_wanted()
        if "?" in wanted:
            return f"its sizes are unknown: pass input_shape={wanted}"
        if any(None in spec.shape[1:] for spec in (*call.specs, *call.results)):
            return "its sizes are known only when the model runs"
        return "its rule leaves a size open, as `positions` of a Window"

    def _samples(self, call: Call) -> int:
        # The backend has counted the whole batch.
        return self.graph.samples(call) if call.measured is None else 1

    def _sparsity(self, call: Call, described: Described, work: _Work | None, zeros: Mapping[int, int]) -> Sparsity:
        """The zeros among its weights."""
        if work is None or call.measured is not None:
            return UNKNOWN
        uses = used(call, described.primitives or (), self._samples(call))
        return remaining(sum([done.macs for _, done in work]), uses, zeros, self.multiplied)

    def _shape_wanted(self) -> str:
        """The input's shape with a question mark for each size that is missing, as the user has to write it."""
        shapes = [self.graph.tensors[number].shape[1:] for number in self.graph.inputs]
        texts = [f"({', '.join('?' if size is None else str(size) for size in shape)})" for shape in shapes]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

    def _shown(self, shape: Shape) -> Shape:
        return (None, *shape[1:]) if shape and shape[0] == self.graph.batch_size and self.graph.batch_is_open else shape

    def report(self) -> Report:
        counted = self._count(self.graph.weights)
        if counted.params or counted.state:
            self.rows.append(
                Row(
                    layer=self.graph.name,
                    type="weights of no call",
                    output_shapes=(),
                    params=counted.params,
                    trainable_params=counted.trainable,
                    quantizer_params=counted.state,
                    convention=self.convention,
                    axes=self.propagated.axes,
                    fields=(NOTHING,) * len(self.propagated.axes),
                    local_fields=(NOTHING,) * len(self.propagated.axes),
                    input_sizes=self.propagated.sizes,
                    positions=(None,) * len(self.propagated.axes),
                    training=None if counted.trainable else NO_TRAINING,
                    note=_NO_CALL if counted.trainable else "",
                    stored=counted.stored,
                    sparsity=None if self.zeros is None else NOTHING_MULTIPLIED,
                    share=None if self.placement is None else Share(*counted.held, NO_WORK),
                )
            )
        self._add_summary_findings()
        return Report(self._header(), tuple(self.rows), tuple(self.disagreements), self._memory())

    def _add_summary_findings(self) -> None:
        """Adds where `model.summary()` says something else, to the first call of each layer concerned too."""
        codes: dict[str, list[str]] = {}
        for path, claim in summary_findings(self.graph, sum([row.params for row in self.rows])):
            self.disagreements.append(_disagreement(path, 0, claim))
            codes.setdefault(path, []).append(claim.code)
        if codes:
            self.rows = [
                row._replace(disagreements=(*row.disagreements, *codes[row.layer]))
                if row.call == 0 and row.layer in codes
                else row
                for row in self.rows
            ]

    def _memory(self) -> Memory:
        live, optimizer = self.live, self.graph.optimizer
        return Memory(
            peak_activation_bytes=live.peak,
            peak_layer="" if live.peak_call is None else self.graph.calls[live.peak_call].path,
            activation_bytes=live.total,
            param_bytes=sum(row.param_bytes for row in self.rows),
            gradient_bytes=self.gradient_bytes,
            optimizer="" if optimizer is None else optimizer.name,
            optimizer_bytes=None if optimizer is None else optimizer.bytes,
        )

    def _header(self) -> Header:
        graph = self.graph
        shapes = [graph.tensors[number].shape for number in graph.inputs]
        return Header(
            model=graph.name,
            input_shapes=tuple(
                (name, self._shown(shape)) for name, shape in zip(graph.input_names, shapes, strict=True)
            ),
            batch_size=graph.batch_size,
            dtype=graph.dtype,
            convention=self.convention,
            origin=self.propagated.origin,
            mesh=() if self.placement is None else tuple(self.placement.mesh.items()),
            batch_axis="" if self.placement is None else self.placement.batch,
        )


def _work(described: Described, samples: int, dtype: str) -> tuple[_Work | None, tuple[tuple[str, int], ...]]:
    """The work of a call, and its products by what they are products of; asked once for all that are made of the same.

    Nothing is known where a size is unknown.
    """
    key = "work", samples, dtype
    if key not in described.memory:
        described.memory[key] = _counted_work(described, samples, dtype)
    found: tuple[_Work | None, tuple[tuple[str, int], ...]] = described.memory[key]
    return found


def _counted_work(described: Described, samples: int, dtype: str) -> tuple[_Work | None, tuple[tuple[str, int], ...]]:
    if described.primitives is None:
        return None, ()
    work: list[tuple[str, Work]] = []
    macs: list[int] = []
    for primitive, facts in zip(described.primitives, described.facts, strict=True):
        if facts.work is None:
            return None, ()
        done = facts.work.times(times(primitive, samples))
        macs.append(done.macs)
        if facts.work is not NO_WORK:
            work.append((primitive.kind, done))
    return tuple(work), macs_by_type(dtype, described.primitives, macs)


def _joined(work: str, field: str, training: str) -> str:
    """What the user should know of each of them, in one line."""
    if not field and not training:
        return work
    texts = work, field, training and f"its work in training is unknown: {training}"
    return "; ".join([text for text in texts if text])


def _disagreement(path: str, nth: int, claim: Claim) -> Disagreement:
    code = CODES[claim.code]
    return Disagreement(path, *claim, code.reason, nth, code.explained)


@lru_cache(maxsize=4096)
def _on_axes(dims: Dims, shape: Shape, axes: int) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """The map's size on each input axis, of the dimension that runs over it alone; and the axes that it has no more."""
    positions: list[int | None] = [None] * axes
    for atoms, size in zip(dims, shape, strict=False):
        if len(atoms) == 1 and atoms[0].axis != PLAIN:
            positions[atoms[0].axis] = size
    left = {atom.axis for atoms in dims for atom in atoms}
    return tuple(positions), tuple([axis for axis in range(axes) if axis not in left])


def _without_jump(fields: tuple[Field, ...], lost: tuple[int, ...]) -> tuple[Field, ...]:
    """The fields of a map that has some axes no more: there is no next position on them."""
    if not lost:
        return fields
    return tuple([each._replace(jump=None) if axis in lost else each for axis, each in enumerate(fields)])
