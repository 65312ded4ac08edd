"""How far a sweep is, on standard error where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Shown = Callable[[bool], None]
"""Told of each row whether its model failed."""


@contextmanager
def bar(total: int | None, wanted: bool | None) -> Iterator[Shown]:
    """Yields what is to be called for each row.

    Args:
        total: how many models there are; `None` where nobody knows.
        wanted: whether to show it; by default where standard error is a terminal.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task, errors = shown.add_task("Sweeping", total=total), 0

        def show(failed: bool) -> None:
            nonlocal errors
            errors += failed
            shown.update(task, advance=1, description=f"Sweeping, {errors:,} failed" if errors else "Sweeping")

        yield show
