"""What the raw times of each workload come to, beside what was asked for."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.speed import verifying
from benchmarks.speed.networks import OURS
from benchmarks.speed.ratios import Finding, Spread, ratio, spread
from benchmarks.speed.stages import STAGES

Record = dict[str, Any]

AT_LEAST = {
    "model.summary()": 15,
    "TensorFlow's profiler": 80,
    "XLA's cost analysis": 50,
    "XLA's cost analysis, of shapes": 50,
    "fvcore": 50,
}
"""How many times as long as `analyze` each peer takes, at the least."""

WALK, WALKS_AT_MOST = "a bare walk", 30


def findings(part: str, record: Record) -> Iterator[Finding]:
    """Yields the figures of a workload."""
    yield from OF_PARTS[part](record)


def of_peers(record: Record) -> Iterator[Finding]:
    """How many times as long each peer takes; of the bare walk, how many times as long `analyze` takes."""
    times = record["seconds"]
    for name in times:
        if name == WALK:
            yield Finding(WALK, record["name"], ratio(times[OURS], times[WALK]), at_most=WALKS_AT_MOST)
        elif name != OURS:
            yield Finding(name, record["name"], ratio(times[name], times[OURS]), at_least=AT_LEAST.get(name))


def of_stages(record: Record) -> Iterator[Finding]:
    """Microseconds for each row."""
    for stage, what in STAGES.items():
        took = spread(record["seconds"][stage], 1e6 / record["rows"])
        yield Finding(f"of `analyze`, {what}", f"each row of {record['name']}", took, "µs")


def of_verifying(record: Record) -> Iterator[Finding]:
    """How many times as long as the recipe."""
    times = record["seconds"]
    what = '`verify(only=["work"])`, over TensorFlow\'s profiler'
    yield Finding(what, record["name"], ratio(times[verifying.OURS], times[verifying.THEIRS]), at_most=3)


def of_import(record: Record) -> Iterator[Finding]:
    """Milliseconds."""
    times = record["seconds"]
    for name, at_most in (("import keras_cnnstats", 50), ("first use of analyze", None)):
        yield Finding(f"`{name}`", "behind `import keras`", spread(times[name], 1e3), "ms", at_most=at_most)


def of_growth(record: Record) -> Iterator[Finding]:
    """The time of a layer in the large model over that in the small one."""
    few, many = record["layers"].values()
    what = f"time of each layer of {many:,}, over that of {few:,}"
    yield Finding(what, record["name"], ratio(record["seconds"]["many"], record["seconds"]["few"]), at_most=1.3)


def of_abstract(record: Record) -> Iterator[Finding]:
    """Times and memory of building."""
    times, memory, name = record["seconds"], record["MiB"], record["name"]
    if "real" in times:
        yield Finding("building for real, over `abstract()`", name, ratio(times["real"], times["abstract"]), at_least=8)
        yield Finding("memory of `abstract()`", name, spread(memory["abstract"]), "MiB", at_most=40)
        yield Finding("memory of building for real", name, spread(memory["real"]), "MiB")
        return
    yield Finding("memory, imports included", name, spread(memory["whole process"]), "MiB", at_most=1000)
    yield Finding("memory above the imports", name, spread(memory["above the imports"]), "MiB")
    yield Finding("building", name, spread(times["build"]), "s")
    yield Finding("reporting", name, spread(times["report"]), "s")


def of_sizes(record: Record) -> Iterator[Finding]:
    """What the second size costs."""
    times = record["seconds"]
    what = "building and analysing, over `with_input_shape`"
    yield Finding(what, record["name"], ratio(times["build and analyze"], times["with_input_shape"]))


def of_sweep(record: Record) -> Iterator[Finding]:
    """Rates and memory."""
    times, memory, name = record["seconds"], record["bytes"], f"{record['models']:,} of {record['name']}"
    what = "rate of `sweep`, over that of a loop that builds"
    yield Finding(what, name, ratio(times["loop"], times["sweep"]), at_least=0.85)
    alone = ratio(times["loop, models alone"], times["sweep, models alone"])
    yield Finding(f"{what}, without the start", name, alone)
    flat = memory["last"] / memory["early"]
    yield Finding("memory at the last model, over that early on", name, Spread(flat, flat, flat), at_most=1.1)


def of_applications(record: Record) -> Iterator[Finding]:
    """Two processes, one, and how much of it is Keras."""
    times, name = record["seconds"], f"{record['models']} of {record['name']}"
    yield Finding("a loop that builds", name, spread(times["loop"]), "s")
    what = "rate of `sweep`, over that of a loop that builds"
    yield Finding(what, name, ratio(times["loop"], times["one process"]))
    yield Finding("`sweep` with two processes", name, spread(times["two processes"]), "s", at_most=25)
    faster = ratio(times["one process"], times["two processes"])
    yield Finding("one process, over two", name, faster, at_least=1.7)


def of_scheduler(record: Record) -> Iterator[Finding]:
    """What handing out costs, of the time that the models of a batch take."""
    for name, times in record["seconds"].items():
        share = spread(times, 100 / record["models"])
        yield Finding(f"handing out, of the time of {record['name']}", name, share, "%", at_most=5)


OF_PARTS: dict[str, Callable[[Record], Iterator[Finding]]] = {
    "peers": of_peers,
    "stages": of_stages,
    "verifying": of_verifying,
    "import": of_import,
    "growth": of_growth,
    "abstract": of_abstract,
    "sizes": of_sizes,
    "sweep": of_sweep,
    "applications": of_applications,
    "scheduler": of_scheduler,
}
