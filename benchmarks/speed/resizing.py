"""Workload `sizes`: the report of the same network at another size of its input.

Timed: `report.with_input_shape(shape)` of a model that leaves its sizes open, beside building the network for that
shape, without weights, and analysing it.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.speed.timing import in_turn

NETWORK, SHAPE, OTHER = "EfficientNetV2B0", (224, 224, 3), (320, 320, 3)


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record."""
    import keras_cnnstats as cnnstats

    open_sizes = network((None, None, 3))
    report = cnnstats.analyze(open_sizes, input_shape=SHAPE)

    def again() -> Any:
        return report.with_input_shape(OTHER).totals

    def anew() -> Any:
        with cnnstats.abstract():
            model = network(OTHER)
        return cnnstats.analyze(model).totals

    if again().flops != anew().flops:
        raise AssertionError(f"expected the same count of both ways. Received: {again().flops}, {anew().flops}.")
    yield {"name": NETWORK, "seconds": in_turn({"with_input_shape": again, "build and analyze": anew}, rounds)}


def network(shape: tuple[int | None, ...]) -> Any:
    """Returns the network without its head, which alone would fix the size."""
    import keras

    return getattr(keras.applications, NETWORK)(weights=None, include_top=False, input_shape=shape)
