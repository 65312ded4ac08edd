"""What `StatsLogger` adds to an epoch: a small convolutional network, 1,000 steps, with the callback and without.

Prints the ratios of the processor's time and of the clock's in one run, with their spread; epochs with and without
alternate, so that a noisy machine hits both. `KERAS_BACKEND` chooses the backend.
"""

import os
import sys
from statistics import median, quantiles
from time import perf_counter, process_time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks.counted import CountedFunction
from keras_cnnstats.callbacks.tally import Tally

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


def hooks() -> float:
    """Seconds that the callback's own Python takes for a step, around a training function that does nothing."""
    model = network()
    batch = np.zeros((BATCH, 32, 32, 3), "float32"), np.zeros(BATCH)
    model.train_function = CountedFunction(lambda *_: {}, Tally())
    logger = cnnstats.StatsLogger().start(model)
    model.train_function([batch])
    logger.step()
    began = perf_counter()
    for _ in range(STEPS):
        model.train_function([batch])
        logger.step()
    return (perf_counter() - began) / STEPS


def main() -> None:
    """Prints the ratios."""
    rng = np.random.default_rng(0)
    x, y = rng.random((STEPS * BATCH, 32, 32, 3), "float32"), rng.integers(0, 10, STEPS * BATCH)
    times: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    models = {False: network(), True: network()}
    logger = cnnstats.StatsLogger()
    for _ in range(PAIRS + 1):
        for counted, model in models.items():
            began = process_time(), perf_counter()
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False, callbacks=[logger] if counted else [])
            times[counted].append((process_time() - began[0], perf_counter() - began[1]))
    print(f"{keras.backend.backend()}: epochs of {STEPS:,} steps with the callback, {PAIRS} beside as many without")
    for place, name in enumerate(("processor", "clock")):
        # The first of each compiles.
        ratios = [a[place] / b[place] for a, b in zip(times[True][1:], times[False][1:], strict=True)]
        low, _, high = quantiles(ratios, n=4)
        print(f"{name:>10}: {median(ratios):.3f} times (quartiles {low:.3f} to {high:.3f})")
    print(f"analyses: {logger.analyses}")
    step = median(clock for _, clock in times[False][1:]) / STEPS
    print(
        f"Python of the callback alone: {1e6 * hooks():.1f} of the {1e6 * step:,.0f} microseconds of a step without it"
    )


if __name__ == "__main__":
    main()
