"""Workload `applications`: `sweep` of all networks of `keras.applications`, beside a loop that only builds them.

Timed: the call, with one process and with two, and the loop in a process of its own; each with the start of its
processes. The loop builds without weights and throws each network away: what is left of the sweep is its own.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.speed.asking import asked
from benchmarks.speed.spaces import applications
from benchmarks.speed.timing import in_turn


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    import keras_cnnstats as cnnstats

    frames: list[Any] = []

    def swept(processes: int) -> None:
        frames[:] = [cnnstats.sweep(applications(), processes=processes)]

    contenders = {
        "loop": lambda: asked("applications.loop"),
        "one process": lambda: swept(1),
        "two processes": lambda: swept(2),
    }
    times = in_turn(contenders, rounds)
    errors = frames[0].attrs["failed"]
    yield {"name": "keras.applications", "models": len(frames[0]), "errors": errors, "seconds": times}


def loop() -> Iterator[dict[str, Any]]:
    """Builds the networks in this process, and nothing else."""
    import keras_cnnstats as cnnstats

    for _, build, arguments in applications():
        with cnnstats.abstract():
            build(**arguments)
    yield {}
