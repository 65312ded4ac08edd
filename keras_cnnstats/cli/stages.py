"""What takes more than a second shows on standard error that it goes on, where that is a terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

from keras_cnnstats.cli.colours import are_wanted
from keras_cnnstats.collector import start


@contextmanager
def stage(what: str) -> Iterator[None]:
    """Shows a line with the time that something takes, and takes it away when it is done."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with _screen() as screen:
        console = Console(file=screen, no_color=not are_wanted(err=True), force_terminal=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(what, total=None)
            yield


@contextmanager
def _screen() -> Iterator[TextIO]:
    """The terminal behind standard error, also while what is written there is held back."""
    with os.fdopen(os.dup(sys.stderr.fileno()), "w") as screen:
        yield screen


def keras_started() -> None:
    """Imports Keras."""
    with stage("Starting Keras"):
        start("keras")


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Sends what the user's own code prints to standard error: standard output has data alone."""
    with redirect_stdout(sys.stderr):
        yield
