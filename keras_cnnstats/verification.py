"""What a verification found: each number of a report beside a measurement of it, and the verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas

CONFIRMED = "confirmed"
"""The measurement is the number."""

EXPLAINED = "explained"
"""The measurement is the number and terms that have a name: what this referee is known to count otherwise."""

DIFFERS = "differs"
"""Neither: a defect of the rule, of the referee, or of the layer."""

NOT_COMPARABLE = "not comparable"
"""There is no measurement, and a reason for that."""

VERDICTS = (CONFIRMED, EXPLAINED, DIFFERS, NOT_COMPARABLE)

QUANTITIES = ("work", "params", "fields", "training", "memory")
"""What can be measured."""


class Term(NamedTuple):
    """What a referee is known to count otherwise.

    Attributes:
        name: a few words that stay the same: `loop`, `padded taps`.
        amount: how much more it counts because of it; less than 0 where it counts less.
        reason: why, in one sentence.
    """

    name: str
    amount: int | Fraction
    reason: str


class Check(NamedTuple):
    """One quantity of one row, or of the whole model, beside its measurement.

    Attributes:
        layer: path of the row; empty for the whole model.
        call: which call of the layer.
        quantity: `macs`, `flops`, `train_macs`, `params`, `output_shape`, `receptive_field`,
            `local_receptive_field`, `memory`.
        verdict: one of `VERDICTS`.
        counted: what the report says.
        measured: what the referee says; `None` where it says nothing.
        referee: who measured.
        terms: of work, what makes the gap.
        reason: why it is not comparable, or what else there is to say.
    """

    layer: str
    call: int
    quantity: str
    verdict: str
    counted: Any
    measured: Any
    referee: str
    terms: tuple[Term, ...] = ()
    reason: str = ""


def merged(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Returns one term for each name."""
    by_name: dict[str, Term] = {}
    for term in terms:
        before = by_name.get(term.name)
        by_name[term.name] = term if before is None else term._replace(amount=term.amount + before.amount)
    return tuple(by_name.values())


def check_of_work(
    place: tuple[str, int],
    quantity: str,
    counted: int,
    measured: int | Fraction,
    referee: str,
    terms: Iterable[Term] = (),
    resolution: int = 0,
) -> Check:
    """Returns what comes of a count and a measurement, less the terms that have a name.

    Args:
        place: path of the row, and which call.
        quantity: what is counted.
        counted: by the report.
        measured: by the referee.
        referee: who that is.
        terms: what it is known to count otherwise.
        resolution: how far its figure may be off because of the digits that it has.
    """
    named = tuple(term for term in merged(terms) if term.amount)
    rest = Fraction(measured - counted - sum(term.amount for term in named))
    differs = abs(rest) > resolution
    verdict = DIFFERS if differs else EXPLAINED if named else CONFIRMED
    reason = f"{float(abs(rest)):,.15g} {'more' if rest > 0 else 'fewer'} were measured than counted" if differs else ""
    return Check(*place, quantity, verdict, counted, measured, referee, named, reason)


@dataclass(frozen=True)
class Verification:
    """All checks of a report.

    Attributes:
        checks: one for each quantity of each row, and of the whole model.
    """

    checks: tuple[Check, ...]

    def of(self, layer: str, call: int = 0) -> tuple[Check, ...]:
        """Returns the checks of one row; of the whole model for an empty path."""
        return tuple(self._by_place.get((layer, call), ()))

    @cached_property
    def _by_place(self) -> dict[tuple[str, int], list[Check]]:
        found: dict[tuple[str, int], list[Check]] = {}
        for check in self.checks:
            found.setdefault((check.layer, check.call), []).append(check)
        return found

    @property
    def differing(self) -> tuple[Check, ...]:
        """Those that differ."""
        return tuple(check for check in self.checks if check.verdict == DIFFERS)

    def verdict_of(self, layer: str, call: int = 0) -> str:
        """Returns the verdict on a row: the worst of its checks that could be made; empty where there is none."""
        found = {check.verdict for check in self._by_place.get((layer, call), ())}
        return next((verdict for verdict in (DIFFERS, EXPLAINED, CONFIRMED, NOT_COMPARABLE) if verdict in found), "")

    def is_partial(self, layer: str, call: int = 0) -> bool:
        """Whether the verdict on a row is that on some of its numbers, and others cannot be compared."""
        found = {check.verdict for check in self._by_place.get((layer, call), ())}
        return NOT_COMPARABLE in found and len(found) > 1

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each verdict."""
        found = Counter(check.verdict for check in self.checks)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def verdict(self) -> str:
        """The verdict in one line."""
        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in self.counts.items() if count)
        return f"Measured: {counts or 'nothing'}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns one row for each check as a `pandas.DataFrame`."""
        import pandas as pd

        terms = [", ".join(f"{term.name} {_signed(term.amount)}" for term in check.terms) for check in self.checks]
        columns = {
            name: pd.Series([getattr(check, name) for check in self.checks], dtype="object") for name in Check._fields
        }
        return pd.DataFrame(columns | {"terms": terms})


def _signed(amount: int | Fraction) -> str:
    """Returns an amount with its sign: an odd number of FLOPs is not a whole number of multiply-accumulate pairs."""
    return f"{amount.numerator:+,}" + (f"/{amount.denominator:,}" if amount.denominator > 1 else "")
