"""Resampling: a map is stretched or shrunk to another size by interpolation."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, gcd

from keras_cnnstats.field import PHASES_AT_MOST, Reach, widest
from keras_cnnstats.primitives.base import Primitive, Size, product, sums
from keras_cnnstats.primitives.spreads import Slide
from keras_cnnstats.units import NO_WORK, Training, Work

NEIGHBOURS = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}
"""Known values on each axis that an interpolated value is made of."""


@lru_cache(maxsize=4096)
def resampling_reach(size: int, positions: int, interpolation: str, antialias: bool = False) -> Reach | None:
    """The reach of interpolation between pixel centres: output `i` lies at `(i + 1/2) * size / positions - 1/2`."""
    share = gcd(size, positions)
    period, advance = positions // share, size // share
    if period > PHASES_AT_MOST:
        return None
    return Reach(tuple(_spans(period, Fraction(size, positions), interpolation, antialias)), advance)


@lru_cache(maxsize=4096)
def corner_reach(size: int, positions: int) -> Reach | None:
    """The reach of cubic interpolation that keeps corners: output `i` lies at `i * (size - 1) / (positions - 1)`."""
    steps, gaps = max(positions - 1, 1), size - 1
    common = gcd(gaps, steps)
    if steps // common > PHASES_AT_MOST:
        return None
    spans = []
    for output in range(steps // common):
        place = Fraction(output * gaps, steps)
        first = floor(place)
        # On a known value the three others have no weight.
        spans.append((first, first) if place == first else (first - 1, first + 2))
    return Reach(tuple(spans), gaps // common)


def _spans(period: int, ratio: Fraction, interpolation: str, antialias: bool) -> Iterator[tuple[int, int]]:
    half = Fraction(1, 2)
    # Against aliasing the kernel is stretched by the ratio, so that it covers all that one output stands for.
    stretch = max(ratio, Fraction(1)) if antialias else Fraction(1)
    radius = Fraction(NEIGHBOURS[interpolation], 2) * stretch
    for output in range(period):
        center = (output + half) * ratio - half
        if interpolation == "nearest":
            yield floor(center + half), floor(center + half)
        else:
            # At whole distances from its centre the kernel is zero.
            around = range(floor(center - radius) + 1, ceil(center + radius))
            first, last = (
                next(place for place in way if place == center or ((place - center) / stretch).denominator > 1)
                for way in (around, reversed(around))
            )
            yield first, last


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Resampling(Primitive):
    """Each output value is interpolated between its neighbours.

    Attributes:
        sizes: positions of the input on each axis.
        positions: positions of the output on each axis.
        channels: channels, each resampled by itself.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        factors: whole factors of up-sampling where they are known and the sizes need not be.
        antialias: whether the kernel is stretched when shrinking.
        align_corners: whether the corner values stay at the corners; of cubic interpolation alone.
    """

    kind = "resampling"
    sizes: tuple[Size, ...]
    positions: tuple[Size, ...]
    channels: Size
    interpolation: str = "nearest"
    factors: tuple[int, ...] | None = None
    antialias: bool = False
    align_corners: bool = False

    def work(self) -> Work | None:
        outputs, taps = product((*self.positions, self.channels)), self.taps
        if outputs is None or taps is None:
            return None
        arithmetic = (2 * taps - 1) * outputs if taps > 1 else 0
        return Work(arithmetic=arithmetic, hlo=arithmetic)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work, values = self.work(), product((*self.sizes, self.channels))
        if work is None or (towards and values is None):
            return None
        if not towards or values is None:
            return Training(work.times(samples))
        products = product((*self.positions, self.channels, self.taps)) or 0
        # Each output goes back to its neighbours with their weights, and is added to what they have got already.
        weighted = Work(arithmetic=products, hlo=products) if self.taps != 1 else NO_WORK
        return Training(work.times(samples), weighted.plus(sums(products, values)).times(samples))

    @property
    def taps(self) -> Size:
        """Known values that an interpolated value is made of."""
        usual = NEIGHBOURS[self.interpolation]
        if usual == 1 or not self.antialias:
            return product([usual] * len(self.positions))
        return product([None if reach is None else max(widest(reach), usual) for reach in self.spread.reaches])

    @property
    def spread(self) -> Slide:
        if self.factors is not None:
            return Slide(tuple(resampling_reach(1, factor, self.interpolation) for factor in self.factors))
        axes = zip(self.sizes, self.positions, strict=True)
        return Slide(tuple(None if n is None or m is None else self._reach(n, m) for n, m in axes))

    def _reach(self, size: int, positions: int) -> Reach | None:
        if self.align_corners:
            return corner_reach(size, positions)
        return resampling_reach(size, positions, self.interpolation, self.antialias)


def centred(sizes: tuple[Size, ...], positions: tuple[Size, ...]) -> tuple[int, ...]:
    """Returns how much is cut off before each axis to keep the middle; nothing where an axis is too short for it.

    >>> centred((9, 8), (4, 5)), centred((9, 8), (4, 10))
    ((2, 1), ())
    """
    margins = tuple([(n - m) // 2 for n, m in zip(sizes, positions, strict=True) if n is not None and m is not None])
    return margins if min(margins) >= 0 else ()


def fitted(sizes: tuple[Size, ...], positions: tuple[Size, ...], pad: bool) -> tuple[tuple[int, ...], tuple[Size, ...]]:
    """Returns how an image is padded, or cropped, to the aspect ratio that it is resized to.

    Args:
        sizes: rows and columns of the image.
        positions: rows and columns wanted.
        pad: whether to pad; if not, to crop.

    Returns:
        The margins before each axis, negative where positions are cut off, and the sizes then.

    >>> fitted((20, 40), (10, 10), pad=False), fitted((20, 40), (10, 10), pad=True)
    (((0, -10), (20, 20)), ((10, 0), (40, 40)))
    """
    height, width, rows, columns = *sizes, *positions
    if height is None or width is None or rows is None or columns is None:
        return (0, 0), (None, None)
    wanted = width * rows // columns, height * columns // rows
    margins: list[int] = []
    fit: list[Size] = []
    for size, ideal in zip((height, width), wanted, strict=True):
        if pad:
            margins.append((max(size, ideal) - size) // 2)
            fit.append(size + 2 * margins[-1])
        else:
            fit.append(max(min(size, ideal), 1))
            margins.append(-((size - max(min(size, ideal), 1)) // 2))
    return tuple(margins), tuple(fit)
