"""The models that sweeps are measured on: cells of NAS-Bench-201, all different, and all of `keras.applications`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

EXAMPLES = str(Path(__file__).parents[2] / "examples")
if EXAMPLES not in sys.path:
    sys.path.insert(0, EXAMPLES)
nas = import_module("nas_bench_201")

Builder = tuple[str, Callable[..., Any], dict[str, Any]]


def cells(count: int) -> Iterator[Builder]:
    """Yields as many different networks of NAS-Bench-201, always the same."""
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
        yield name, application, {"name": name}


def application(name: str) -> Any:
    """Returns a network of Keras."""
    import keras

    return getattr(keras.applications, name)(weights=None)


def beginning(folder: str) -> Any:
    """Returns a small model, and notes when it was asked for."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    Path(folder, "began").write_text(repr(time.time()), encoding="utf-8")
    return model


def noting(folder: str, number: int, cell: tuple[str, ...]) -> Any:
    """Returns the network of a cell, and notes how much memory the process has before."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    Path(folder, str(number)).write_text(str(pages * os.sysconf("SC_PAGE_SIZE")), encoding="utf-8")
    return nas.build(cell)
