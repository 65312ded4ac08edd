"""Workload `import`: `import keras_cnnstats` behind `import keras`.

Timed: both statements, and then reaching for `keras_cnnstats.analyze`, which brings the modules that an analysis needs.
Each round has a fresh process, with the package compiled before, as an installation does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

STATEMENTS = {
    "import keras": "import keras",
    "import keras_cnnstats": "import keras_cnnstats",
    "first use of analyze": "keras_cnnstats.analyze",
}
CODE = f"""
import json, time
times = []
for statement in {list(STATEMENTS.values())!r}:
    began = time.perf_counter()
    exec(statement)
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    in_a_process()
    times = zip(*[in_a_process() for _ in range(rounds)], strict=True)
    yield {"name": "import", "seconds": dict(zip(STATEMENTS, times, strict=True))}


def in_a_process() -> list[float]:
    """Seconds of the statements, one after the other, in a process of their own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: list[float] = json.loads(done.stdout)
    return found
