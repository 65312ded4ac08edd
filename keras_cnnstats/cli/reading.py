"""From what stands on the command line to a report."""

from typing import Any

import click

from keras_cnnstats.cli.options import Asked
from keras_cnnstats.cli.sources import Opening, check_name, open_model, stored_report
from keras_cnnstats.cli.stages import keras_started, nothing_printed, stage
from keras_cnnstats.reports import Report
from keras_cnnstats.strictness import refuse_differing, refuse_unknown

STORED = "is a stored report: --input-shape, --batch-size, --sparsity and --verify need the model."


def report_of(name: str, how: Asked, *, sparsity: bool = False, verify: bool = False, strict: bool = False) -> Report:
    """Returns the report of a model, or the one that is stored in a file."""
    found = stored_or_model(name, how.opening)
    if isinstance(found, Report):
        other = how.input_shape is not None or how.batch_size not in (None, found.header.batch_size)
        if other or sparsity or verify:
            raise click.UsageError(f"{name} {STORED}")
        if strict:
            refuse_unknown(found)
            refuse_differing(found)
        return found if how.convention is None else found.with_convention(how.convention)
    from keras_cnnstats.analysis import analyze

    with stage(f"Measuring {name}" if verify else f"Analysing {name}"), nothing_printed():
        return analyze(found, sparsity=sparsity, verify=verify, strict=strict, **how.analysis)


def stored_or_model(name: str, opening: Opening) -> Any:
    """Returns the stored report, for which Keras is not needed, or the model."""
    report = stored_report(name)
    if report is not None:
        return report
    check_name(name)
    keras_started()
    return open_model(name, opening)
