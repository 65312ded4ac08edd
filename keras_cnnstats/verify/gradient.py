"""Receptive fields held against the gradient: what positions see, found by walking back from them, call by call.

Each call's real layer runs by itself on made-up numbers, with a few channels where all are alike, on an input that is
long enough on one axis to hold the fields and as short as the model allows on the others. In what is seen, nothing of
the rules or of the algebra of fields takes part; the report says where branches meet, and so what is a hull.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, prod
from typing import Any, NamedTuple

from keras import ops

from keras_cnnstats.capture import capture
from keras_cnnstats.field import ONE, Field
from keras_cnnstats.graph import Graph, TensorSpec
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Extent as Size
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify.fields_benches import Bench, Benches
from keras_cnnstats.verify.fields_claims import Claim, Extent, Finding
from keras_cnnstats.verify.fields_sizes import Origin
from keras_cnnstats.verify.fields_sweep import Probe, Sweep

VALUES_AT_MOST = 2**25
"""Values of the report's largest map, of all positions that are walked back side by side."""

SAMPLES_AT_MOST = 64

_GOLDEN = (5**0.5 - 1) / 2

_PAIRING = frozenset({ops.cdist, ops.einsum, ops.matmul})
_PAIRS = (
    "its values stand at pairs of positions, one of each map: a field is that of one pair, and not of a row of them"
)

_HULL_OF_HULL = (
    "before it branches meet whose positions see another part of their hull each, and behind that none reaches its ends"
)

_WORSE = (CONFIRMED, EXPLAINED, NOT_COMPARABLE, DIFFERS)

Path = str | tuple[str, int]


def check_fields(model: Any, report: Report, rows: Iterable[Path] | None = None) -> tuple[Check, ...]:
    """Returns the receptive fields of a report beside those that the gradient shows.

    Args:
        model: the model that the report is of.
        report: the report.
        rows: paths of the rows to check, as the report takes them; all by default.

    Raises:
        UnknownLayerError: there is no such row.
    """
    chosen = [row for row in report.rows if row.output_shapes] if rows is None else [report[path] for path in rows]
    if not report.axes:
        return tuple([_not_comparable(row, "the model has no axes that fields are measured on") for row in chosen])
    types = {row.type for row in report.rows}
    shapes = [shape[1:] for _, shape in report.header.input_shapes]
    given = None if any(None in shape for shape in shapes) else shapes[0] if len(shapes) == 1 else shapes
    samples = report.header.input_shapes[0][1][0] or _samples(report)
    with capture(model, given, samples, lambda target: getattr(target, "__name__", "") in types) as graph:
        return _Checked(graph, report, samples).checks(chosen)


