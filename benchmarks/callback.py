"""What `StatsLogger` adds to an epoch: a small convolutional network, 1,000 steps, with the callback and without.

Prints the ratio of the times in one run, with its spread; epochs with and without alternate, so that a noisy machine
hits both. `KERAS_BACKEND` chooses the backend.
"""

import os
import sys
from statistics import median, quantiles
from time import perf_counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

import keras_cnnstats as cnnstats

STEPS, BATCH, PAIRS = 1000, 32, int(sys.argv[1]) if len(sys.argv) > 1 else 7


def network() -> keras.Model:
    """Three convolutions on 32x32 pixels."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main() -> None:
    """Prints the ratios."""
    rng = np.random.default_rng(0)
    x, y = rng.random((STEPS * BATCH, 32, 32, 3), "float32"), rng.integers(0, 10, STEPS * BATCH)
    times: dict[bool, list[float]] = {False: [], True: []}
    models = {False: network(), True: network()}
    logger = cnnstats.StatsLogger()
    for _ in range(PAIRS + 1):
        for counted, model in models.items():
            began = perf_counter()
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False, callbacks=[logger] if counted else [])
            times[counted].append(perf_counter() - began)
    # The first of each compiles.
    ratios = [with_it / without for with_it, without in zip(times[True][1:], times[False][1:], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    print(f"{keras.backend.backend()}: an epoch of {STEPS:,} steps takes {median(times[False][1:]):.2f} s; with the")
    print(f"callback {median(ratios):.3f} times that (quartiles {low:.3f} to {high:.3f}, {PAIRS} pairs of epochs)")
    print(f"analyses: {logger.analyses}")


if __name__ == "__main__":
    main()
