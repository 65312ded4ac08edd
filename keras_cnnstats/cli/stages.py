"""What takes more than a second shows on standard error that it goes on, where that is a terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

from keras_cnnstats.cli.colours import are_wanted
from keras_cnnstats.console import errors_held_back


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


@contextmanager
def started() -> Iterator[None]:
    """Imports Keras, and keeps what its backend says of itself meanwhile; all of it is shown if that fails."""
    with stage("Starting Keras"), errors_held_back():
        import keras  # noqa: F401
    yield


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Sends what the user's own code prints to standard error: standard output has data alone."""
    with redirect_stdout(sys.stderr):
        yield
