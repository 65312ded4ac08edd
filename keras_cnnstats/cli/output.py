"""Where a command's result goes, and in which format."""

import sys
from collections.abc import Collection
from pathlib import Path

import click

from keras_cnnstats.cli.colours import are_wanted, painted_report
from keras_cnnstats.render.files import deliver

SUFFIXES = {
    ".txt": "table",
    ".md": "markdown",
    ".csv": "csv",
    ".json": "json",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
}
"""The formats that ends of file names stand for."""


def format_of(asked: str | None, output: str | None, known: Collection[str]) -> str:
    """Returns the format that was asked for, by name or by the end of the output's; a table by default."""
    if asked is not None or output is None:
        return asked or "table"
    suffix = Path(output).suffix.lower()
    if SUFFIXES.get(suffix, "table") not in known:
        raise click.UsageError(f"--output: {suffix} is no format of this command; it has {', '.join(known)}.")
    return SUFFIXES.get(suffix, "table")


def check_output(output: str | None) -> None:
    """Raises if the output cannot be written, before any work is done for it."""
    if output in (None, "-"):
        return
    path = Path(str(output))
    if path.is_dir():
        raise click.UsageError(f"--output: expected a file. Received a folder: {output}")
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"--output: there is no folder {path.absolute().parent}")


def written(text: str, output: str | None, *, is_table: bool = False) -> None:
    """Writes a result to a file, whole or not at all, or to standard output."""
    if output not in (None, "-"):
        deliver(text if text.endswith("\n") else f"{text}\n", output)
    elif is_table:
        click.echo(painted_report(text), color=are_wanted())
    else:
        # Data is UTF-8, whatever the terminal's encoding: pages and JSON say so of themselves.
        sys.stdout.flush()
        click.echo(text.encode("utf-8", "backslashreplace"), nl=not text.endswith("\n"))
