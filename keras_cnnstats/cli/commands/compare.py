"""`cnnstats compare`: models and stored reports side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from keras_cnnstats.cli import DONE, NO
from keras_cnnstats.cli.options import Asked, ModelName, model_options
from keras_cnnstats.cli.output import check_output, format_of, written
from keras_cnnstats.cli.reading import report_of

FORMATS = ("table", "markdown", "csv", "json", "html")


EXAMPLES = """\b
cnnstats compare ResNet50 ResNet101
cnnstats compare main.json my.models:build --format markdown   # main.json: `cnnstats report ... -o main.json`"""


@click.command(epilog=EXAMPLES)
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, type=ModelName())
@click.option("--names", help="What the models are called in the output, with commas between them.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something changed.")
@click.option("--format", "-f", "asked", type=click.Choice(FORMATS), help="By default what the output's name says.")
@click.option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
@model_options
def command(
    models: Sequence[str],
    names: str | None,
    exit_code: bool,
    asked: str | None,
    output: str | None,
    how: Asked,
) -> int:
    """Totals side by side, and what changed from the first MODEL to each other: layers added, removed, changed."""
    kind = format_of(asked, output, FORMATS)
    if len(models) < 2:
        raise click.UsageError(f"expected two models or more. Received: {len(models)}.")
    called = [name.strip() for name in names.split(",")] if names else _own_names(models)
    if called is not None and len(called) != len(models):
        raise click.UsageError(f"--names: expected {len(models)} names. Received: {len(called)}.")
    check_output(output)
    from keras_cnnstats.comparing import compare

    comparison = compare(*[report_of(name, how) for name in models], names=called)
    renderings: dict[str, Callable[[], Any]] = {
        "table": comparison.to_text,
        "markdown": comparison.to_markdown,
        "html": comparison.to_html,
        "csv": comparison.to_csv,
        "json": lambda: comparison.to_dataframe().to_json(orient="records", indent=2),
    }
    text = str(renderings[kind]())
    written(text, output, is_table=kind == "table")
    return NO if exit_code and not comparison.is_same else DONE


def _own_names(models: Sequence[str]) -> list[str] | None:
    """What the models are called on the command line; nothing where two are called alike."""
    names = [name.removesuffix(".json") for name in models]
    return names if len(set(names)) == len(names) else None
