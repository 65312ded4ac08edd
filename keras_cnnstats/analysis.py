"""`analyze` and `report`: the floors, called in order."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from keras_cnnstats import units
from keras_cnnstats.capture import capture
from keras_cnnstats.console import show
from keras_cnnstats.disagree import CODES, Finding, claims_of, findings
from keras_cnnstats.errors import RuleError, UnknownCostError
from keras_cnnstats.field import NOTHING
from keras_cnnstats.graph import Call, Graph, Shape, Weight
from keras_cnnstats.primitives.base import Primitive, Spread
from keras_cnnstats.propagate import Propagated, Seen, propagate
from keras_cnnstats.report import Disagreement, Header, Report, Row
from keras_cnnstats.rules import Rule, find
from keras_cnnstats.rules.registry import RuleGapError
from keras_cnnstats.sight import PLAIN, Sight
from keras_cnnstats.units import NO_WORK, Work


def analyze(
    model: Any,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    rules: Mapping[Any, Rule] | None = None,
    strict: bool = False,
) -> Report:
    """Returns what each layer call of a built Keras model costs and sees. Nothing runs, and the model stays as it was.

    Args:
        model: a built `keras.Model` (Sequential or functional) or `keras.Function`.
        input_shape: shape of one sample without the batch axis, where the model leaves it open or another is wanted; a
            list or dict of shapes in the structure of the model's inputs; or arrays.
        batch_size: samples that all work is counted for.
        convention: how FLOPs are counted: `"textbook"`, `"macs"`, `"2macs"`, `"tf"` or `"xla"`.
        rules: rules for this analysis alone, by layer class or function of `keras.ops`; they go before the others.
        strict: whether a row of unknown cost is an error.

    Returns:
        The report.

    Raises:
        ModelError: `model` is no model that can be analysed.
        InputShapeError: `input_shape` or `batch_size` does not fit.
        ConventionError: `convention` is none.
        UnknownCostError: `strict` and there are rows of unknown cost.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, padding="same")])
    >>> row = cnnstats.analyze(model).rows[0]
    >>> row.macs, row.flops, row.params, row.receptive_field
    (221184, 442368, 224, (3, 3))
    """
    units.check_convention(convention)
    graph = capture(model, input_shape, batch_size, lambda target: find(target, rules).rule is not None)
    described = [describe(call, rules) for call in graph.calls]
    propagated = propagate(graph, [each.spreads for each in described])
    builder = _Builder(graph, propagated, convention)
    for call, each, seen in zip(graph.calls, described, propagated.seen, strict=True):
        builder.add(call, each, seen)
    result = builder.report()
    if strict:
        _refuse_unknown(result)
    return result


def report(
    model: Any,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    rules: Mapping[Any, Rule] | None = None,
    strict: bool = False,
    verbose: bool | None = None,
) -> Report:
    """Prints what each layer call of a built Keras model costs and sees, and returns it.

    Args:
        model: see `analyze`, as for all arguments but the last.
        input_shape: see `analyze`.
        batch_size: see `analyze`.
        convention: see `analyze`.
        rules: see `analyze`.
        strict: see `analyze`.
        verbose: whether to print; by default everywhere but in a notebook, where the returned object shows itself.

    Returns:
        The report.
    """
    result = analyze(
        model,
        input_shape=input_shape,
        batch_size=batch_size,
        convention=convention,
        rules=rules,
        strict=strict,
    )
    show(result, verbose)
    return result


def _refuse_unknown(result: Report) -> None:
    unknown = [row for row in result.rows if row.work is None]
    if unknown:
        listed = "".join(f"\n  {row.layer} ({row.type}): {row.note}" for row in unknown[:20])
        more = f"\n  ... and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        raise UnknownCostError(
            f"strict: the cost of {len(unknown)} of {len(result.rows)} rows is unknown:{listed}{more}"
        )


class Facts(NamedTuple):
    """What there is to know of a primitive by itself.

    Attributes:
        spread: where its outputs look.
        work: its work; `None` where a size is unknown.
        claims: what formulas say of it that the count does not bear out.
    """

    spread: Spread
    work: Work | None
    claims: tuple[Finding, ...]


@lru_cache(maxsize=16384)
def facts_of(primitive: Primitive) -> Facts:
    """Returns the facts of a primitive. Networks repeat their blocks: equal primitives are asked once."""
    return Facts(primitive.spread, primitive.work(), claims_of(primitive))


class Described(NamedTuple):
    """What a call is made of, and who says so.

    Attributes:
        primitives: `None` where nobody knows.
        facts: the facts of each.
        source: `rule`, `inherited` or `unknown`.
        note: what the user should know of it.
    """

    primitives: Sequence[Primitive] | None
    facts: Sequence[Facts]
    source: str
    note: str = ""

    @property
    def spreads(self) -> list[Spread] | None:
        """Where the outputs of each primitive look."""
        return None if self.primitives is None else [facts.spread for facts in self.facts]


def describe(call: Call, rules: Mapping[Any, Rule] | None = None) -> Described:
    """Returns what the rule of a call's layer says."""
    found = find(call.target, rules)
    if found.rule is None:
        remedy = f"{call.note}, or {found.remedy}" if call.note else f"{found.note}: {found.remedy}"
        return Described(None, (), "unknown", remedy)
    try:
        primitives = found.rule(call)
        _check_primitives(call, found.rule, primitives)
        facts = [facts_of(primitive) for primitive in primitives]
    except RuleGapError as reason:
        return Described(None, (), "unknown", str(reason))
    except RuleError:
        raise
    except Exception as error:
        # One layer that cannot be described costs one row, not the report.
        return Described(None, (), "unknown", f"its rule failed: {type(error).__name__}: {error}")
    return Described(primitives, facts, found.source, found.note)


