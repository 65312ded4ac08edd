"""Bytes that a layer needs beside its inputs and outputs, as XLA or PyTorch sets them aside: counts, not measurements.

TensorFlow says so only where it was told to before it started: run as a program, this prints them.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_cnnstats import layers as reference

SHAPE = (2, 24, 24, 16)
KERNEL = 7
PADDED = 4 * 2 * (24 + KERNEL - 1) ** 2 * 16
"""Bytes of the input with what padding `same` puts around it."""

LAYERS: dict[str, Callable[[], Any]] = {
    "convolution": lambda: reference.ReferenceConv2D(16, KERNEL, padding="same"),
    "grouped convolution": lambda: reference.ReferenceConv2D(16, KERNEL, padding="same", groups=4),
    "depthwise convolution": lambda: reference.ReferenceDepthwiseConv2D(KERNEL, padding="same"),
    "transposed convolution": lambda: reference.ReferenceConv2DTranspose(16, KERNEL, padding="same"),
    "maximum": lambda: reference.ReferenceMaxPooling2D(KERNEL, strides=1, padding="same"),
    "mean": lambda: reference.ReferenceAveragePooling2D(KERNEL, strides=1, padding="same"),
}


def temporaries() -> dict[str, list[int]]:
    """Bytes for each layer, forwards and with gradients."""
    name = keras.backend.backend()
    if name == "tensorflow":
        return _in_another_process()
    counted = {"jax": _jax, "torch": _torch}[name]
    return {label: counted(_built(label)) for label in LAYERS}


def _built(label: str) -> Any:
    layer = LAYERS[label]()
    layer.build(SHAPE)
    return layer


def _jax(layer: Any) -> list[int]:
    import jax

    weights = [weight.value for weight in layer.trainable_weights]

    def forwards(x: Any, weights: Any) -> Any:
        return layer.stateless_call(weights, [], x)[0]

    def both(x: Any, weights: Any, back: Any) -> Any:
        return jax.vjp(forwards, x, weights)[1](back)

    x = jax.numpy.zeros(SHAPE, "float32")
    compiled = [jax.jit(forwards).lower(x, weights).compile(), jax.jit(both).lower(x, weights, x).compile()]
    return [each.memory_analysis().temp_size_in_bytes for each in compiled]


def _torch(layer: Any) -> list[int]:
    """Nothing is compiled: what a step keeps for its gradients."""
    import torch

    kept: dict[int, int] = {}

    def keep(saved: Any) -> Any:
        kept[saved.untyped_storage().data_ptr()] = saved.untyped_storage().nbytes()
        return saved

    x = torch.zeros(SHAPE, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        y = layer(x)
    assert y.requires_grad
    return [sum(kept.values())]


def _in_another_process() -> dict[str, list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        flags = f"--xla_dump_to={folder} --xla_dump_hlo_as_text"
        environment = {**os.environ, "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
        program = [sys.executable, "-m", "tests.layers.temporaries", folder]
        root = Path(__file__).parents[2]
        done = subprocess.run(program, env=environment, cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, list[int]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tensorflow(layer: Any, folder: Path) -> list[int]:
    import tensorflow as tf

    def forwards(x: Any, back: Any) -> Any:  # noqa: ARG001  (called as the other is)
        return layer(x)

    def both(x: Any, back: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, [x, *layer.trainable_weights], output_gradients=back)

    return [_dumped(tf.function(work, jit_compile=True), folder) for work in (forwards, both)]


def _dumped(work: Callable[..., Any], folder: Path) -> int:
    before = set(folder.glob("*buffer-assignment.txt"))
    work(*[keras.ops.convert_to_tensor(np.zeros(SHAPE, "float32"))] * 2)
    (written,) = set(folder.glob("*buffer-assignment.txt")) - before
    allocations = re.findall(r"^allocation \d+: size (\d+), preallocated-temp", written.read_text(), re.MULTILINE)
    return sum(map(int, allocations))


if __name__ == "__main__":
    sys.stdout.write(json.dumps({label: _tensorflow(_built(label), Path(sys.argv[1])) for label in LAYERS}))
