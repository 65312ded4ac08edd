"""Workload `abstract`: building without weights, beside building with them, and building what fits nowhere.

Timed: the call that builds ConvNeXtXLarge, inside `abstract()` and outside, each in a process of its own, in turn. Each
process has built a small network the same way before, so that the start of the backend is in neither. Memory is the
most that the process held, above what it held after its imports. Of the Llama-like model of 70 billion parameters in
bfloat16 both building and reporting are timed, and its memory is told with the imports and without.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from benchmarks.speed.asking import asked
from benchmarks.speed.llama import llama
from benchmarks.speed.timing import MEBI, forget_peak, memory, seconds

REAL = "ConvNeXtXLarge"
LARGE = "Llama-like"
WAYS = "abstract", "real"


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the record of what can be built both ways."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            found[way] += asked("building.one", way=way)
    yield {
        "name": REAL,
        "params": found["real"][0]["params"],
        "seconds": {way: [each["seconds"] for each in found[way]] for way in WAYS},
        "MiB": {way: [each["MiB"] for each in found[way]] for way in WAYS},
    }


def measure_large(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the record of what is too large to be built for real."""
    runs = [each for _ in range(rounds) for each in asked("building.large")]
    yield {
        "name": LARGE,
        "params": runs[0]["params"],
        "bytes": runs[0]["bytes"],
        "seconds": {what: [each["seconds"][what] for each in runs] for what in runs[0]["seconds"]},
        "MiB": {what: [each["MiB"][what] for each in runs] for what in runs[0]["MiB"]},
    }


def one(way: str) -> Iterator[dict[str, Any]]:
    """Builds the network in this process, in one of the ways."""
    import keras

    import keras_cnnstats as cnnstats

    models: list[Any] = []
    held = forget_peak()
    with cnnstats.abstract() if way == "abstract" else nullcontext():
        keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        took = seconds(lambda: models.append(getattr(keras.applications, REAL)(weights=None)))
    yield {"params": models[0].count_params(), "seconds": took, "MiB": (memory() - held) / MEBI}


def large() -> Iterator[dict[str, Any]]:
    """Builds the Llama-like model in this process, and reports it."""
    import keras

    import keras_cnnstats as cnnstats

    keras.config.set_dtype_policy("bfloat16")
    made: list[Any] = []
    held = forget_peak()
    with cnnstats.abstract():
        build = seconds(lambda: made.append(llama()))
    report = seconds(lambda: made.append(cnnstats.analyze(made[0]).totals))
    most = memory()
    yield {
        "params": made[1].params,
        "bytes": made[1].param_bytes,
        "seconds": {"build": build, "report": report},
        "MiB": {"above the imports": (most - held) / MEBI, "whole process": most / MEBI},
    }
