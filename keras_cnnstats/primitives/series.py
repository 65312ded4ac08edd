"""Series: what stands along an axis is set off against its neighbours."""

from dataclasses import dataclass

from keras_cnnstats.field import Reach
from keras_cnnstats.primitives.base import Primitive, Size
from keras_cnnstats.primitives.rearrangement import Rearrangement
from keras_cnnstats.primitives.spreads import Gather, Slide, Spread
from keras_cnnstats.units import Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Differences(Primitive):
    """Each value less the one before it.

    Attributes:
        lines: how many lines of values there are.
        size: values in a line.
    """

    kind = "differences"
    lines: Size
    size: int

    def work(self) -> Work | None:
        if self.lines is None:
            return None
        steps = max(self.size - 1, 0) * self.lines
        return Work(arithmetic=steps, registered=steps, hlo=steps)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.lines is None:
            return None
        if not towards:
            return Training(work.times(samples))
        # What comes back from two differences of a value is subtracted; of the first one the sign changes.
        gradient = Work(arithmetic=work.arithmetic, hlo=2 * work.hlo + self.lines)
        return Training(work.times(samples), gradient.times(samples))


def differences(size: int, lines: Size, order: int, axis: int) -> list[Primitive]:
    """Returns the primitives of the differences of neighbours, taken again of what they make.

    Args:
        size: values along the axis.
        lines: how many lines run along it.
        order: how often they are taken.
        axis: the axis.

    Example: 5 values have 4 differences, and those have 3.

    >>> [each.work().arithmetic for each in differences(5, 10, 2, axis=1)]
    [40, 30, 0]
    """
    steps = [Differences(lines=lines, size=max(size - done, 0)) for done in range(order)]
    return [*steps, Rearrangement(Slide((Reach(((0, order),), 1),), dims=(axis,)))]


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Trapezoids(Primitive):
    """The area under a line: the sum of `(a + b) / 2 * dx` over neighbours.

    Attributes:
        lines: how many lines of values there are.
        size: values in a line.
        even: whether neighbours all stand equally far apart; if not, `dx` is the difference of their places.
        axis: the axis that the lines run along.
    """

    kind = "trapezoids"
    lines: Size
    size: int
    even: bool
    axis: int

    def work(self) -> Work | None:
        if self.lines is None:
            return None
        pieces = max(self.size - 1, 0)
        added = max(pieces - 1, 0)
        # Keras takes half of the first and the last off the sum of all, where the distance is the same.
        return Work(
            arithmetic=((3 if self.even else 4) * pieces + added) * self.lines,
            registered=(3 * pieces + added) * self.lines,
            hlo=(self.size + 3 if self.even else 4 * pieces) * self.lines,
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.lines is None:
            return None
        if not towards:
            return Training(work.times(samples))
        # `g / 2 * dx` for each piece; all values but the first and the last belong to two.
        steps = 2 * max(self.size - 1, 0) + max(self.size - 2, 0)
        counted = 2 * self.size + 3 * self.even
        gradient = Work(arithmetic=steps * self.lines, hlo=counted * self.lines)
        return Training(work.times(samples), gradient.times(samples))

    @property
    def spread(self) -> Spread:
        return Gather((self.axis,), "dropped")


def diagonal(rows: int, columns: int, offset: int) -> int:
    """Returns the length of a diagonal that starts so many columns to the right, or rows further down.

    >>> diagonal(9, 7, 0), diagonal(9, 7, 2), diagonal(9, 7, -4)
    (7, 5, 5)
    """
    return min(rows + min(offset, 0), columns - max(offset, 0))
