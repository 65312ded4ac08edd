"""A sum over the taps of products, each of what the tap sees with its weights: convolutions of any kind are one."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from keras import ops

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.taps import for_each_tap, padded, seen, sent_back, sum_over_taps, with_gradient


class Product(Hashable, Protocol):
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

    Args:
        x: the map, `(batch, *positions, channels)`.
        kernel: `(*taps, ...)`, the weights of each tap.
        axes: the window on each axis.
        product: of a map and the weights of a tap.
    """
    of = _taps(product, tuple(axes))

    def forwards(x: Any, kernel: Any) -> Any:
        return sum_over_taps(of.adds, axes, x, kernel)

    def towards(x: Any, kernel: Any, back: Any) -> tuple[Any, Any]:
        return sum_over_taps(of.sends, axes, x, kernel, back), for_each_tap(of.learns, axes, x, back)

    taps_in_a_row = ops.reshape(kernel, (-1, *kernel.shape[len(axes) :]))
    return with_gradient(forwards, towards)(padded(x, axes), taps_in_a_row)


@lru_cache(maxsize=512)
def _taps(product: Product, axes: tuple[Axis, ...]) -> "_Taps":
    """The same object for the same window, so that what it does is compiled once."""
    return _Taps(product, axes)


@dataclass(frozen=True)
class _Taps:
    """What one tap has to do with a map, with its weights, and with what comes back to the outputs.

    Attributes:
        product: of a map and the weights of a tap.
        axes: the window on each axis.
    """

    product: Product
    axes: tuple[Axis, ...]

    def adds(self, tap: Any, x: Any, kernel: Any) -> Any:
        """To the outputs: what it sees times its weights."""
        return self.product.forwards(seen(x, tap, self.axes), kernel[tap])

    def sends(self, tap: Any, x: Any, kernel: Any, back: Any) -> Any:
        """To the positions that it saw: what comes back to the outputs, times its weights."""
        return sent_back(self.product.towards_map(back, kernel[tap]), tap, self.axes, ops.shape(x)[1:-1])

    def learns(self, tap: Any, x: Any, back: Any) -> Any:
        """For its weights: what it saw, times what comes back to the outputs."""
        return self.product.towards_weights(seen(x, tap, self.axes), back)
