"""Times and memory of this process, measured so that they can be compared."""

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter

MEBI = 1 << 20

LEAST = 0.2
"""Seconds that a contender runs in each round, at the least."""

Times = dict[str, list[float]]
"""Seconds of each contender, round after round: the same round of two was measured one after the other."""


def seconds(work: Callable[[], object]) -> float:
    """Times one run, with what earlier runs left behind collected first."""
    gc.collect()
    start = perf_counter()
    work()
    return perf_counter() - start


def steady(work: Callable[[], object]) -> float:
    """Times as many runs as take `LEAST` together, and returns the seconds of one: what is short is not timed once."""
    gc.collect()
    runs, start = 0, perf_counter()
    while (passed := perf_counter() - start) < LEAST:
        work()
        runs += 1
    return passed / runs


def in_turn(contenders: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """Times all contenders in each round, so that what else the machine does hits them alike."""
    times: Times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(steady(work))
    return times


def memory(kind: str = "VmHWM") -> int:
    """Returns the bytes that this process holds (`VmRSS`), or that it held at most (`VmHWM`); Linux tells them."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(kind)).split()[1])


def forget_peak() -> int:
    """Lets the most that the process held start anew, and returns what it holds."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return memory("VmRSS")
