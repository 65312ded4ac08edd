"""Pooling: over windows, over cells of equal share (adaptive), over everything (global)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import gcd, prod

from keras_cnnstats.field import PHASES_AT_MOST, Reach
from keras_cnnstats.primitives.base import Claim, Primitive, Size, product
from keras_cnnstats.primitives.lattice import floor_sum
from keras_cnnstats.primitives.spreads import Slide
from keras_cnnstats.primitives.window import Window, size_claims, size_defects
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Pooling(Primitive):
    """The maximum or the average of each window.

    Attributes:
        windows: one for each axis.
        channels: channels, each pooled by itself.
        average: average instead of maximum.
    """

    kind = "pooling"
    windows: tuple[Window, ...]
    channels: Size
    average: bool = False

    def work(self) -> Work | None:
        outputs = product((*[window.positions for window in self.windows], self.channels))
        if outputs is None or any(window.size is None for window in self.windows):
            return None
        area = prod([window.kernel for window in self.windows])
        per_output = area if self.average else area - 1
        # TensorFlow's profiler calls it a window for each output, and has no statistic for volumes.
        registered = area * outputs if len(self.windows) < 3 else 0
        return Work(arithmetic=per_output * outputs, registered=registered, hlo=per_output * outputs)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.channels is None:
            return None
        inputs = (self._average_gradient() if self.average else self._maximum_gradient()) if towards else NO_WORK
        return Training(work.times(samples), inputs.times(self.channels * samples))

    def _average_gradient(self) -> Work:
        """Each output's share, added at each tap inside the input to what other windows have left: in one channel."""
        outputs = product(window.positions for window in self.windows) or 0
        taps = prod([window.taps_inside for window in self.windows])
        reached = prod([window.positions_reached for window in self.windows])
        # XLA adds up a window for each position of the input.
        positions = product(window.size for window in self.windows) or 0
        area = prod([window.kernel for window in self.windows])
        return Work(arithmetic=outputs + taps - reached, hlo=outputs + positions * (area - 1))

    def _maximum_gradient(self) -> Work:
        """Each tap is compared with the maximum, which gets the gradient; an addition where windows overlap.

        In one channel.
        """
        outputs = product(window.positions for window in self.windows) or 0
        area = prod([window.kernel for window in self.windows])
        overlap = any(window.stride < window.extent for window in self.windows)
        return Work(arithmetic=(area + overlap) * outputs, hlo=area * outputs)

    @property
    def spread(self) -> Slide:
        return Slide(tuple(window.reach for window in self.windows))

    def claims(self) -> Iterable[Claim]:
        return size_claims(self.windows)

    def defects(self) -> Iterable[Claim]:
        return size_defects(self.windows)


@lru_cache(maxsize=4096)
def adaptive_reach(size: int, positions: int) -> Reach | None:
    """The reach of cell `i`: from `floor(i * size / positions)` to below `ceil((i + 1) * size / positions)`."""
    share = gcd(size, positions)
    period, advance = positions // share, size // share
    if period > PHASES_AT_MOST:
        return None
    spans = [(i * size // positions, -(-(i + 1) * size // positions) - 1) for i in range(period)]
    return Reach(tuple(spans), advance)


@lru_cache(maxsize=4096)
def adaptive_taps(size: int, positions: int) -> int:
    """Input positions in all cells together."""
    ends = floor_sum(positions, positions, size, size + positions - 1)
    return ends - floor_sum(positions, positions, size, 0)


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class AdaptivePooling(Primitive):
    """The maximum or the average of each of a given number of cells that share the input between them.

    Attributes:
        sizes: positions of the input on each axis.
        positions: cells on each axis.
        channels: channels, each pooled by itself.
        average: average instead of maximum.
    """

    kind = "pooling"
    sizes: tuple[Size, ...]
    positions: tuple[Size, ...]
    channels: Size
    average: bool = False

    def work(self) -> Work | None:
        if self.channels is None or None in self.sizes or None in self.positions:
            return None
        taps, outputs, _ = self._values
        arithmetic = taps if self.average else taps - outputs
        return Work(arithmetic=arithmetic, registered=self._registered, hlo=arithmetic).times(self.channels)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.channels is None:
            return None
        if not towards:
            return Training(work.times(samples))
        taps, outputs, values = self._values
        # The shares of an average; or a comparison for each tap. What cells have in common is added up.
        inputs = Work(arithmetic=(outputs if self.average else taps) + taps - values)
        return Training(work.times(samples), inputs.times(self.channels * samples))

    @property
    def _axes(self) -> list[tuple[int, int]]:
        """Positions of the input and cells on each axis; they must be known."""
        return list(zip(self.sizes, self.positions, strict=True))  # type: ignore[arg-type]

    @property
    def _values(self) -> tuple[int, int, int]:
        """Values of a channel in all cells together, in the output and in the input."""
        axes = self._axes
        taps = prod([adaptive_taps(*axis) for axis in axes])
        return taps, prod([positions for _, positions in axes]), prod([size for size, _ in axes])

    @property
    def _registered(self) -> int:
        """Keras pools one axis after the other, with every window of both sizes that occur, and picks among them."""
        axes = self._axes
        total, values = 0, prod([size for size, _ in axes])
        for size, positions in axes:
            rest = values // size
            small = -(-size // positions)
            windows = (small, small + 1) if len(axes) < 3 else ()  # no statistic for volumes
            total += rest * sum(window * (size - window + 1) for window in windows)
            values = rest * positions
        return total

    @property
    def spread(self) -> Slide:
        axes = zip(self.sizes, self.positions, strict=True)
        return Slide(tuple(None if n is None or m is None else adaptive_reach(n, m) for n, m in axes))
