"""Measures all workloads or some of them, keeps the raw times as JSON, and writes the table of the documentation.

Usage: `python -m benchmarks.speed [--parts peers,import] [--rounds 7] [--networks ResNet50] [--layers 5000]`. What is
not measured, or cannot be, keeps the figures that it has in docs/speed.json; `--table` only writes the table of them.
The variables `CNNSTATS_JAX_PYTHON` and `CNNSTATS_TORCH_PYTHON` name the Pythons of other backends, with their peers
installed.
"""

import argparse
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed.asking import ROOT, NotAskedError, asked
from benchmarks.speed.findings import OF_PARTS
from benchmarks.speed.growth import SHAPES
from benchmarks.speed.networks import NETWORKS
from benchmarks.speed.page import figures, page, reasons

TARGET = ROOT / "docs" / "speed.md"
LONG = 3
"""Rounds at most of what takes minutes."""

NESTED = 1000
"""Levels at most of a nested model: the name of a row is its path, so that the names alone grow with the square."""


class Job(NamedTuple):
    """A workload, and the process that it has.

    Attributes:
        name: `part`, or `part/backend/model`.
        work: what measures it.
        arguments: of that.
        backend: what Keras runs on there.
    """

    name: str
    work: str
    arguments: dict[str, Any]
    backend: str = "tensorflow"


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    """Yields all jobs, in order."""
    rounds, few = options.rounds, min(options.rounds, LONG)
    for backend in options.backends.split(","):
        for network in options.networks.split(","):
            arguments = {"rounds": rounds, "network": network}
            yield Job(f"peers/{backend}/{network}", "networks.measure", arguments, backend)
    yield Job("stages", "stages.measure", {})
    yield Job("verifying", "verifying.measure", {"rounds": rounds})
    yield Job("import", "importing.measure", {"rounds": rounds})
    for shape in SHAPES:
        layers = min(options.layers, NESTED) if shape == "nested" else options.layers
        yield Job(f"growth/{shape}", "growth.measure", {"rounds": rounds, "shape": shape, "layers": layers})
    yield Job("abstract/real", "building.measure", {"rounds": few})
    yield Job("abstract/large", "building.measure_large", {"rounds": few})
    yield Job("sizes", "resizing.measure", {"rounds": rounds})
    yield Job("sweep", "sweeping.measure", {"rounds": few, "models": options.models})
    yield Job("applications", "applications.measure", {"rounds": few})
    yield Job("scheduler", "scheduling.measure", {"rounds": rounds})


def measured(job: Job) -> dict[str, Any]:
    """Returns the record of a job, or why there is none."""
    try:
        return {"load": os.getloadavg()[0], **asked(job.work, job.backend, **job.arguments)[0]}
    except NotAskedError as error:
        return {"failed": str(error)}


def lines(name: str, record: dict[str, Any]) -> Iterator[str]:
    """Yields what to print of a record."""
    for each in figures(name, record):
        aim = f"  [{each.aim}{'' if each.is_kept else ': missed'}]" if each.aim else ""
        yield f"{name:32} {each.of}: {each.what}: {each.text}{aim}"
    yield from (f"not measured: {why.removeprefix('- ')}" for why in reasons({name: record}))


def take(record: dict[str, Any], name: str, kept: dict[str, Any]) -> None:
    """Keeps a record, but for one without times where there is one that has some: a peer that is not installed here."""
    if "seconds" in kept["records"].get(name, {}) and "seconds" not in record:
        print(f"{name:32} keeps what was measured before", flush=True)
        return
    kept["machine"], kept["records"][name] = machine(), record


def machine() -> str:
    """Returns what the times are of, in a few words."""
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    """Measures, prints what came out, and keeps each record as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(OF_PARTS), help="workloads; all by default")
    parser.add_argument("--rounds", type=int, default=7, help="of each; of what takes minutes 3 at most")
    parser.add_argument("--backends", default="tensorflow,jax,torch", help="of the peers")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="for the peers")
    parser.add_argument("--layers", type=int, default=5000, help="of a large model; Keras takes minutes for 20000")
    parser.add_argument("--models", type=int, default=1000, help="of the sweep")
    parser.add_argument("--table", action="store_true", help="only write the table of what was measured")
    parser.add_argument("--target", type=Path, default=TARGET, help="file of the table; the JSON stands beside it")
    options = parser.parse_args()
    stored = options.target.with_suffix(".json")
    kept = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {"records": {}}
    parts = () if options.table else options.parts.split(",")
    for job in jobs(options):
        if job.name.partition("/")[0] in parts:
            record = measured(job)
            for told in lines(job.name, record):
                print(told, flush=True)
            take(record, job.name, kept)
            stored.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    options.target.write_text(page(kept["machine"], kept["records"]), encoding="utf-8")


if __name__ == "__main__":
    main()