def _check_primitives(call: Call, rule: Rule, primitives: object) -> None:
    if not isinstance(primitives, (list, tuple)) or not all(isinstance(each, Primitive) for each in primitives):
        raise RuleError(
            f"{call.path}: the rule `{getattr(rule, '__name__', rule)}` has to return a list of primitives. "
            f"Received: {primitives!r}."
        )


class _Builder:
    """Puts the rows of a report together."""

    def __init__(self, graph: Graph, propagated: Propagated, convention: str) -> None:
        self.graph = graph
        self.propagated = propagated
        self.convention = convention
        self.counted: set[int] = set()
        self.rows: list[Row] = []
        self.disagreements: list[Disagreement] = []
        first = graph.tensors[graph.inputs[0]].shape
        self.batch = (first[0] if first else None) or graph.batch_size

    def add(self, call: Call, described: Described, seen: Seen) -> None:
        params, trainable = self._count(call.weights)
        primitives, claims = described.primitives, [facts.claims for facts in described.facts]
        found = [] if primitives is None else findings(call, primitives, claims, seen, params)
        self.disagreements.extend(_disagreement(call, finding) for finding in found)
        work, note = self._work(call, described)
        self.rows.append(
            Row(
                layer=call.path,
                type=call.type,
                call=call.nth,
                output_shapes=tuple(self._shown(spec.shape) for spec in call.results),
                params=params,
                trainable_params=trainable,
                work=work,
                convention=self.convention,
                axes=self.propagated.axes,
                fields=seen.after.fields,
                local_fields=seen.after.local,
                input_sizes=self.propagated.sizes,
                positions=_positions(seen.after, call.results[0].shape) if call.results else (),
                aligned=seen.aligned,
                source=described.source if work is not None else "unknown",
                note=note,
                disagreements=tuple(dict.fromkeys([finding.code for finding in found])) if found else (),
            )
        )

    def _count(self, weights: tuple[Weight, ...]) -> tuple[int, int]:
        params = trainable = 0
        for weight in weights:
            if weight.key not in self.counted:
                self.counted.add(weight.key)
                params += weight.size
                trainable += weight.size if weight.trainable else 0
        return params, trainable

    def _work(self, call: Call, described: Described) -> tuple[tuple[tuple[str, Work], ...] | None, str]:
        if described.primitives is None:
            return None, described.note
        repeats = self._repeats(call)
        work = []
        for primitive, facts in zip(described.primitives, described.facts, strict=True):
            done = facts.work
            if done is None:
                return None, f"its sizes are unknown: pass input_shape={self._shape_wanted()}"
            if done is not NO_WORK:
                work.append((primitive.kind, done.times(repeats)))
        return tuple(work), described.note

    def _shape_wanted(self) -> str:
        """The input's shape with a question mark for each size that is missing, as the user has to write it."""
        shapes = [self.graph.tensors[number].shape[1:] for number in self.graph.inputs]
        texts = [f"({', '.join('?' if size is None else str(size) for size in shape)})" for shape in shapes]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

    def _repeats(self, call: Call) -> int:
        """How often the work of one sample is done; operations may have put more than samples on the first axis."""
        shape = call.results[0].shape if call.results else ()
        first = shape[0] if shape else None
        if first is None or first == self.batch:
            return self.graph.batch_size
        return max(first * self.graph.batch_size // self.batch, 1)

    def _shown(self, shape: Shape) -> Shape:
        return (None, *shape[1:]) if shape and shape[0] == self.graph.batch_size and self.graph.batch_is_open else shape

    def report(self) -> Report:
        params, trainable = self._count(self.graph.weights)
        if params:
            self.rows.append(
                Row(
                    layer=self.graph.name,
                    type="weights of no call",
                    output_shapes=(),
                    params=params,
                    trainable_params=trainable,
                    convention=self.convention,
                    axes=self.propagated.axes,
                    fields=(NOTHING,) * len(self.propagated.axes),
                    local_fields=(NOTHING,) * len(self.propagated.axes),
                    input_sizes=self.propagated.sizes,
                    positions=(None,) * len(self.propagated.axes),
                )
            )
        return Report(self._header(), tuple(self.rows), tuple(self.disagreements))

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
        )


def _disagreement(call: Call, finding: Finding) -> Disagreement:
    code = CODES[finding.code]
    return Disagreement(
        layer=call.path,
        call=call.nth,
        quantity=finding.quantity,
        code=finding.code,
        formula=finding.formula,
        expected=finding.expected,
        actual=finding.actual,
        explained=code.explained,
        reason=code.reason,
    )


def _positions(sight: Sight, shape: Shape) -> tuple[int | None, ...]:
    """The map's size on each input axis: of the dimension that runs over it alone."""
    positions: list[int | None] = [None] * len(sight.fields)
    for atoms, size in zip(sight.dims, shape, strict=False):
        if len(atoms) == 1 and atoms[0].axis != PLAIN:
            positions[atoms[0].axis] = size
    return tuple(positions)
