"""`sweep`: has the rows of many models made, and makes a DataFrame of them."""

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from keras_cnnstats import units
from keras_cnnstats.budgets import Amount, amounts
from keras_cnnstats.sweeping.candidates import SweepError, candidates, shown
from keras_cnnstats.sweeping.children import Crew
from keras_cnnstats.sweeping.columns import Values, to_dataframe
from keras_cnnstats.sweeping.limits import keeps
from keras_cnnstats.sweeping.makers import Here, Workers
from keras_cnnstats.sweeping.output import RowFile
from keras_cnnstats.sweeping.progress import bar
from keras_cnnstats.sweeping.work import Key, Makers, Work

if TYPE_CHECKING:
    import pandas

WORKERS = 32
"""How many workers an executor is taken to have, which does not say."""


def sweep(
    builders: Any,
    *,
    executor: Executor | None = None,
    processes: int | None = None,
    output: str | os.PathLike[str] | None = None,
    key: Key | None = None,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    rules: Mapping[Any, Any] | None = None,
    batch: int | None = None,
    timeout: float | None = None,
    progress: bool | None = None,
    **budgets: Amount | None,
) -> "pandas.DataFrame":
    """Returns what each of many models costs and sees, a row each. They are built without weights, as in `abstract`.

    What a builder raises is told in its row, under `error`, and so is that a model crashed its process or took too
    long: nothing else is lost.

    Args:
        builders: a mapping of names to functions that return a model, or to `(function, arguments)`; or an iterable of
            `(name, function, arguments)`, of which no more are asked for at a time than are at work.
        executor: who works: any `concurrent.futures.Executor`, such as `distributed.Client(...).get_executor()`. By
            default processes of this machine. Each worker builds in a process of its own.
        processes: how many of them; by default as many as there are cores, and 0 for none, all in this process. With an
            executor, how many workers it has.
        output: a `.csv` or `.parquet` file, to which each row is written when it is there. A sweep that was killed goes
            on with the same call: models that have a row there, with an error or without, are not built again.
        key: what is equal for models that are alike, given a `Candidate` (`name`, `build`, `arguments`). Of those, one
            is built, and named under `same_as` in the rows of the others.
        input_shape: see `analyze`, as for the next three.
        batch_size: samples that work and activations are counted for.
        convention: how FLOPs are counted.
        rules: rules for this sweep alone.
        batch: how many models a worker is handed at once; by default what takes it about half a second.
        timeout: seconds that a model may take.
        progress: whether to show how far it is; by default where standard error is a terminal.
        budgets: see `assert_budget`: `max_flops="600M"`, `min_receptive_field=32`, ... Models that break one, or of
            which that is unknown, are not in the result, and of them no more than the name is kept in memory. In
            `output` they are, so that another budget builds nothing anew. What could not be built stays in the result.

    Returns:
        The rows in the order of `builders`. `rf` and `stride_*` are those of the last map that has a place on the
        input, `rf` on the axis where it is smallest.

    Raises:
        SweepError: `builders` are none or cannot be sent to another process, or `output` is another's file.
        BudgetError: there is no such budget, or an amount is none.
        ConventionError: `convention` is none.
        MissingDependencyError: `output` is Parquet, and pyarrow is not installed.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> def build(width):
    ...     return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(width, 3)])
    >>> space = {f"width {width}": (build, {"width": width}) for width in (8, 16, 32)}
    >>> frame = cnnstats.sweep(space, processes=0, max_params=500)
    >>> frame[["name", "params", "rf"]].values.tolist()
    [['width 8', 224, 3], ['width 16', 448, 3]]
    """
    units.check_convention(convention)
    _check_numbers(processes, batch, timeout, batch_size, executor)
    allowed = amounts(budgets)
    models = candidates(builders)
    asked = {"input_shape": input_shape, "batch_size": batch_size, "convention": convention, "rules": rules}

    def wanted(row: Values) -> bool:
        return bool(row["error"]) or keeps(row, allowed)

    # With a key, other models may turn out to be like one that is not wanted.
    file = RowFile(output, wanted if key is None else lambda _: True)
    _check_alike(file, batch_size, convention)
    total = len(builders) if hasattr(builders, "__len__") else None
    with ExitStack() as stack:
        makers: Makers
        if processes == 0:
            makers = Here(asked)
        else:
            size = processes or (WORKERS if executor else _cores())
            makers = Workers(executor or _crew(size, stack), asked, timeout, size, batch)
        show = stack.enter_context(bar(total, progress))
        work = Work(models, key, file, show, wanted)
        work.done(makers)
        file.close()
    return _frame(work)


def _crew(size: int, stack: ExitStack) -> Crew:
    crew = Crew(size)
    stack.callback(crew.dismiss)
    return crew


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_numbers(
    processes: object, batch: object, timeout: object, batch_size: object, executor: Executor | None
) -> None:
    for name, value, least in (("processes", processes, 0), ("batch", batch, 1), ("batch_size", batch_size, 1)):
        if value is not None and (type(value) is not int or value < least):
            raise SweepError(f"{name}: expected an integer of {least} or more. Received: {shown(value)}.")
    if timeout is not None and (type(timeout) not in (int, float) or not 0 < timeout < float("inf")):  # type: ignore[operator]
        raise SweepError(f"timeout: expected seconds, such as 60. Received: {shown(timeout)}.")
    if processes == 0 and (timeout is not None or executor is not None):
        raise SweepError("processes=0: expected neither an executor nor a timeout: nobody can end this process.")
    if executor is not None and not isinstance(executor, Executor):
        raise SweepError(f"executor: expected a concurrent.futures.Executor. Received: {shown(executor)}.")


def _check_alike(file: RowFile, batch_size: int, convention: str) -> None:
    """Rows of one file are of one kind."""
    for kind, found in file.kinds.items():
        for name, has, asked in zip(("batch_size", "convention"), kind, (batch_size, convention), strict=True):
            if has and has != asked:
                raise SweepError(
                    f"output: expected rows with {name} {asked!r}, as this sweep makes them. Received: {has!r}, "
                    f"for {found!r}. Name another file."
                )


def _frame(work: Work) -> "pandas.DataFrame":
    rows = [work.rows[place] for place in sorted(work.rows)]
    frame = to_dataframe(rows)
    failed = sum(bool(each["error"]) for each in rows)
    frame.attrs = {"models": len(rows) + work.left_out, "failed": failed, "left_out": work.left_out}
    return frame
