"""Reading a saved network for its architecture, beside loading it: ConvNeXtLarge, 792 MB as a `.keras` file.

Each way has a process of its own, so that none finds the memory and the caches of another; the file is written to a
temporary folder, and read once before, so that neither waits for the disk. Prints the ratio of the times and the
memory that each takes above that of its imports.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

NETWORK = "ConvNeXtLarge"
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 3


def megabytes(kind: str) -> float:
    """Memory of this process, now (`VmRSS`) or at most so far (`VmHWM`)."""
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(kind))
    return int(line.split()[1]) / 1024


def save(path: str) -> None:
    """Writes the network; weights at random, as many as the trained one has."""
    import keras

    getattr(keras.applications, NETWORK)(weights=None).save(path)


def measure(way: str, path: str) -> None:
    """Prints the seconds and megabytes that one way takes, as JSON."""
    import keras

    import keras_cnnstats as cnnstats
    from keras_cnnstats.reading import read_model

    _ = cnnstats.analyze  # imported, as `keras` is
    before, began = megabytes("VmHWM"), perf_counter()
    params = 0
    if way == "read":
        params = cnnstats.analyze(read_model(path)).totals.params
    else:
        params = keras.saving.load_model(path).count_params()
    print(json.dumps([perf_counter() - began, megabytes("VmHWM") - before, params]))


def in_a_process(*arguments: str) -> str:
    """What a process of its own prints last."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return (done.stdout.splitlines() or [""])[-1]


def main() -> None:
    """Prints the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "network.keras"))
        in_a_process("save", path)
        size = Path(path).stat().st_size / 1e6
        with open(path, "rb") as file:
            while file.read(2**24):
                pass
        found: dict[str, list[list[float]]] = {"read": [], "load": []}
        for _ in range(ROUNDS):
            for way, figures in found.items():
                figures.append(json.loads(in_a_process(way, path)))
    print(f"{NETWORK}, {size:,.0f} MB, {ROUNDS} rounds: reading and analysing, beside keras.saving.load_model")
    ratios = [read[0] / load[0] for read, load in zip(found["read"], found["load"], strict=True)]
    print(f"{'time':>10}: {median(ratios):.3f} times ({min(ratios):.3f} to {max(ratios):.3f})")
    for way, figures in found.items():
        seconds, memory = (median(column) for column in list(zip(*figures, strict=True))[:2])
        print(f"{way:>10}: {seconds:.2f} s, {memory:,.0f} MB above the imports, {figures[0][2]:,.0f} parameters")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "save":
        save(sys.argv[2])
    elif len(sys.argv) == 3:
        measure(sys.argv[1], sys.argv[2])
    else:
        main()
