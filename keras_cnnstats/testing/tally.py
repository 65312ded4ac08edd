"""How much of what models cost was measured, with which verdicts, and why the rest was not."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from keras_cnnstats.measure.counts import BRANCHES, SIZES, TURNS
from keras_cnnstats.verification import CONFIRMED, EXPLAINED, NOT_COMPARABLE, VERDICTS, Check
from keras_cnnstats.verify.reasons import (
    CELLS,
    CHANNELS_FIRST,
    CONTRACTIONS_ALONE,
    FLAT,
    HALVED,
    RESIZED,
    STRUCTURE,
    UNEVEN,
    UNKNOWN,
    UNKNOWN_TRAINING,
    UNTRAINED,
    of_error,
)

_FORMAT = "TensorFlow has no convolutions and poolings with channels first on a processor"
_DILATED = "TensorFlow has no dilated transposed convolutions on a processor"
_DTYPE = "TensorFlow has no such operation for this dtype on a processor"
_NOT_RUN = {
    "only supports NHWC": _FORMAT,
    "only supports the NHWC": _FORMAT,
    "only supports NDHWC": _FORMAT,
    "not yet support dilation rates larger than 1": _DILATED,
    "Could not find device for node": _DTYPE,
}
"""What a model that can be traced and not run on this machine says, and why that is."""

_WORK = frozenset({"macs", "flops", "output_shape", "train_macs"})
_FLOPS = frozenset({"flops"})
_TRAINING = frozenset({"train_macs"})

KNOWN = {
    UNKNOWN: frozenset({"macs", "flops"}),
    UNKNOWN_TRAINING: _TRAINING,
    UNTRAINED: _TRAINING,
    FLAT: _TRAINING,
    HALVED: _TRAINING,
    UNEVEN: _TRAINING,
    STRUCTURE: _WORK,
    CHANNELS_FIRST: _WORK,
    CONTRACTIONS_ALONE: _FLOPS,
    CELLS: _FLOPS,
    RESIZED: _FLOPS,
    BRANCHES: _TRAINING,
    # The loop of a recurrence backwards, and gradients towards what was broadcast.
    TURNS: _TRAINING,
    SIZES: _TRAINING,
    **dict.fromkeys(_NOT_RUN.values(), frozenset({"shapes"})),
}
"""Reasons for which a quantity of a random model may be not comparable: they begin like this. Any other is a fault."""


def why_not_run(error: Exception) -> str:
    """Returns why a model cannot run on this machine, or what the error says where nobody knows."""
    return next((reason for text, reason in _NOT_RUN.items() if text in str(error)), of_error(error))


def is_known(quantity: str, reason: str) -> bool:
    """Returns whether a quantity may be not comparable for this reason."""
    return any(reason.startswith(known) and quantity in quantities for known, quantities in KNOWN.items())


class Tally(NamedTuple):
    """Counts of checks.

    Attributes:
        verdicts: checks by quantity, by whether they are of a `row` or of the whole `model`, and by verdict.
        reasons: those that are not comparable, by quantity and reason.
    """

    verdicts: Counter[tuple[str, str, str]]
    reasons: Counter[tuple[str, str]]

    def plus(self, other: "Tally") -> "Tally":
        """Returns the counts of both."""
        return Tally(self.verdicts + other.verdicts, self.reasons + other.reasons)

    def share(self, quantity: str, of: str) -> Fraction:
        """Returns which part of the checks of a quantity was confirmed or explained; 0 where there was no check."""
        found = {verdict: self.verdicts[quantity, of, verdict] for verdict in VERDICTS}
        return Fraction(found[CONFIRMED] + found[EXPLAINED], max(sum(found.values()), 1))

    def lines(self) -> Iterator[str]:
        """Yields a table of the verdicts, then the reasons, most frequent first."""
        yield f"{'checks':<32}" + "".join(f"{verdict:>16}" for verdict in VERDICTS)
        for quantity, of in sorted({(quantity, of) for quantity, of, _ in self.verdicts}):
            counts = "".join(f"{self.verdicts[quantity, of, verdict]:>16,}" for verdict in VERDICTS)
            yield f"{f'{quantity} of the {of}':<32}{counts}"
        for (quantity, reason), count in self.reasons.most_common():
            yield f"{count:>8,} {NOT_COMPARABLE}: {quantity}, {reason}"


NO_CHECKS = Tally(Counter(), Counter())


def tally_of(checks: Iterable[Check]) -> Tally:
    """Returns the counts of some checks."""
    found = [(check.quantity, "row" if check.layer else "model", check.verdict, check.reason) for check in checks]
    verdicts = Counter((quantity, of, verdict) for quantity, of, verdict, _ in found)
    reasons = Counter((quantity, reason) for quantity, _, verdict, reason in found if verdict == NOT_COMPARABLE)
    return Tally(verdicts, reasons)
