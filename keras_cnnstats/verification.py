"""What a verification found: each number of a report beside a measurement of it, and the verdict."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

CONFIRMED = "confirmed"
"""The measurement is the number."""

EXPLAINED = "explained"
"""The measurement is the number and terms that have a name: what this referee is known to count otherwise."""

DIFFERS = "differs"
"""Neither: a defect of the rule, of the referee, or of the layer."""

NOT_COMPARABLE = "not comparable"
"""There is no measurement, and a reason for that."""

VERDICTS = (CONFIRMED, EXPLAINED, DIFFERS, NOT_COMPARABLE)


class Term(NamedTuple):
    """What a referee is known to count otherwise.

    Attributes:
        name: a few words that stay the same: `loop`, `padded taps`.
        amount: how much more it counts because of it; less than 0 where it counts less.
        reason: why, in one sentence.
    """

    name: str
    amount: int
    reason: str


class Check(NamedTuple):
    """One quantity of one row, or of the whole model, beside its measurement.

    Attributes:
        layer: path of the row; empty for the whole model.
        call: which call of the layer.
        quantity: `macs`, `flops`, `train_macs`, `train_flops`, `params`, `output_shape`, `receptive_field`, `memory`.
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


def check_of_work(
    quantity: str, counted: int, measured: int, referee: str, terms: Iterable[Term] = (), layer: str = "", call: int = 0
) -> Check:
    """Returns what comes of a count and a measurement, less the terms that have a name."""
    named = tuple(term for term in terms if term.amount)
    rest = measured - counted - sum(term.amount for term in named)
    verdict = DIFFERS if rest else EXPLAINED if named else CONFIRMED
    reason = f"{abs(rest):,} {'more' if rest > 0 else 'fewer'} were measured than counted" if rest else ""
    return Check(layer, call, quantity, verdict, counted, measured, referee, named, reason)


class Verification(NamedTuple):
    """All checks of a report."""

    checks: tuple[Check, ...]

    def of(self, layer: str, call: int = 0) -> tuple[Check, ...]:
        """Returns the checks of one row; of the whole model for an empty path."""
        return tuple(check for check in self.checks if (check.layer, check.call) == (layer, call))

    @property
    def differing(self) -> tuple[Check, ...]:
        """Those that differ."""
        return tuple(check for check in self.checks if check.verdict == DIFFERS)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each verdict."""
        found = Counter(check.verdict for check in self.checks)
        return {verdict: found[verdict] for verdict in VERDICTS}
