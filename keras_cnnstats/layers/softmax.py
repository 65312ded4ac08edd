"""Softmax in the form that large inputs do not break: the largest is subtracted before the exponential."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class StableSoftmax(layers.Softmax):
    """Shares that add up to 1 along `axis`, equal to `keras.layers.Softmax`.

    Args:
        axis: the axis along which the shares add up, or several of them.
        **kwargs: name, dtype, as Keras' layer takes them.

    Example: numbers whose exponential would overflow.

    >>> [float(share) for share in StableSoftmax()(ops.array([[1000.0, 1000.0]]))[0]]
    [0.5, 0.5]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(axis=axis, **kwargs)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """`exp(x - max(x)) / sum(exp(x - max(x)))`; what the mask leaves out takes no part and has share 0."""
        axis = tuple(self.axis) if isinstance(self.axis, (list, tuple)) else self.axis
        if mask is None:
            return shares(inputs, axis)
        kept = _fitted(mask, inputs)
        # The least number and not minus infinity, so that a run that is masked as a whole has no NaN.
        least = -3e4 if keras.backend.standardize_dtype(inputs.dtype) == "float16" else -1e9
        return ops.where(kept, shares(ops.where(kept, inputs, least), axis), 0.0)


def shares(x: Any, axis: int | tuple[int, ...]) -> Any:
    """Returns `exp(x) / sum(exp(x))` along an axis, with exponents of at most 0."""
    # With `initial`, an empty batch has a maximum on each backend.
    top = ops.max(x, axis=axis, keepdims=True, initial=-float("inf"))
    powers = ops.exp(ops.subtract(x, ops.stop_gradient(top)))
    return ops.divide(powers, ops.sum(powers, axis=axis, keepdims=True))


def _fitted(mask: Any, x: Any) -> Any:
    pairs = zip(reversed(mask.shape), reversed(x.shape), strict=False)
    if len(mask.shape) > len(x.shape) or any(m not in (1, n, None) and n is not None for m, n in pairs):
        raise ValueError(
            "The `mask` must be broadcastable to the inputs: each of its sizes 1 or that of the inputs. "
            f"Received: mask.shape={tuple(mask.shape)}, inputs.shape={tuple(x.shape)}."
        )
    return mask if keras.backend.standardize_dtype(mask.dtype) == "bool" else ops.greater(mask, 0.5)
