"""The same small layers written in the functions of each backend, and in `keras.ops`."""

from typing import Any

import keras
from keras import layers, ops

BACKEND = keras.backend.backend()


class Written(layers.Layer):
    """A convolution, a rectifier, a product with a matrix, a softmax."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], 6), name="kernel")
        self.matrix = self.add_weight(shape=(6, 5), name="matrix")

    def call(self, x: Any) -> Any:
        x = ops.relu(ops.conv(x, self.kernel, padding="same"))
        return ops.softmax(ops.matmul(x, self.matrix))


class Raw(Written):
    """The same in functions of the backend."""

    def call(self, x: Any) -> Any:
        return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[BACKEND](
            x, self.kernel.value, self.matrix.value
        )


def _tensorflow(x: Any, kernel: Any, matrix: Any) -> Any:
    import tensorflow as tf

    return tf.nn.softmax(tf.matmul(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME")), matrix))


def _jax(x: Any, kernel: Any, matrix: Any) -> Any:
    import jax

    numbers = ("NHWC", "HWIO", "NHWC")
    x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)
    return jax.nn.softmax(jax.numpy.matmul(jax.nn.relu(x), matrix))


def _torch(x: Any, kernel: Any, matrix: Any) -> Any:
    import torch

    x = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), padding=1)
    return torch.softmax(torch.matmul(torch.relu(x).permute(0, 2, 3, 1), matrix), -1)


class Scan(layers.Layer):
    """A product with a matrix and a hyperbolic tangent, several times, in a loop of the backend."""

    def __init__(self, times: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.times = times

    def build(self, shape: Any) -> None:
        self.matrix = self.add_weight(shape=(shape[-1], shape[-1]), name="matrix")

    def call(self, x: Any) -> Any:
        matrix = self.matrix.value
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return tf.while_loop(lambda i, _: i < self.times, lambda i, y: (i + 1, tf.tanh(y @ matrix)), (0, x))[1]
        if BACKEND == "jax":
            import jax

            return jax.lax.scan(lambda y, _: (jax.numpy.tanh(y @ matrix), None), x, None, length=self.times)[0]
        import torch

        for _ in range(self.times):
            x = torch.tanh(x @ matrix)
        return x


class Choice(layers.Layer):
    """One of two functions, by a value."""

    def __init__(self, first: Any, second: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.functions = first, second

    def call(self, x: Any) -> Any:
        first, second = self.functions
        return ops.cond(ops.sum(x) > 0, lambda: first(x), lambda: second(x))


class Endless(layers.Layer):
    """Runs as often as the values say."""

    def call(self, x: Any) -> Any:
        return ops.while_loop(lambda y: ops.sum(y) < 5, lambda y: (y * 2,), (x,))[0]


class Sorted(layers.Layer):
    """Uses what has no count."""

    def call(self, x: Any) -> Any:
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return tf.linalg.inv(x)
        if BACKEND == "jax":
            import jax

            return jax.lax.sort(x)
        import torch

        return torch.sort(x)[0]
