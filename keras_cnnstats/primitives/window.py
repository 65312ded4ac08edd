"""A window on one axis: kernel, stride, dilation, padding, and what of the input it touches."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from keras_cnnstats.field import Reach, window_reach
from keras_cnnstats.primitives.base import Claim, Size
from keras_cnnstats.primitives.lattice import positions_reached, taps_inside


class Window(NamedTuple):
    """The window of a convolution or a pooling on one axis.

    Attributes:
        kernel: taps.
        stride: input positions from one output to the next.
        dilation: input positions from one tap to the next.
        padding: `"valid"`, `"same"`, `"causal"`, or so many positions on both sides.
        size: positions of the input; `None` where unknown.
        positions: positions of the output, as the framework gives them; `None` where unknown.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str | int = "valid"
    size: Size = None
    positions: Size = None

    @property
    def extent(self) -> int:
        """Input positions from the first tap to the last, both included."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def total_padding(self) -> Size:
        """Positions of padding on both sides; `None` where they depend on an unknown size."""
        if isinstance(self.padding, int):
            return 2 * self.padding
        if self.padding == "valid":
            return 0
        if self.padding == "causal" or self.stride == 1:
            return self.extent - 1
        if self.size is None:
            return None
        return max((-(-self.size // self.stride) - 1) * self.stride + self.extent - self.size, 0)

    @property
    def before(self) -> Size:
        """Positions of padding before the input; an odd one out stands behind it."""
        total = self.total_padding
        return total if total is None or self.padding == "causal" else total // 2

    @property
    def expected_positions(self) -> Size:
        """Positions of the output by the general formula, with the extent in the kernel's place."""
        total = self.total_padding
        if self.size is None or total is None:
            return None
        return (self.size + total - self.extent) // self.stride + 1

    @property
    def reach(self) -> Reach:
        """What its outputs touch. Padding that depends on an unknown size is left open between its bounds."""
        before = self.before
        if before is not None:
            return window_reach(self.kernel, self.stride, self.dilation, before)
        open_ended = window_reach(self.kernel, self.stride, self.dilation)
        slack = max(self.extent - self.stride, 0) // 2, (self.extent - 1) // 2
        return Reach(open_ended.spans, open_ended.advance, open_ended.step, slack)

    @property
    def taps_inside(self) -> int:
        """Pairs of an output position and a tap whose input position exists. All sizes must be known."""
        assert self.size is not None and self.positions is not None and self.before is not None
        return taps_inside(self.size, self.positions, self.kernel, self.stride, self.dilation, self.before)

    @property
    def positions_reached(self) -> int:
        """Input positions that some output touches. All sizes must be known."""
        assert self.size is not None and self.positions is not None and self.before is not None
        return positions_reached(self.size, self.positions, self.kernel, self.stride, self.dilation, self.before)


def carried_reach(window: Window, steps: Size) -> Reach | None:
    """What is touched where a window of stride 1 slides over what it made itself, at each of some steps but the first.

    >>> carried_reach(Window(kernel=3, padding="same"), 4) == Window(kernel=7, padding="same").reach
    True
    """
    if steps is None or window.before is None:
        return None
    again = steps - 1
    return window_reach((window.extent - 1) * again + 1, 1, 1, window.before * again)


def size_claims(windows: tuple[Window, ...]) -> Iterator[Claim]:
    """What the textbook's output size, and its silence on what a window leaves over, say of the windows."""
    for index, window in enumerate(windows):
        if window in windows[:index]:
            continue
        yield from _size_claims(window, axis_name(windows, window))


def axis_name(windows: tuple[Window, ...], window: Window) -> str:
    """Names the axes on which `window` stands: rows and columns in 2-D, steps in 1-D."""
    names = {1: ("steps",), 2: ("rows", "columns"), 3: ("depth", "rows", "columns")}.get(len(windows))
    if names is None:
        return "positions"
    return " and ".join(name for name, other in zip(names, windows, strict=True) if other == window)


def _size_claims(window: Window, axis: str) -> Iterator[Claim]:
    size, positions, total = window.size, window.positions, window.total_padding
    if size is None or positions is None or total is None:
        return
    if window.padding == "same" and window.stride > 1 and positions != size:
        yield Claim("output size", "S1", f"{axis}: 'same' keeps o = n = {size}", size, positions)
    elif window.dilation > 1 and window.padding != "same":
        expected = (size + total - window.kernel) // window.stride + 1
        if expected != positions:
            formula = f"{axis}: floor(({size} + {total} - {window.kernel}) / {window.stride}) + 1 = {expected}"
            yield Claim("output size", "S2", formula, expected, positions)
    reached = window.positions_reached
    if reached < size and positions:
        gaps = window.stride > window.extent
        code = "S4" if gaps else "S3"
        formula = f"{axis}: windows of {window.extent} every {window.stride} over {size} reach {reached}"
        yield Claim("coverage", code, formula, size, reached)


def size_defects(windows: Iterable[Window]) -> Iterator[Claim]:
    """Where the framework's output size is not what the general formula gives."""
    for window in dict.fromkeys(windows):
        expected = window.expected_positions
        if expected is not None and window.positions is not None and expected != window.positions:
            formula = (
                f"floor(({window.size} + {window.total_padding} - {window.extent}) / {window.stride}) + 1 = {expected}"
            )
            yield Claim("output size", "S0", formula, expected, window.positions)
