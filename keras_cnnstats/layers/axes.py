"""Where a window lies on one axis: how many outputs it makes, how much is padded, and what each tap sees."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

Padding = str | int
"""`"valid"`, `"same"`, `"causal"`, or as many positions on both sides."""


class Axis(NamedTuple):
    """The window on one axis. Output `i` sees the padded input at `i * stride + tap * dilation`, for each tap.

    A size is an integer, or a scalar tensor where the graph is built before it is known.

    Attributes:
        kernel: taps.
        stride: input positions from one output to the next.
        dilation: input positions from one tap to the next.
        padding: `"valid"`: none. `"same"`: as much as makes `ceil(size / stride)` outputs, an odd position behind the
            input. `"causal"`: all of it before the input. An integer: as much before the input as behind it.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Padding = "valid"

    @property
    def extent(self) -> int:
        """Positions from the first tap to the last, both included."""
        return (self.kernel - 1) * self.dilation + 1

    def margins(self, size: Any) -> tuple[Any, Any]:
        """Positions that are padded before and behind an input of `size` positions."""
        if isinstance(self.padding, int):
            return self.padding, self.padding
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.extent - 1, 0
        total = self.extent - 1
        if self.stride > 1:
            outputs = (size + self.stride - 1) // self.stride
            missing = (outputs - 1) * self.stride + self.extent - size
            total = max(missing, 0) if isinstance(size, int) else ops.maximum(missing, 0)
        return total // 2, total - total // 2

    def positions(self, size: int | None) -> int | None:
        """Outputs over an input of `size` positions: `floor((n + 2p - k) / s) + 1`; `None` where that is unknown.

        Raises:
            ValueError: the window is larger than the padded input.
        """
        if size is None:
            return None
        before, behind = self.margins(size)
        if size and before + size + behind < self.extent:
            raise ValueError(
                f"the window is larger than the padded input: {self.kernel} taps with dilation {self.dilation} extend "
                f"over {self.extent} positions. Received: an input of {size} positions, padding={self.padding!r}."
            )
        outputs: int = (before + size + behind - self.extent) // self.stride + 1
        return max(outputs, 0)

    def sees(self, tap: int) -> slice:
        """The positions of the padded input that `tap` sees, one for each output."""
        first = tap * self.dilation
        # Those behind belong to the taps that follow, so that the size need not be known.
        return slice(first, first - (self.extent - 1) or None, self.stride)

    def reach(self, size: Any) -> Any:
        """Positions from the first that a tap sees to the last, both included, of `size` padded ones."""
        return (size - self.extent) // self.stride * self.stride + 1


def axes_of(kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: Any) -> tuple[Axis, ...]:
    """Returns the window on each axis, from the arguments of a layer."""
    paddings = each_axis(padding, len(kernel))
    return tuple(Axis(*each) for each in zip(kernel, strides, dilation, paddings, strict=True))


def each_axis(padding: Padding | Sequence[int], rank: int) -> Sequence[Padding]:
    """Returns the padding of each axis."""
    return (padding,) * rank if isinstance(padding, (str, int)) else padding


def padding_argument(padding: Any, rank: int) -> Any:
    """Returns the argument `padding` of a layer: a name as it came, integers as one for each axis.

    Raises:
        ValueError: a number is no integer or is negative, or there are not `rank` of them.
    """
    if isinstance(padding, str):
        return padding.lower()
    each = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * rank
    if len(each) != rank or not all(isinstance(p, int) and not isinstance(p, bool) and p >= 0 for p in each):
        raise ValueError(
            "`padding` must be 'valid', 'same' (in 1-D also 'causal'), an integer of at least 0 for both sides of "
            f"every axis, or a tuple of {rank} of them. Received: padding={padding!r}."
        )
    return each
