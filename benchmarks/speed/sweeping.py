"""Work load `sweep`: `sweep` of different cells of NAS-Bench-201, beside a loop that only builds the same models.

Timed: one process from its start to its last model, and its models alone, without the start of Keras. Both build
without weights; the loop throws each model away. Memory is what the process of the sweep holds before the hundredth
model and before the last.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.speed.asking import asked
from benchmarks.speed.spaces import Builder, beginning, cells, noting

EARLY = 100


def measure(rounds: int, models: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    times: dict[str, list[float]] = {}
    for number in range(rounds):
        # The order changes, so that neither always finds the files of the other in memory.
        for name in ("loop", "sweep") if number % 2 else ("sweep", "loop"):
            whole, alone = timed_loop(models) if name == "loop" else timed_sweep(models)
            times.setdefault(name, []).append(whole)
            times.setdefault(f"{name}, models alone", []).append(alone)
    yield {"name": "NAS-Bench-201", "models": models, "seconds": times, "bytes": memory(models)}


def timed_loop(models: int) -> tuple[float, float]:
    """Seconds that the loop takes: as a process, and its models alone."""
    started = time.perf_counter()
    found = asked("sweeping.loop", models=models)
    return time.perf_counter() - started, found[0]["seconds"]


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


def timed_sweep(models: int) -> tuple[float, float]:
    """Seconds that the sweep takes: with its start, and from when its process is there."""
    import keras_cnnstats as cnnstats

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        cnnstats.sweep(behind_a_beginning(folder, models), processes=1)
        whole, ended = time.perf_counter() - started, time.time()
        return whole, ended - float(Path(folder, "began").read_text(encoding="utf-8"))


def behind_a_beginning(folder: str, models: int) -> Iterator[Builder]:
    """Yields the cells behind a model that notes when it is built."""
    yield "first", beginning, {"folder": folder}
    yield from cells(models)


def memory(models: int) -> dict[str, int]:
    """Bytes that the process of the sweep holds before an early model, and before the last."""
    import keras_cnnstats as cnnstats

    early = min(EARLY, models // 10)
    with tempfile.TemporaryDirectory() as folder:
        cnnstats.sweep(
            [
                (name, noting, {"folder": folder, "number": number, **arguments})
                for number, (name, _, arguments) in enumerate(cells(models))
            ],
            processes=1,
        )
        numbers = {"early": early, "last": models - 1}
        return {name: int(Path(folder, str(number)).read_text(encoding="utf-8")) for name, number in numbers.items()}
