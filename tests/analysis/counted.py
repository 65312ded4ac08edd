"""What Python is asked for and what it holds: counted, so that no other load changes it."""

import cProfile
import gc
import pstats
import sys
import tracemalloc
from collections.abc import Callable

import keras
from keras import layers


def blocks(count: int) -> keras.Model:
    """A residual block again and again, with nothing but its name that is another's."""
    x = image = keras.Input((16, 16, 8))
    for _ in range(count):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 1)(x)))
        y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(y)
        y = layers.Conv2D(8, 1, activation="swish")(y)
        gate = layers.Dense(8, "sigmoid")(layers.GlobalAveragePooling2D()(y))
        x = layers.Add()([x, layers.Multiply()([y, layers.Reshape((1, 1, 8))(gate)])])
    return keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))


def calls(work: Callable[[], object]) -> int:
    """Calls of functions, those of C included."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def python_calls(work: Callable[[], object]) -> int:
    """Calls of functions that are written in Python."""
    found = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal found
        found += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


def bytes_held(work: Callable[[], object], times: int = 1) -> tuple[int, int]:
    """Bytes that the last result takes, and that are left when it is gone."""
    work()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(times):
            result = work()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        del result
        gc.collect()
        return held, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
