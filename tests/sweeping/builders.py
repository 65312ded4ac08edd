"""Builders that other processes import."""

import os
import signal
import sys
import time
from typing import Any


def plain(width: int = 8) -> Any:
    import keras

    return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(width, 3, name="conv")])


def open_sizes(width: int = 8) -> Any:
    import keras

    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(width, 3)])


def strided(width: int = 8, depth: int = 2) -> Any:
    import keras

    stack = [keras.layers.Conv2D(width, 3, strides=2, padding="same") for _ in range(depth)]
    return keras.Sequential([keras.Input((32, 32, 3)), *stack, keras.layers.GlobalAveragePooling2D()])


def of_rank(rank: int) -> Any:
    import keras

    layer = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}[rank]
    return keras.Sequential([keras.Input((16,) * rank + (3,)), layer(4, 3)])


def enlarging() -> Any:
    import keras

    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.UpSampling2D(3)])


def attending() -> Any:
    import keras

    x = keras.Input((8, 8, 4))
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.Model(x, keras.layers.Multiply()([x, gate]))


def unknown() -> Any:
    import keras

    class Opaque(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            raise ValueError(f"nobody knows {x}")

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor(x.shape)

    image = keras.Input((8, 8, 3))
    return keras.Model(image, Opaque()(keras.layers.Conv2D(3, 1)(image)))


def enormous() -> Any:
    import keras

    return keras.Sequential([keras.Input((10**10,)), keras.layers.Dense(10**10, use_bias=False)])


def chatty() -> Any:
    sys.stdout.write("a builder prints")
    os.write(1, b"and writes to the descriptor")
    return plain()


def noting(folder: str, width: int = 8) -> Any:
    """Leaves a file each time it is called."""
    with open(os.path.join(folder, f"{width}-{time.time_ns()}"), "w"):
        pass
    return plain(width)


def raising(message: str = "cannot be built") -> Any:
    raise ValueError(message)


def leaving() -> Any:
    raise SystemExit(0)


def no_model() -> Any:
    return 3


def crashing(code: int = 3) -> Any:
    os._exit(code)


def killed() -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def hanging() -> Any:
    time.sleep(1000)


def slow(seconds: float = 0.2, width: int = 8) -> Any:
    time.sleep(seconds)
    return plain(width)


def grandchild(path: str) -> Any:
    """Starts a process, says which, and hangs."""
    import subprocess

    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    with open(path, "w") as file:
        file.write(f"{os.getpid()} {process.pid}")
    time.sleep(1000)


def told_of_keras() -> Any:
    import keras

    config = keras.config
    raise ValueError(f"{config.floatx()} {config.image_data_format()} {config.dtype_policy().name}")


def meddling() -> Any:
    import keras

    keras.config.set_image_data_format("channels_first")
    return plain()


def counting() -> Any:
    import gc

    import keras

    raise ValueError(f"{sum(isinstance(thing, keras.Model) for thing in gc.get_objects())} models are there")
