"""From what stands on the command line to a report."""

from typing import Any

import click

from keras_cnnstats.cli.sources import Opening, check_name, open_model, stored_report
from keras_cnnstats.cli.stages import nothing_printed, stage, started
from keras_cnnstats.reports import Report

STORED = "is a stored report: --input-shape, --batch-size, --sparsity and --verify need the model."


def report_of(
    name: str,
    opening: Opening,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    sparsity: bool = False,
    verify: bool = False,
    strict: bool = False,
) -> Report:
    """Returns the report of a model, or the one that is stored in a file."""
    found = stored_or_model(name, opening)
    if isinstance(found, Report):
        if input_shape is not None or batch_size not in (1, found.header.batch_size) or sparsity or verify:
            raise click.UsageError(f"{name} {STORED}")
        return found.with_convention(convention)
    from keras_cnnstats.analysis import analyze

    with stage(f"Measuring {name}" if verify else f"Analysing {name}"), nothing_printed():
        return analyze(
            found,
            input_shape=input_shape,
            batch_size=batch_size,
            convention=convention,
            sparsity=sparsity,
            verify=verify,
            strict=strict,
        )


def stored_or_model(name: str, opening: Opening) -> Any:
    """Returns the stored report, for which Keras is not needed, or the model."""
    report = stored_report(name)
    if report is not None:
        return report
    check_name(name)
    with started():
        return open_model(name, opening)
