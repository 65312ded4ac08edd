"""`cnnstats report`: a model's report, in any format."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from keras_cnnstats.cli.options import Asked, ModelName, Names, model_options
from keras_cnnstats.cli.output import check_output, format_of, written
from keras_cnnstats.cli.reading import report_of
from keras_cnnstats.reports import Report

FORMATS = ("table", "markdown", "csv", "json", "latex", "html")
WHOLE = ("json", "html")
"""Formats of the whole report; the others are one table, of which columns can be chosen and rows be sorted."""


EXAMPLES = """\b
cnnstats report MobileNetV2 --columns layer,macs,rf --sort macs
cnnstats report model.keras --custom-objects my.layers -o report.html
cnnstats report my.models:build -a width=64 --input-shape 96,96,3 --verify"""


@click.command(epilog=EXAMPLES)
@click.argument("model", type=ModelName())
@click.option("--format", "-f", "asked", type=click.Choice(FORMATS), help="By default what the output's name says.")
@click.option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
@click.option("--columns", type=Names(), help="Columns of the DataFrame, in this order: layer,macs,rf,train_flops.")
@click.option("--sort", metavar="COLUMN", help="Order the rows by a column, the largest first.")
@click.option("--reverse", is_flag=True, help="With --sort, the smallest first.")
@click.option(
    "--depth", type=click.IntRange(1), help="Fold what is nested deeper: 1 leaves one row for a nested model."
)
@click.option("--sparsity", is_flag=True, help="Count zero weights too; with --real, as weights are read for that.")
@click.option("--verify", is_flag=True, help="Hold each number against a measurement.")
@click.option("--strict", is_flag=True, help="Exit with 1 where a cost is unknown or a measurement differs.")
@model_options
def command(
    model: str,
    asked: str | None,
    output: str | None,
    columns: list[str] | None,
    sort: str | None,
    reverse: bool,
    depth: int | None,
    sparsity: bool,
    verify: bool,
    strict: bool,
    how: Asked,
) -> None:
    """What MODEL costs and what each of its layers sees."""
    kind = format_of(asked, output, FORMATS)
    if kind in WHOLE and (columns or sort):
        raise click.UsageError(f"--columns and --sort are for tables; {kind} has the whole report.")
    if reverse and not sort:
        raise click.UsageError("--reverse goes with --sort.")
    check_output(output)
    report = report_of(model, how, sparsity=sparsity, verify=verify, strict=strict)
    if depth is not None:
        report = report.at_depth(depth)
    if sort is not None:
        report = ordered(report, sort, reverse)
    written(rendered(report, kind, columns), output, is_table=kind == "table")


def rendered(report: Report, kind: str, columns: Sequence[str] | None) -> str:
    """Returns the report in a format."""
    if kind == "table":
        return report.to_text(columns=columns)
    given = {} if kind in WHOLE else {"columns": columns}
    return str(getattr(report, f"to_{kind}")(**given))


def ordered(report: Report, name: str, reverse: bool) -> Report:
    """Returns the report with its rows in the order of a column, the unknown last."""
    from keras_cnnstats.render.cells import checked
    from keras_cnnstats.render.dataframe import EXTENTS, records

    found = records(report)
    checked(report, [name])
    values = found[name] if name in found else [getattr(row, EXTENTS[name]) for row in report.rows]
    if name == "output_shape":
        # The batch is the same for all; a size that is open counts as none.
        values = [tuple(size or 0 for shape in row.output_shapes for size in shape[1:]) for row in report.rows]
    rows = list(zip(values, report.rows, strict=True))
    known = [(value, row) for value, row in rows if value is not None and None not in _tuple(value)]
    unknown = [row for value, row in rows if value is None or None in _tuple(value)]
    is_text = any(isinstance(value, str) for value, _ in known)
    known.sort(key=lambda pair: pair[0], reverse=is_text is reverse)
    # What a row reads is told by the number of the row, which is another one now.
    return replace(report, rows=tuple(row._replace(inputs=()) for row in (*(row for _, row in known), *unknown)))


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
