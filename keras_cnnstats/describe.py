"""What each call is made of: its rule is found and asked, and what it says is looked up in the primitives."""

from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

from keras_cnnstats.errors import RuleError
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives.base import Claim, Learned, Map, Primitive
from keras_cnnstats.primitives.spreads import POINTWISE, Spread
from keras_cnnstats.rules import Rule, find
from keras_cnnstats.rules.registry import Found, RuleGapError
from keras_cnnstats.units import Training, Work


class Facts(NamedTuple):
    """What there is to know of a primitive by itself.

    Attributes:
        spread: where its outputs look.
        work: its work; `None` where a size is unknown.
        claims: what formulas say of it that the count does not bear out.
        sources: what it reads, where that is not just what the primitive before it makes.
        passes: whether a gradient passes through it.
        learned: weights that a gradient can reach.
        steps: its work in the steps of training that were asked for so far: the one part that changes.
    """

    spread: Spread
    work: Work | None
    claims: tuple[Claim, ...]
    sources: tuple[Map, ...]
    passes: bool
    learned: tuple[Learned, ...]
    steps: dict[tuple[tuple[int, ...], tuple[str, ...], int], Training | None]

    def step(
        self, primitive: Primitive, towards: tuple[int, ...], learns: tuple[str, ...], samples: int
    ) -> Training | None:
        """The work of the primitive that these are the facts of, in a step of training: see `Primitive.training`."""
        key = towards, learns, samples
        try:
            return self.steps[key]
        except KeyError:
            return self.steps.setdefault(key, primitive.training(towards, learns, samples))


@lru_cache(maxsize=16384)
def facts_of(primitive: Primitive) -> Facts:
    """Returns the facts of a primitive. Networks repeat their blocks: equal primitives are asked once."""
    return Facts(
        primitive.spread,
        primitive.work(),
        (*primitive.defects(), *primitive.claims()),
        primitive.sources,
        primitive.passes,
        primitive.learned,
        {},
    )


class Described:
    """What a call is made of, and who says so. Calls that are made of the same share it, with all that it comes to.

    Attributes:
        primitives: `None` where nobody knows.
        facts: the facts of each.
        source: `rule`, `inherited`, `traced`, `measured` or `unknown`.
        note: what the user should know of it.
        spreads: where the outputs of each primitive look, none where all look at their own place; `None` where nobody
            knows.
        claims: what formulas say of the primitives that the count does not bear out.
        kinds: the kinds of the primitives.
        parameters: the weights that the primitives have by their general formulas.
        memory: what was found out for some call and holds for all like it, by whoever found it out.
    """

    __slots__ = ("claims", "facts", "kinds", "memory", "note", "parameters", "primitives", "source", "spreads")

    def __init__(self, primitives: tuple[Primitive, ...] | None, source: str, note: str = "") -> None:
        made_of = primitives or ()
        self.primitives = primitives
        self.facts = tuple([facts_of(primitive) for primitive in made_of])
        self.source = source
        self.note = note
        is_unknown = primitives is None or source == "measured"
        spreads = [facts.spread for facts in self.facts]
        is_pointwise = all(spread is POINTWISE for spread in spreads)
        self.spreads = None if is_unknown else [] if is_pointwise else spreads
        self.claims = tuple([claim for facts in self.facts for claim in facts.claims])
        self.kinds = tuple([primitive.kind for primitive in made_of])
        self.parameters = sum([primitive.parameters for primitive in made_of])
        self.memory: dict[Hashable, Any] = {}

    def reached(self, results: tuple[int, ...]) -> "Described":
        """What the call is made of where gradients arrive at these results, and at no others."""
        if self.primitives is None:
            return self
        return made_of(tuple([each.reached(results) for each in self.primitives]), self.source, self.note)


made_of = lru_cache(maxsize=16384)(Described)
"""What is made of some primitives. Networks repeat their blocks: it is put together once."""


def describe(call: Call, look_up: Callable[[Any], Found] = find) -> Described:
    """Returns what the rule of a call's layer says.

    Args:
        call: the call.
        look_up: finds the rule of a class of layers, or of an operation.
    """
    if call.measured is not None:
        return made_of((call.measured,), "measured", call.note)
    found = look_up(call.target)
    if found.rule is None:
        remedy = f"{call.note}, or {found.remedy}" if call.note else f"{found.note}: {found.remedy}"
        return Described(None, "unknown", remedy)
    source = "traced" if call.followed and found.source == "rule" else found.source
    note = f"{call.note}; {found.note}" if call.note and found.note else call.note or found.note
    try:
        primitives = found.rule(call)
        if not isinstance(primitives, (list, tuple)) or not _PRIMITIVES.issuperset(map(type, primitives)):
            _check_primitives(call, found.rule, primitives)
        try:
            return made_of(tuple(primitives), source, note)
        except TypeError:
            return made_of(tuple([_with_tuples(each) for each in primitives]), source, note)
    except RuleGapError as reason:
        return Described(None, "unknown", str(reason))
    except RuleError:
        raise
    except Exception as error:
        # One layer that cannot be described costs one row, not the report.
        return Described(None, "unknown", f"its rule failed: {type(error).__name__}: {error}")


def _check_primitives(call: Call, rule: Rule, primitives: object) -> None:
    if not isinstance(primitives, (list, tuple)) or not all(isinstance(each, Primitive) for each in primitives):
        raise RuleError(
            f"{call.path}: the rule `{getattr(rule, '__name__', rule)}` has to return a list of primitives. "
            f"Received: {primitives!r}."
        )
    _PRIMITIVES.update(map(type, primitives))


def _with_tuples(primitive: Primitive) -> Primitive:
    """The same, with tuples where a rule has put lists: a list has no hash."""
    values = {each.name: getattr(primitive, each.name) for each in fields(primitive) if each.init}  # type: ignore[arg-type]
    return replace(primitive, **{name: tuple(value) for name, value in values.items() if isinstance(value, list)})  # type: ignore[type-var]


_PRIMITIVES: set[type] = set()
"""The classes of primitives that were met: asking a class that may be abstract takes long."""
