"""How fast `sweep` is, against a loop that only builds the same models, and whether its memory stays flat.

The work: a fixed sample of NAS-Bench-201, all different, and all of `keras.applications`. What is timed is whole
processes, from `python` to the last row, and beside it the models alone, without the start of Keras.

Usage: `python benchmarks/sweep.py [--parts rate,applications,scheduler] [--count 1000] [--rounds 3] [--json FILE]`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import keras_cnnstats as cnnstats

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "examples")]
nas = import_module("nas_bench_201")

Builder = tuple[str, Callable[..., Any], dict[str, Any]]

LOOP = """
import sys, time
sys.path[:0] = {paths!r}
import keras
import keras_cnnstats as cnnstats
from benchmarks.sweep import sample
with cnnstats.abstract():
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
started = time.perf_counter()
for _, build, arguments in sample({count}):
    with cnnstats.abstract():
        build(**arguments)
print(time.perf_counter() - started)
"""


def sample(count: int) -> Iterator[Builder]:
    """Yields as many different networks of NAS-Bench-201."""
    seen = set()
    for name, build, arguments in nas.nas_bench_201(15_625):
        network = nas.network_of(arguments["cell"])
        if network not in seen:
            seen.add(network)
            yield name, build, arguments
        if len(seen) == count:
            return


def applications() -> Iterator[Builder]:
    """Yields all networks of Keras."""
    from keras_cnnstats.cli.sources import applications as names

    for name in names():
        yield name, network, {"name": name}


def network(name: str) -> Any:
    """Returns a network of Keras."""
    import keras

    return getattr(keras.applications, name)(weights=None)


def noting(folder: str, number: int, cell: tuple[str, ...]) -> Any:
    """Builds, and notes how much memory the process has before."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    Path(folder, str(number)).write_text(str(pages * os.sysconf("SC_PAGE_SIZE")))
    return nas.build(cell)


def rate(count: int, rounds: int) -> dict[str, Any]:
    """The sweep of one process against the loop, and the memory of that process."""
    whole, alone = [], []
    for number in range(rounds):
        order: list[Callable[[int], tuple[float, float]]] = [timed_loop, timed_sweep]
        found = {each: each(count) for each in (order if number % 2 else order[::-1])}
        (loop_whole, loop_alone), (sweep_whole, sweep_alone) = found[timed_loop], found[timed_sweep]
        whole.append(loop_whole / sweep_whole)
        alone.append(loop_alone / sweep_alone)
        print(f"  loop {loop_whole:.1f} s ({loop_alone:.1f} s), sweep {sweep_whole:.1f} s ({sweep_alone:.1f} s)")
    early, late = memory(count)
    return {
        "models": count,
        "rate over that of the loop, whole processes": spread(whole),
        "rate over that of the loop, models alone": spread(alone),
        "memory at the last model over that at the 100th": round(late / early, 3),
        "memory at the last model, MB": round(late / 1e6),
    }


def timed_loop(count: int) -> tuple[float, float]:
    """Seconds that the loop takes: as a process, and its models alone."""
    code = LOOP.format(paths=[str(ROOT), str(ROOT / "examples")], count=count)
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=quiet, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - started, float(done.stdout)


def timed_sweep(count: int) -> tuple[float, float]:
    """Seconds that the sweep takes: with its start, and from when its process is there."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        cnnstats.sweep(starting(Path(folder), count), processes=1)
        ended = time.perf_counter()
        began = float(Path(folder, "began").read_text())
    return ended - started, time.time() - began


def starting(folder: Path, count: int) -> Iterator[Builder]:
    """Yields the sample behind a model that notes when it is built."""
    yield "first", beginning, {"folder": str(folder)}
    yield from sample(count)


def beginning(folder: str) -> Any:
    """Builds a small model, and notes when."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    Path(folder, "began").write_text(repr(time.time()))
    return model


def memory(count: int) -> tuple[int, int]:
    """Bytes that the process has at the 100th model (the 10th of fewer than 200), and at the last."""
    with tempfile.TemporaryDirectory() as folder:
        models = [
            (name, noting, {"folder": folder, "number": number, **arguments})
            for number, (name, _, arguments) in enumerate(sample(count))
        ]
        cnnstats.sweep(models, processes=1)
        early = 100 if count >= 200 else 10
        return tuple(int(Path(folder, str(number)).read_text()) for number in (early, count - 1))  # type: ignore[return-value]


def both(_: int, rounds: int) -> dict[str, Any]:
    """All applications with one process and with two."""
    ratios, seconds = [], []
    for _ in range(rounds):
        taken = {}
        for processes in (1, 2):
            started = time.perf_counter()
            frame = cnnstats.sweep(applications(), processes=processes)
            taken[processes] = time.perf_counter() - started
        print(f"  one process {taken[1]:.1f} s, two {taken[2]:.1f} s")
        seconds.append(taken[2])
        ratios.append(taken[1] / taken[2])
    return {
        "models": len(frame),
        "failed": frame.attrs["failed"],
        "seconds with two processes": spread(seconds),
        "two processes over one": spread(ratios),
    }


def scheduler(count: int, rounds: int) -> dict[str, Any]:
    """What a batch costs beside its models, for threads of this process and for Dask."""
    from distributed import Client, LocalCluster

    from keras_cnnstats.sweeping.children import Batch, Crew, worked
    from keras_cnnstats.sweeping.makers import SECONDS_OF_A_BATCH

    found: dict[str, Any] = {}
    empty = Batch((), None, None)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        for name, executor in (("processes", Crew(1)), ("dask", client.get_executor())):
            executor.submit(worked, empty).result()
            costs = []
            for _ in range(rounds):
                started = time.perf_counter()
                for _ in range(count):
                    executor.submit(worked, empty).result()
                costs.append((time.perf_counter() - started) / count)
            found[f"{name}: milliseconds of a batch"] = spread([1e3 * cost for cost in costs])
            found[f"{name}: of the time of a batch"] = spread([cost / SECONDS_OF_A_BATCH for cost in costs])
    return found


def spread(values: list[float]) -> str:
    """The median with the least and the most."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


PARTS = {"rate": rate, "applications": both, "scheduler": scheduler}


def main() -> None:
    """Measures, and prints what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = {}
    for name in given.parts.split(","):
        print(name)
        found[name] = PARTS[name](given.count, given.rounds)
        for what, value in found[name].items():
            print(f"  {what}: {value}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
