"""`cnnstats sweep`: many models, a row each."""

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import click

from keras_cnnstats.cli.options import Asked, ModelName, budget_options, model_options
from keras_cnnstats.cli.output import check_output, written
from keras_cnnstats.cli.sources import Opening, applications, check_name, open_model
from keras_cnnstats.cli.stages import keras_started
from keras_cnnstats.render.cells import value_text
from keras_cnnstats.sweeping.candidates import candidates

ALL = "applications"
"""Stands for all networks of `keras.applications`."""

FORMATS = ("table", "csv", "json")
SUFFIXES = (".csv", ".parquet")
SHOWN = ("name", "params", "macs", "flops", "rf", "peak_activation_bytes", "error")
"""Columns of the table; CSV and JSON have all."""


EXAMPLES = """\b
cnnstats sweep applications -o zoo.csv
cnnstats sweep ResNet50 MobileNetV2 EfficientNetB0 --input-shape 320,320,3 --max-params 10M
cnnstats sweep my.space:builders -a seed=3 -o space.parquet --processes 8 --timeout 60"""


@click.command(epilog=EXAMPLES)
@click.argument("space", metavar="SPACE...", nargs=-1, required=True, type=ModelName())
@click.option("--processes", type=click.IntRange(0), help="By default one for each core; 0 is none.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds that a model may take.")
@click.option("--batch", type=click.IntRange(1), help="Models that a process is handed at once.")
@budget_options
@click.option("--format", "-f", "asked", type=click.Choice(FORMATS), help="Of standard output: a table by default.")
@click.option(
    "--output", "-o", metavar="FILE", help="A .csv or .parquet file of all rows, which the same command goes on with."
)
@model_options
def command(
    space: Sequence[str],
    processes: int | None,
    timeout: float | None,
    batch: int | None,
    asked: str | None,
    output: str | None,
    how: Asked,
    **budgets: str | None,
) -> None:
    """What each of many models costs and sees, a row each; one that fails costs its own row alone.

    SPACE is package.module:factory of a function that returns or yields builders (see `keras_cnnstats.sweep`); or
    several MODELs; or `applications`, all networks of Keras.
    """
    if output is not None and Path(output).suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"--output: expected {' or '.join(SUFFIXES)}. Received: {output}")
    check_output(output)
    from keras_cnnstats.sweeping import sweep

    allowed: dict[str, Any] = dict(budgets)
    frame = sweep(
        _builders(space, how.opening),
        processes=processes,
        output=output,
        batch=batch,
        timeout=timeout,
        **how.analysis,
        **allowed,
    )
    click.echo(_summary(frame.attrs), err=True)
    if asked is not None or output is None:
        written(_text(frame, asked or "table"), None)


def _builders(space: Sequence[str], opening: Opening) -> Any:
    """The builders that names stand for."""
    if opening.real:
        raise click.UsageError("--real: a sweep builds models without weights.")
    names = [name for each in space for name in (applications() if each == ALL else [each])]
    for name in names:
        check_name(name)
    if len(names) == 1 and ":" in names[0]:
        keras_started()
        found = open_model(names[0], opening)
        import keras

        if not isinstance(found, keras.Model):
            return _with_modules(found, opening.modules) if opening.modules else found
    return [(name, opened, {"name": name, "opening": tuple(opening)}) for name in names]


def _with_modules(builders: Any, modules: Sequence[str]) -> Iterator[Any]:
    """The builders, each of which has the user's layers and rules wherever it runs."""
    for name, build, arguments in candidates(builders):
        yield name, built, {"build": build, "arguments": dict(arguments), "modules": tuple(modules)}


def built(build: Callable[..., Any], arguments: Mapping[str, Any], modules: Sequence[str]) -> Any:
    """Returns the model that a builder makes, with some modules imported before."""
    from keras_cnnstats.reading.custom import module_of

    for module in modules:
        module_of(module)
    return build(**arguments)


def opened(name: str, opening: tuple[Any, ...]) -> Any:
    """Returns the model that a name stands for; says nothing of how far it is, as the sweep does."""
    with redirect_stderr(io.StringIO()) as said:
        model = open_model(name, Opening(*opening))
    sys.stderr.write("".join(line for line in said.getvalue().splitlines(keepends=True) if line.strip()))
    return model


def _summary(counts: Mapping[Any, Any]) -> str:
    parts = [f"{counts['models']:,} models"]
    parts += [f"{counts['failed']:,} failed"] if counts["failed"] else []
    parts += [f"{counts['left_out']:,} left out by budgets"] if counts["left_out"] else []
    return ", ".join(parts)


def _text(frame: Any, kind: str) -> str:
    from tabulate import tabulate

    from keras_cnnstats.render.spreadsheet import quoted
    from keras_cnnstats.sweeping.columns import TEXTS

    if kind == "csv":
        return str(frame.assign(**{name: frame[name].map(quoted) for name in TEXTS}).to_csv(index=False))
    if kind == "json":
        return str(frame.to_json(orient="records", indent=2))
    columns = {name: [_cell(value) for value in frame[name].astype(object)] for name in SHOWN}
    alignment = ["left" if name in TEXTS else "right" for name in SHOWN]
    return tabulate(columns, headers="keys", disable_numparse=True, colalign=alignment if len(frame) else None)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    # Neither a number nor a text: unknown.
    return value_text(value) if isinstance(value, int | float) else "?"
