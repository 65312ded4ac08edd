"""How long the reference layers take, against the layers of Keras that they are equal to.

Everything is compiled by XLA, runs in one process in turns, and is printed as ratios of medians, with the ratios of the
least and the largest times: times of a shared machine mean little, their ratios more. What is timed, on TensorFlow or
on JAX:

- forwards, and forwards with all gradients, of a batch of 8 maps 56x56x64;
- an epoch of training of a small network, and whether the two have the same losses.

Usage: `[KERAS_BACKEND=jax] python benchmarks/layers.py [--rounds 15]`
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

SHAPE = (8, 56, 56, 64)


def contenders() -> dict[str, tuple[Any, Any]]:
    """Each reference layer, and the layer of Keras beside it."""
    import keras
    from keras import layers

    from keras_cnnstats import layers as reference

    class DepthToSpace(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return keras.ops.depth_to_space(inputs, 2)

    return {
        "convolution 3x3": (reference.ReferenceConv2D(64, 3, padding="same"), layers.Conv2D(64, 3, padding="same")),
        "max pooling 2x2": (reference.ReferenceMaxPooling2D(2), layers.MaxPooling2D(2)),
        "average pooling 2x2": (reference.ReferenceAveragePooling2D(2), layers.AveragePooling2D(2)),
        "pixel shuffle 2": (reference.PixelShuffle(2), DepthToSpace()),
    }


def compiled(layer: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The layer, and the layer with its gradients."""
    import keras

    layer.build(SHAPE)
    if keras.backend.backend() == "jax":
        return _in_jax(layer)
    import tensorflow as tf

    @tf.function(jit_compile=True)
    def forwards(x: Any) -> Any:
        return layer(x)

    @tf.function(jit_compile=True)
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, [x, *layer.trainable_weights])

    return forwards, both


def _in_jax(layer: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    import jax

    weights = [weight.value for weight in layer.trainable_weights]

    def forwards(x: Any, weights: Any) -> Any:
        return layer.stateless_call(weights, [], x)[0]

    one = jax.jit(forwards)
    two = jax.jit(jax.grad(lambda x, weights: (forwards(x, weights) ** 2).sum(), argnums=(0, 1)))
    return lambda x: jax.block_until_ready(one(x, weights)), lambda x: jax.block_until_ready(two(x, weights))


def seconds(work: Callable[[], object]) -> float:
    """Times one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> str:
    """The times of two contenders that run one after the other in each round, as ratios."""
    ours(), theirs()  # compiles
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    mine, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratio, least, most = median(mine) / median(other), min(mine) / min(other), max(mine) / max(other)
    times = f"{1e3 * median(mine):7.1f} ms to {1e3 * median(other):7.1f} ms"
    return f"{ratio:5.2f} times (least {least:.2f}, largest {most:.2f}; {times})"


def network(module: Any, prefix: str) -> Any:
    """A small network of the layers of a module."""
    import keras
    from keras import layers

    def of(name: str) -> Any:
        return getattr(module, prefix + name)

    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            of("Conv2D")(32, 3, padding="same", activation="relu"),
            of("MaxPooling2D")(2),
            of("Conv2D")(64, 3, padding="same", activation="relu"),
            of("AveragePooling2D")(2),
            of("Conv2D")(64, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def training(rounds: int) -> str:
    """An epoch of training, in turns, and how far the losses are apart."""
    import keras
    import numpy as np
    from keras import layers

    from keras_cnnstats import layers as reference

    models = [network(reference, "Reference"), network(layers, "")]
    models[0].set_weights(models[1].get_weights())
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(512, 32, 32, 3)).astype("float32"), generator.integers(0, 10, size=512)
    losses: list[list[float]] = [[], []]
    for model in models:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.01), loss, jit_compile=True)

    def epoch(place: int) -> None:
        history = models[place].fit(x, y, batch_size=32, shuffle=False, verbose=0).history
        losses[place].append(history["loss"][0])

    text = in_turns(lambda: epoch(0), lambda: epoch(1), rounds)
    apart = max(abs(ours / theirs - 1) for ours, theirs in zip(*losses, strict=True))
    return f"{text}; losses at most {apart:.0e} apart"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()

    import numpy as np
    from keras import ops

    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=SHAPE).astype("float32"))
    for name, (ours, theirs) in contenders().items():
        for what, mine, other in zip(("forwards", "with gradients"), compiled(ours), compiled(theirs), strict=True):
            result = in_turns(lambda work=mine: work(x), lambda work=other: work(x), options.rounds)
            print(f"{name:20} {what:15} {result}", flush=True)
    print(f"{'small network':20} {'an epoch':15} {training(max(options.rounds // 3, 3))}")


if __name__ == "__main__":
    main()
