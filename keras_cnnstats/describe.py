"""What each call is made of: its rule is found and asked, and what it says is looked up in the primitives."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from keras_cnnstats.disagree import claims_of
from keras_cnnstats.errors import RuleError
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives.base import Claim, Primitive, Spread
from keras_cnnstats.rules import Rule, find
from keras_cnnstats.rules.registry import RuleGapError
from keras_cnnstats.units import Work


class Facts(NamedTuple):
    """What there is to know of a primitive by itself.

    Attributes:
        spread: where its outputs look.
        work: its work; `None` where a size is unknown.
        claims: what formulas say of it that the count does not bear out.
    """

    spread: Spread
    work: Work | None
    claims: tuple[Claim, ...]


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