def _samples(report: Report) -> int:
    """How many positions are walked back side by side."""
    largest = max(prod([size or 1 for size in shape]) for row in report.rows for shape in row.output_shapes or ((),))
    return min(max(VALUES_AT_MOST // max(largest, 1), 4), SAMPLES_AT_MOST)


def _not_comparable(row: Row, reason: str) -> Check:
    return Check(
        row.layer, row.call, "receptive_field", NOT_COMPARABLE, row.receptive_field, None, "gradient", reason=reason
    )


class _Task(NamedTuple):
    """A field of a row on one axis."""

    row: Row
    call: int
    axis: int
    local: bool

    @property
    def field(self) -> Field:
        return (self.row.local_fields if self.local else self.row.fields)[self.axis]

    @property
    def letter(self) -> str:
        return self.row.axes[self.axis]


class _Verdict(NamedTuple):
    """What is said of a field on one axis."""

    verdict: str
    size: Size
    reason: str = ""


class _Where(NamedTuple):
    """Where to stand in a map to see what a field says.

    Attributes:
        dim: the dimension that runs over the field's axis alone; `None` where none does.
        several: dimensions that run over several axes, with their sizes.
        is_sure: whether it is known that these do, and no others.
    """

    dim: int | None
    several: tuple[tuple[int, int], ...] = ()
    is_sure: bool = True

    def at(self, position: int) -> tuple[tuple[int, int], ...]:
        """The place of a position; of the first few that lie all over the dimensions, where they run over several."""
        if self.dim is not None:
            return ((self.dim, position),)
        return tuple([(dim, int(size * ((position + 1) * _GOLDEN % 1))) for dim, size in self.several])


class _Checked:
    """The fields of a report, and the graph that they are measured in."""

    def __init__(self, graph: Graph, report: Report, samples: int) -> None:
        places = {(call.path, call.nth): place for place, call in enumerate(graph.calls)}
        self.graph = graph
        self.samples = samples
        self.rows = {places[row.layer, row.call]: row for row in report.rows if (row.layer, row.call) in places}
        self.places = {(row.layer, row.call): place for place, row in self.rows.items()}
        self.benches = Benches(graph, self.rows, report.header.origin, samples)
        self.misaligned = _behind(graph, [place for place, row in self.rows.items() if row.aligned is not True])
        # By axis: where positions are merged that see another part of the hull each, and what lies behind.
        self.meets = [_meets(graph, self.rows, self.benches.origins, axis) for axis in self.benches.axes]
        self.drifting = [_behind(graph, places) for places in self.meets]

    def checks(self, rows: Sequence[Row]) -> tuple[Check, ...]:
        """Returns the checks of some rows."""
        tasks = [task for row in rows for task in self._tasks(row)]
        verdicts = {task: _Verdict(NOT_COMPARABLE, None, "it is unknown") for task in tasks if task.field.size is None}
        for axis in self.benches.axes:
            verdicts |= self._verdicts(axis, [task for task in tasks if task.axis == axis and task not in verdicts])
        return tuple([check for row in rows for check in self._of_row(row, verdicts)])

    def _tasks(self, row: Row) -> Iterator[_Task]:
        call = self.places.get((row.layer, row.call))
        if call is None:
            return
        for axis in self.benches.axes:
            yield _Task(row, call, axis, local=False)
            if row.local_fields[axis] != row.fields[axis]:
                yield _Task(row, call, axis, local=True)

    def _of_row(self, row: Row, verdicts: Mapping[_Task, _Verdict]) -> Iterator[Check]:
        tasks = list(self._tasks(row))
        if not tasks:
            yield _not_comparable(row, "the call is not there when the model is read again")
            return
        fields = {task.axis: verdicts[task] for task in tasks if not task.local}
        yield _check(row, "receptive_field", list(fields.values()))
        if any(task.local for task in tasks):
            near = fields | {task.axis: verdicts[task] for task in tasks if task.local}
            yield _check(row, "local_receptive_field", list(near.values()))

    # Verdicts

    def _verdicts(self, axis: int, tasks: Sequence[_Task]) -> dict[_Task, _Verdict]:
        """What is said of fields on one axis, measured at sizes that cost little, and elsewhere if it is not so there.

        A small input may differ from the report's own in more than its size: windows that do not fit, maps of one
        position that are spread. So it can bear a field out, and only the report's own size can prove it wrong; or two
        that hold it and agree.
        """
        verdicts: dict[_Task, _Verdict] = {}
        refuted: set[_Task] = set()
        base = self.benches.base
        for bench in (*self._cheap(axis, tasks), base):
            is_usual = bench.sizes[axis] == base.sizes[axis]
            rest = [task for task in tasks if task not in verdicts]
            for task, finding in self._measured(bench, rest).items():
                verdict = self._settled(task, finding, is_usual)
                if verdict is None and bench is base:
                    verdict = self._weighed(task, finding)
                if verdict is None and finding.agrees is False and not is_usual:
                    refuted.add(task)
                if verdict is not None and verdict.verdict == DIFFERS and self._makes_pairs(task.call):
                    verdict = verdict._replace(verdict=NOT_COMPARABLE, reason=f"{task.letter}: {_PAIRS}")
                if verdict is not None:
                    verdicts[task] = _of_this_size(task) if finding.size == inf and task in refuted else verdict
        return verdicts

    def _makes_pairs(self, place: int) -> bool:
        call = self.graph.calls[place]
        return call.target in _PAIRING and len(call.inputs) > 1

    def _cheap(self, axis: int, tasks: Sequence[_Task]) -> Iterator[Bench]:
        """The graph with room for all fields, then with the axis as the report has it; short on the other axes."""
        calls = {task.call for task in tasks}
        roomy = self.benches.roomy(axis, [task.row.local_fields[axis] for task in tasks])
        for bench in (roomy, self.benches.base):
            if bench is not None:
                narrowed = self.benches.narrowed(bench, axis, calls)
                if narrowed is not self.benches.base:
                    yield narrowed

    def _settled(self, task: _Task, finding: Finding, is_usual: bool) -> _Verdict | None:
        """The verdict on a field that is what was seen; `None` where it is not."""
        if finding.agrees and finding.is_one_sided:
            reason = f"{task.letter}: some positions see the whole input, others what lies on one side of them"
            return _Verdict(EXPLAINED, finding.size, reason)
        if finding.agrees:
            reason = "hull of branches that are not aligned" if task.call in self.misaligned else ""
            return _Verdict(CONFIRMED, finding.size, reason)
        if is_usual and finding.is_inside and task.call in self.drifting[task.axis]:
            if finding.touches:
                reason = f"{task.letter}: its branches are not aligned, so that each position sees another extent"
                return _Verdict(EXPLAINED, finding.size, reason)
            if task.call not in self.meets[task.axis]:
                return _Verdict(NOT_COMPARABLE, finding.size, f"{task.letter}: {_HULL_OF_HULL}")
        return None

    def _weighed(self, task: _Task, usual: Finding) -> _Verdict:
        """The verdict on a field that was not borne out so far: larger than the input, or wrong."""
        if usual.agrees is False:
            return _Verdict(DIFFERS, usual.size, usual.reason)
        findings = []
        for more in (0, 1):
            bench = self.benches.roomy(task.axis, [task.field], more)
            if bench is None:
                return _Verdict(NOT_COMPARABLE, usual.size, usual.reason)
            findings.append(self._measured(bench, [task])[task])
            if findings[-1].agrees is None:
                return _Verdict(NOT_COMPARABLE, usual.size, usual.reason)
            if verdict := self._settled(task, findings[-1], is_usual=False):
                return verdict
        first, second = findings
        if set(first.starts) == set(second.starts):
            return _Verdict(DIFFERS, first.size, first.reason)
        reason = f"{task.letter}: it depends on the input's size, and is larger than the input"
        return _Verdict(NOT_COMPARABLE, usual.size, reason)

    # Measurements

    def _measured(self, bench: Bench, tasks: Sequence[_Task]) -> dict[_Task, Finding]:
        """What comes of measuring fields at some size."""
        claims: dict[_Task, Claim] = {}
        probes: dict[_Task, dict[int, Probe]] = {}
        for task in tasks:
            spec = bench.specs[self.graph.calls[task.call].outputs[0]]
            if spec is not None:
                where = self._where(task, spec)
                positions = None if where.several else 1 if where.dim is None else spec.shape[where.dim]
                is_hull = task.call in self.drifting[task.axis]
                claims[task] = Claim(task.field, task.letter, bench.sizes[task.axis], positions, where.is_sure, is_hull)
                probes[task] = {
                    place: Probe(task.call, task.axis, where.at(place), task.local) for place in claims[task].telling()
                }
        # Deep ones together, so that few samples are idle.
        order = sorted({probe for each in probes.values() for probe in each.values()}, key=lambda each: each.call)
        sweep = Sweep(self.graph, bench.specs, self.benches.origins, self.rows, self.samples)
        seen = dict(zip(order, sweep.extents(order), strict=True))
        return {
            task: _held(claims[task], {place: seen[probe] for place, probe in probes[task].items()})
            if task in claims
            else Finding(None, None, f"{task.letter}: a layer before it takes no input of this size")
            for task in tasks
        }

    def _where(self, task: _Task, spec: TensorSpec) -> _Where:
        dims = self.benches.dims[task.call]
        mine = dims[task.axis]
        others = {dim for axis, each in enumerate(dims) if axis != task.axis for dim in each or ()}
        has_positions = task.field.jump is not None or task.field.size == inf
        if mine is not None and len(mine) == 1 and mine[0] not in others and has_positions:
            return _Where(mine[0])
        if task.field.size in (0, inf) or (task.field.jump is None and not mine):
            return _Where(None, is_sure=mine is not None)
        several = sorted({*mine, *others}) if mine else range(1, len(spec.shape) - 1)
        return _Where(None, tuple([(dim, spec.shape[dim] or 1) for dim in several]), bool(mine))


def _of_this_size(task: _Task) -> _Verdict:
    return _Verdict(
        EXPLAINED, inf, f"{task.letter}: it sees the whole of an input of this size, and not of a longer one"
    )


def _behind(graph: Graph, places: Iterable[int]) -> set[int]:
    """Some calls, and all that read what they make, or what is made of it."""
    found, tensors = set(places), set[int]()
    for place, call in enumerate(graph.calls):
        if place in found or not tensors.isdisjoint(call.inputs):
            found.add(place)
            tensors.update(call.outputs)
    return found


def _meets(graph: Graph, rows: Mapping[int, Row], origins: Iterable[Origin], axis: int) -> set[int]:
    """The calls in which maps meet that move on at several strides along an axis, or lie end to end along it."""
    maps = {number: (row.fields[axis], row.positions[axis]) for number, row in _makers(graph, rows) if row.positions}
    size = next((row.input_sizes[axis] for row in rows.values()), None)
    maps |= {origin.tensor: (ONE, size) for origin in origins}
    found = set()
    for place, row in rows.items():
        seen = [maps[number] for number in graph.calls[place].inputs if number in maps]
        jumps = {field.jump for field, _ in seen if field.size and field.size != inf}
        lengths = [length for _, length in seen if length is not None]
        is_joined = max(lengths, default=inf) < ((row.positions[axis] if row.positions else None) or 0)
        if row.aligned is not True and (len(jumps) > 1 or (is_joined and len(seen) > 1)):
            found.add(place)
    return found


def _makers(graph: Graph, rows: Mapping[int, Row]) -> Iterator[tuple[int, Row]]:
    """Each tensor that a call with a row makes, and that row."""
    for place, row in rows.items():
        yield from ((number, row) for number in graph.calls[place].outputs)


def _held(claim: Claim, seen: Mapping[int, Extent | str]) -> Finding:
    reasons = [extent for extent in seen.values() if isinstance(extent, str)]
    if reasons:
        return Finding(None, None, reasons[0])
    return claim.held_against(list(seen), [extent for extent in seen.values() if not isinstance(extent, str)])


def _check(row: Row, quantity: str, axes: Sequence[_Verdict]) -> Check:
    """The check of a row: the worst of what is said on each axis."""
    return Check(
        layer=row.layer,
        call=row.call,
        quantity=quantity,
        verdict=max((axis.verdict for axis in axes), key=_WORSE.index),
        counted=getattr(row, quantity),
        measured=tuple([axis.size for axis in axes]),
        referee="gradient",
        reason="; ".join(dict.fromkeys([axis.reason for axis in axes if axis.reason])),
    )
