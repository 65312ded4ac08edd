"""Workload `stages`: where the time of `analyze(ResNet50)` goes.

Timed: each floor that an analysis goes through, one after the other, on a model that has been analysed before: reading
Keras' graph, the rules, the receptive fields, the memory, the work of training, and the rows with their disagreements.
The collector of garbage is off, as `analyze` has it. Told beside: calls of functions, which are counted.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from time import perf_counter
from typing import Any

NETWORK = "ResNet50"

ROUNDS = 30
"""The least of so many is told: what comes on top of it is what else the machine does."""

STAGES = {
    "capture": "reading Keras' graph",
    "describe": "the rules",
    "propagate": "the receptive fields",
    "liveness": "memory",
    "training": "training",
    "rows": "the rows and their disagreements",
}
"""What each floor is for, in a reader's words."""


def measure() -> Iterator[dict[str, Any]]:
    """Yields one record."""
    import keras

    import keras_cnnstats as cnnstats

    with cnnstats.abstract():
        model = getattr(keras.applications, NETWORK)(weights=None)
    report, _ = passed_through(model)
    with _without_collector():
        rounds = [passed_through(model)[1] for _ in range(ROUNDS)]
    yield {
        "name": NETWORK,
        "rows": len(report),
        "seconds": {stage: [each[stage] for each in rounds] for stage in STAGES},
        "calls": calls(lambda: cnnstats.analyze(model)),
    }


def passed_through(model: Any) -> tuple[Any, dict[str, float]]:
    """Returns the report of a model, made floor by floor, and the seconds of each floor."""
    from keras_cnnstats.capture import capture
    from keras_cnnstats.describe import describe
    from keras_cnnstats.memory import liveness
    from keras_cnnstats.propagate import propagate
    from keras_cnnstats.rows import Builder
    from keras_cnnstats.rules import find
    from keras_cnnstats.training import steps_of_training

    seconds: dict[str, float] = dict.fromkeys(STAGES, 0)
    look_up = cache(partial(find, overrides=None))
    last = perf_counter()

    def done(stage: str) -> None:
        nonlocal last
        now = perf_counter()
        seconds[stage] += now - last
        last = now

    with capture(model, None, 1, lambda target: look_up(target).is_certain) as graph:
        done("capture")
        described = [describe(call, look_up) for call in graph.calls]
        done("describe")
    done("capture")
    propagated = propagate(graph, [each.spreads for each in described], [each.kinds for each in described])
    done("propagate")
    memory = liveness(graph)
    done("liveness")
    steps = steps_of_training(graph, described)
    done("training")
    builder = Builder(graph, propagated, memory, "textbook", None, None)
    for call, each, seen, step in zip(graph.calls, described, propagated.seen, steps, strict=True):
        builder.add(call, each, seen, step, None)
    report = builder.report()
    done("rows")
    return report, seconds


def calls(work: Callable[[], object]) -> dict[str, int]:
    """Counts the calls of functions written in Python, and of those that Python is written with."""
    found = {"call": 0, "c_call": 0}

    def count(_: object, event: str, __: object) -> None:
        if event in found:
            found[event] += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return {"Python": found["call"], "C": found["c_call"]}


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
