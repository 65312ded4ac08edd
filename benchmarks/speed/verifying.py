"""Workload `verifying`: `report.verify(only=["work"])`, beside the recipe over TensorFlow's profiler.

Timed: holding each row's work and shapes and the model's work against the counter of TensorFlow, of a report that is
there; and the recipe of `peers/`, which asks for one total. Both trace the model.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.speed.peers.tensorflow import profiler
from benchmarks.speed.timing import in_turn

NETWORK = "ResNet50"
OURS, THEIRS = "verify", "TensorFlow's profiler"


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    import keras

    import keras_cnnstats as cnnstats

    model = getattr(keras.applications, NETWORK)(weights=None)
    report, recipe = cnnstats.analyze(model), profiler(model)

    def verify() -> str:
        return report.verify(only=["work"]).verification.verdict

    told = verify()
    recipe()
    yield {"name": NETWORK, "verdict": told, "seconds": in_turn({OURS: verify, THEIRS: recipe}, rounds)}
