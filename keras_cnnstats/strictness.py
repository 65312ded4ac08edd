"""What `strict` makes an error of: a cost that nobody could derive, a measurement that says something else."""

from keras_cnnstats.errors import UnknownCostError, VerificationError
from keras_cnnstats.reports import Report

LISTED = 20
"""Rows, or measurements, that a message names at most."""


def refuse_unknown(report: Report) -> None:
    """Raises `UnknownCostError`, which lists the rows, where the cost of some is unknown."""
    unknown = [f"{row.layer} ({row.type}): {row.note}" for row in report.rows if row.work is None]
    if unknown:
        raise UnknownCostError(
            f"strict: the cost of {len(unknown)} of {len(report.rows)} rows is unknown:{_listed(unknown)}"
        )


def refuse_differing(report: Report) -> None:
    """Raises `VerificationError`, which lists the measurements, where the report was verified and some differ."""
    differing = report.verification.differing if report.verification else ()
    if differing:
        told = [f"{check.layer or 'the model'}: {check}" for check in differing]
        raise VerificationError(f"strict: {len(differing)} measurements differ:{_listed(told)}")


def _listed(lines: list[str]) -> str:
    rest = len(lines) - LISTED
    more = f"\n  ... and {rest} more" if rest > 0 else ""
    return "".join(f"\n  {line}" for line in lines[:LISTED]) + more
