"""Work load `applications`: `sweep` of all networks of `keras.applications`, with one process and with two.

Timed: the call, with the start of its processes.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.speed.spaces import applications
from benchmarks.speed.timing import in_turn


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    import keras_cnnstats as cnnstats

    frames: list[Any] = []

    def swept(processes: int) -> None:
        frames[:] = [cnnstats.sweep(applications(), processes=processes)]

    times = in_turn({"one process": lambda: swept(1), "two processes": lambda: swept(2)}, rounds)
    errors = frames[0].attrs["failed"]
    yield {"name": "keras.applications", "models": len(frames[0]), "errors": errors, "seconds": times}
