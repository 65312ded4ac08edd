"""Where a window lies: how many outputs it makes, how much is padded, and which part of the input each tap sees."""

from collections.abc import Iterator, Sequence
from itertools import product
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


def axes_of(kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: Any) -> tuple[Axis, ...]:
    """Returns the window on each axis, from the arguments of a layer."""
    paddings = (padding,) * len(kernel) if isinstance(padding, str) else padding
    return tuple(Axis(*each) for each in zip(kernel, strides, dilation, paddings, strict=True))


def shifts(padded: Any, axes: Sequence[Axis]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yields each tap of the window, and the padded input as that tap sees it: one position for each output."""
    for tap in product(*(range(axis.kernel) for axis in axes)):
        seen = tuple(axis.sees(place) for axis, place in zip(axes, tap, strict=True))
        yield tap, padded[(slice(None), *seen)]


def padded(x: Any, axes: Sequence[Axis], value: float = 0.0) -> Any:
    """Returns a map, channels last, with `value` around it as the windows on its axes ask for.

    Raises:
        ValueError: a window is larger than the padded input.
    """
    sizes = ops.shape(x)[1:-1]
    for axis, size in zip(axes, sizes, strict=True):
        if isinstance(size, int):
            axis.positions(size)
    return surrounded(x, [axis.margins(size) for axis, size in zip(axes, sizes, strict=True)], value)


def surrounded(x: Any, margins: Sequence[tuple[Any, Any]], value: float = 0.0) -> Any:
    """Returns a map, channels last, with so many positions of `value` before and behind it on each axis.

    Of a negative margin, so many positions are cut off.
    """
    added, kept = [(0, 0)], [slice(None)]
    for before, behind in margins:
        cut_before, cut_behind = (min(margin, 0) if isinstance(margin, int) else 0 for margin in (before, behind))
        added.append((before - cut_before, behind - cut_behind))
        kept.append(slice(-cut_before, cut_behind or None))
    if any(margin != (0, 0) for margin in added):
        x = ops.pad(x, [*added, (0, 0)], constant_values=value)
    return x[tuple(kept)] if any(each != slice(0, None) for each in kept[1:]) else x


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


def map_shape(positions: Sequence[int | None], channels: int, like: Sequence[int | None], data_format: str) -> Any:
    """Returns the shape of a map with these positions and channels, for the batch of the shape `like`."""
    if data_format == "channels_first":
        return (like[0], channels, *positions)
    return (like[0], *positions, channels)


def channels_last(x: Any, data_format: str) -> Any:
    """Returns a map with its channels behind the positions."""
    return ops.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def in_format(x: Any, data_format: str) -> Any:
    """Returns a map whose channels are last in the data format of its layer."""
    return ops.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def spatial(shape: Sequence[int | None], data_format: str) -> tuple[int | None, ...]:
    """Returns the sizes of the axes on which windows slide."""
    return tuple(shape[2:] if data_format == "channels_first" else shape[1:-1])
