"""The share of a model's weights that are zero: what pruning has come to."""

from math import prod
from typing import Any

from keras import ops


def share_of_zeros(model: Any) -> float | None:
    """Returns the share of a model's parameters that are zero; `None` where it has none.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, kernel_initializer="ones")])
    >>> share_of_zeros(model)  # 4 biases of 16
    0.25
    """
    weights = model.weights
    size = sum(prod(each.shape) for each in weights)
    if not size:
        return None
    # Summed where the weights are: one number comes back.
    zeros: Any = sum(ops.sum(ops.cast(ops.equal(each, 0), "float32")) for each in weights)
    share: float = ops.convert_to_numpy(zeros).item() / size
    return share
