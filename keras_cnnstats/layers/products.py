"""A sum over the taps of products, each of what the tap sees with its weights: convolutions of any kind are one."""

from collections.abc import Sequence
from typing import Any, Protocol

from keras import ops

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.taps import for_each_tap, padded, seen, sent_back, sum_over_taps, with_gradient


class Product(Protocol):
    """A product of a map with the weights of one tap, and the two products that are its gradients."""

    def forwards(self, x: Any, weights: Any) -> Any:
        """Of the map and the weights."""

    def towards_map(self, back: Any, weights: Any) -> Any:
        """Of what comes back to the product, and the weights."""

    def towards_weights(self, x: Any, back: Any) -> Any:
        """Of the map and what comes back to the product."""


def summed(x: Any, kernel: Any, axes: Sequence[Axis], product: Product) -> Any:
    """Returns the sum over the taps of the products of what the tap sees with its weights.

    The gradients are written out: derived from the sum, they would need what each tap has seen, kept until then.

    - Towards the map: each tap sends to the positions that it saw what comes back to the outputs, times its weights.
    - Towards the weights of a tap: what it saw, times what comes back to the outputs.

    Args:
        x: the map, `(batch, *positions, channels)`.
        kernel: `(*taps, ...)`, the weights of each tap.
        axes: the window on each axis.
        product: of a map and the weights of a tap.
    """

    def forwards(x: Any, kernel: Any) -> Any:
        return sum_over_taps(lambda tap: product.forwards(seen(x, tap, axes), kernel[tap]), axes)

    def towards(x: Any, kernel: Any, back: Any) -> tuple[Any, Any]:
        sizes = ops.shape(x)[1:-1]
        return (
            sum_over_taps(lambda tap: sent_back(product.towards_map(back, kernel[tap]), tap, axes, sizes), axes),
            for_each_tap(lambda tap: product.towards_weights(seen(x, tap, axes), back), axes),
        )

    taps_in_a_row = ops.reshape(kernel, (-1, *kernel.shape[len(axes) :]))
    return with_gradient(forwards, towards)(padded(x, axes), taps_in_a_row)
