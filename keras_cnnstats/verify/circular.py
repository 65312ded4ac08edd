"""What the backend counted in the first place: that it counts the same once more proves nothing."""

from collections.abc import Iterable, Iterator

from keras_cnnstats.reports import Report
from keras_cnnstats.verification import CONFIRMED, EXPLAINED, NOT_COMPARABLE, Check
from keras_cnnstats.verify.reasons import ITSELF

_COUNTED = frozenset({"macs", "flops", "train_macs"})


def not_by_itself(report: Report, checks: Iterable[Check]) -> tuple[Check, ...]:
    """Returns checks without the verdict that a number is confirmed by the one who counted it.

    Args:
        report: the report; its rows say where their numbers come from.
        checks: by the backend that the report was made with.
    """
    measured = [(row.layer, row.call) for row in report.rows if row.source == "measured"]
    return tuple(checks) if not measured else tuple(_judged(checks, measured))


def _judged(checks: Iterable[Check], measured: list[tuple[str, int]]) -> Iterator[Check]:
    for check in checks:
        is_sound = check.quantity not in _COUNTED or check.verdict not in (CONFIRMED, EXPLAINED)
        if is_sound or (check.layer and (check.layer, check.call) not in measured):
            yield check
        elif check.layer:
            yield check._replace(verdict=NOT_COMPARABLE, reason=ITSELF)
        else:
            rows = ", ".join(dict.fromkeys([layer for layer, _ in measured]))
            yield check._replace(verdict=EXPLAINED, reason=f"{ITSELF}: {rows}")
