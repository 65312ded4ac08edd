"""Workload `sweep`: `sweep` of different cells of NAS-Bench-201, beside a loop that only builds the same models.

Timed: one process from its start to its last model, and its models alone, without the start of Keras. Both build
without weights; the loop throws each model away. A round takes minutes, over which a machine changes its pace: the two
run at the same time, so that it does so for both. Memory is what the process of the sweep holds before the hundredth
model and before the last.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed.asking import asked
from benchmarks.speed.spaces import Builder, beginning, cells, noting

EARLY = 100


class Run(NamedTuple):
    """What was measured of a process.

    Attributes:
        whole: seconds from its start to its end.
        alone: seconds of its models.
        held: bytes that it held before an early model, and before the last; the loop does not say.
    """

    whole: float
    alone: float
    held: dict[str, int]


def measure(rounds: int, models: int) -> Iterator[dict[str, Any]]:
    """Yields one record, with the memory of the last round."""
    times: dict[str, list[float]] = {}
    held: dict[str, int] = {}
    for _ in range(rounds):
        with ThreadPoolExecutor() as waiting:
            runs = {name: waiting.submit(timed, models) for name, timed in (("loop", of_loop), ("sweep", of_sweep))}
        for name, run in runs.items():
            whole, alone, noted = run.result()
            times.setdefault(name, []).append(whole)
            times.setdefault(f"{name}, models alone", []).append(alone)
            held |= noted
    yield {"name": "NAS-Bench-201", "models": models, "seconds": times, "bytes": held}


def of_loop(models: int) -> Run:
    """Runs the loop."""
    started = time.perf_counter()
    found = asked("sweeping.loop", models=models)
    return Run(time.perf_counter() - started, found[0]["seconds"], {})


def loop(models: int) -> Iterator[dict[str, Any]]:
    """Builds the models in this process, and nothing else."""
    import keras

    import keras_cnnstats as cnnstats

    with cnnstats.abstract():
        keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    started = time.perf_counter()
    for _, build, arguments in cells(models):
        with cnnstats.abstract():
            build(**arguments)
    yield {"seconds": time.perf_counter() - started}


def of_sweep(models: int) -> Run:
    """Runs the sweep."""
    import keras_cnnstats as cnnstats

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        cnnstats.sweep(noted(folder, models), processes=1)
        whole, ended = time.perf_counter() - started, time.time()
        told = {each.name: each.read_text(encoding="utf-8") for each in Path(folder).iterdir()}
    places = {"early": min(EARLY, models // 10), "last": models - 1}
    held = {name: int(told[str(number)]) for name, number in places.items()}
    return Run(whole, ended - float(told["began"]), held)


def noted(folder: str, models: int) -> Iterator[Builder]:
    """Yields the cells behind a model that notes when it is built; each notes what memory the process holds."""
    yield "first", beginning, {"folder": folder}
    for number, (name, _, arguments) in enumerate(cells(models)):
        yield name, noting, {"folder": folder, "number": number, **arguments}
