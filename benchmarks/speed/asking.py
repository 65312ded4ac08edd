"""Work in a process of its own, where Keras runs on any backend, as in another Python that has it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class NotAskedError(Exception):
    """Nobody could be asked, or who was asked ended with an error: the reason in one line."""


def asked(work: str, backend: str = "tensorflow", **arguments: Any) -> list[dict[str, Any]]:
    """Returns the records that a function of this package yields in another process.

    Args:
        work: `module.function`.
        backend: what Keras runs on. `CNNSTATS_JAX_PYTHON` and the like name a Python that has it, where this has not.
        arguments: keyword arguments of the function.

    Raises:
        NotAskedError: there is no such Python, or the process failed.
    """
    variable = f"CNNSTATS_{backend.upper()}_PYTHON"
    python = os.environ.get(variable, sys.executable)
    if python == sys.executable and find_spec(backend) is None:
        raise NotAskedError(f"{backend} is not installed; {variable} may name a Python that has it")
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        # What was imported once is compiled already, as on a user's machine.
        "PYTHONDONTWRITEBYTECODE": "",
        # Graphs are read on the processor alone.
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }
    command = [python, "-W", "ignore", "-m", "benchmarks.speed.asking", work, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise NotAskedError(last)
    # Other lines are what backends print.
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def answers(work: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Returns what a function of this package yields here."""
    module, _, function = work.rpartition(".")
    found: Iterator[dict[str, Any]] = getattr(import_module(f"benchmarks.speed.{module}"), function)(**arguments)
    return found


if __name__ == "__main__":
    for record in answers(sys.argv[1], **json.loads(sys.argv[2])):
        print(json.dumps(record), flush=True)
