"""Workload `growth`: whether the time of a layer is the same in a large model as in a small one.

Timed: `analyze` of models of few and of many layers, in turn. Keras builds them before, which takes far longer.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.speed import giants
from benchmarks.speed.timing import in_turn

SHAPES = ("chain", "wide", "nested")
FEW = 200


def measure(rounds: int, shape: str, layers: int) -> Iterator[dict[str, Any]]:
    """Yields one record: seconds for each layer call."""
    import keras_cnnstats as cnnstats

    make = getattr(giants, shape)
    layers_of = {"few": FEW, "many": layers}
    models = {name: giants.built(make, count) for name, count in layers_of.items()}
    rows = {name: len(cnnstats.analyze(model)) for name, model in models.items()}
    times = in_turn({name: partial(cnnstats.analyze, model) for name, model in models.items()}, rounds)
    yield {
        "name": shape,
        "layers": layers_of,
        "seconds": {name: [each / rows[name] for each in times[name]] for name in models},
    }
