"""What each call is made of: its rule is found and asked, and what it says is looked up in the primitives."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from keras_cnnstats.disagree import claims_of
from keras_cnnstats.errors import RuleError
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives.base import Claim, Learned, Map, Primitive
from keras_cnnstats.primitives.spreads import Spread
from keras_cnnstats.rules import Rule, find
from keras_cnnstats.rules.registry import RuleGapError
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
        claims_of(primitive),
        primitive.sources,
        primitive.passes,
        primitive.learned,
        {},
    )


class Described(NamedTuple):
    """What a call is made of, and who says so.

    Attributes:
        primitives: `None` where nobody knows.
        facts: the facts of each.
        source: `rule`, `inherited`, `traced`, `measured` or `unknown`.
        note: what the user should know of it.
    """

    primitives: Sequence[Primitive] | None
    facts: Sequence[Facts]
    source: str
    note: str = ""

    @property
    def spreads(self) -> list[Spread] | None:
        """Where the outputs of each primitive look; `None` where nobody knows."""
        unknown = self.primitives is None or self.source == "measured"
        return None if unknown else [facts.spread for facts in self.facts]


def describe(call: Call, rules: Mapping[Any, Rule] | None = None) -> Described:
    """Returns what the rule of a call's layer says."""
    if call.measured is not None:
        return Described([call.measured], [facts_of(call.measured)], "measured", call.note)
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
    source = "traced" if call.followed and found.source == "rule" else found.source
    note = f"{call.note}; {found.note}" if call.note and found.note else call.note or found.note
    return Described(primitives, facts, source, note)


def _check_primitives(call: Call, rule: Rule, primitives: object) -> None:
    if not isinstance(primitives, (list, tuple)) or not all(map(_is_primitive, primitives)):
        raise RuleError(
            f"{call.path}: the rule `{getattr(rule, '__name__', rule)}` has to return a list of primitives. "
            f"Received: {primitives!r}."
        )


_PRIMITIVES: set[type] = set()
"""The classes of primitives that were met: asking a class that may be abstract takes long."""


def _is_primitive(each: object) -> bool:
    cls = type(each)
    if cls not in _PRIMITIVES and isinstance(each, Primitive):
        _PRIMITIVES.add(cls)
    return cls in _PRIMITIVES
