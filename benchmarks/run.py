"""How long an analysis takes, against `model.summary()` and against the recipe over TensorFlow's profiler.

Everything is measured in one process, one after the other in each round, and printed as ratios of medians: times of
a shared machine mean little, their ratios more. What is timed:

- `analyze(model)`, with the report's rows and totals complete and nothing printed;
- `model.summary()` into a string;
- the recipe: a concrete function of the model, then `float_operation` of TensorFlow's profiler.

Usage: `python benchmarks/run.py [--rounds 7] [--json results.json] [network ...]`
"""

import argparse
import gc
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from statistics import median
from typing import Any

NETWORKS = ("ResNet50", "EfficientNetV2L", "NASNetLarge")
IMPORT = """
import time, keras
start = time.perf_counter()
import keras_cnnstats
print(time.perf_counter() - start)
"""


def seconds(work: Callable[[], object]) -> float:
    """Times one run, with what earlier runs left behind collected first."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def summary(model: Any) -> str:
    """`model.summary()` into a string."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines)


def profiler_recipe(model: Any) -> int:
    """The recipe that Keras users pass around: trace, freeze nothing, ask the profiler for one total."""
    import tensorflow as tf

    v1 = tf.compat.v1
    signature = tf.TensorSpec((1, *model.input_shape[1:]), model.inputs[0].dtype)
    graph = tf.function(model).get_concrete_function(signature).graph
    options = v1.profiler.ProfileOptionBuilder(v1.profiler.ProfileOptionBuilder.float_operation())
    with redirect_stdout(io.StringIO()):
        result = v1.profiler.profile(graph, cmd="op", options=options.with_empty_output().build())
    total: int = result.total_float_ops
    return total


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Times the three side by side on one network, round after round."""
    import keras

    import keras_cnnstats as cnnstats

    model = getattr(keras.applications, name)(weights=None)
    contenders: dict[str, Callable[[], object]] = {
        "analyze": lambda: cnnstats.analyze(model).totals,
        "summary": lambda: summary(model),
        "profiler": lambda: profiler_recipe(model),
    }
    times: dict[str, list[float]] = {contender: [] for contender in contenders}
    for _ in range(rounds):
        for contender, work in contenders.items():
            times[contender].append(seconds(work))
    return {"network": name, "rows": len(cnnstats.analyze(model)), "seconds": times}


def import_seconds(rounds: int) -> list[float]:
    """`import keras_cnnstats` after `import keras`, each time in a fresh process."""
    command = [sys.executable, "-c", IMPORT]
    # As installed: compiled once, by pip or by the first import.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, capture_output=True, check=True, env=environment)
    return [
        float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)
        for _ in range(rounds)
    ]


def line(result: dict[str, Any]) -> str:
    """One line of the table: median and ratios, with the spread of the runs."""
    times = result["seconds"]
    ours = median(times["analyze"])
    cells = [f"{result['network']:16} {result['rows']:5} rows  analyze {1e3 * ours:7.1f} ms"]
    for contender in ("summary", "profiler"):
        theirs = times[contender]
        low, high = min(theirs) / ours, max(theirs) / ours
        cells.append(f"1/{median(theirs) / ours:.1f} of {contender} (1/{low:.1f} to 1/{high:.1f})")
    return "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", help="file for the raw times")
    options = parser.parse_args()
    imports = import_seconds(options.rounds)
    print(f"import keras_cnnstats, after keras: {1e3 * median(imports):.0f} ms (least {1e3 * min(imports):.0f} ms)")
    results = []
    for name in options.networks:
        results.append(measure(name, options.rounds))
        print(line(results[-1]), flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"import": imports, "networks": results}, file, indent=1)


if __name__ == "__main__":
    main()
