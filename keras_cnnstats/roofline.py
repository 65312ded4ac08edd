"""What a given machine would be held up by, row by row: its arithmetic, or its memory."""

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from keras_cnnstats.errors import MachineError
from keras_cnnstats.records import Header
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Count

if TYPE_CHECKING:
    import pandas


class Bound(NamedTuple):
    """What holds one call up.

    Attributes:
        layer: path of the row.
        call: which call of the layer.
        type: class of the layer, or name of the operation.
        flops: its floating-point operations; `None` where they are unknown.
        moved_bytes: the bytes that it moves; `None` where they are unknown.
        limit: `"compute"`, `"memory"`, or `"unknown"`, also where nothing moves and there is no intensity.
        attainable_flops: operations in a second that the machine can reach on it at most: its peak, or the intensity
            times its bandwidth; `None` where unknown.
    """

    layer: str
    call: int
    type: str
    flops: Count
    moved_bytes: Count
    limit: str
    attainable_flops: float | None

    @property
    def intensity(self) -> float | None:
        """Operations for each byte moved."""
        return None if self.flops is None or not self.moved_bytes else self.flops / self.moved_bytes


class Roofline(NamedTuple):
    """A report held against a machine.

    A call whose intensity lies below the machine's balance waits for memory. Nothing is measured here, and it is no
    time: what a backend fuses into one kernel moves less, and few kernels reach a machine's peak.

    Attributes:
        header: what the numbers are of.
        peak_flops: operations that the machine can do in a second.
        bandwidth: bytes that it can move in a second.
        rows: for each call what holds it up; weights of no call are none.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((56, 56, 64)), keras.layers.Conv2D(64, 3), keras.layers.ReLU()])
    >>> result = cnnstats.analyze(model).roofline(peak_flops=100e12, bandwidth=2e12, verbose=False)
    >>> result.balance, [row.limit for row in result.rows]
    (50.0, ['compute', 'memory'])
    """

    header: Header
    peak_flops: float
    bandwidth: float
    rows: tuple[Bound, ...]

    @property
    def balance(self) -> float:
        """Operations that the machine can do in the time in which it moves one byte."""
        return self.peak_flops / self.bandwidth

    @property
    def memory_bound(self) -> tuple[Bound, ...]:
        """The calls that wait for memory."""
        return tuple(row for row in self.rows if row.limit == "memory")

    @property
    def memory_bound_flops(self) -> int:
        """Operations of the calls that wait for memory."""
        return sum(row.flops or 0 for row in self.memory_bound)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns one row per call as a `pandas.DataFrame`; unknown values are `<NA>`."""
        from keras_cnnstats.render.roofline import to_dataframe

        return to_dataframe(self)

    def __str__(self) -> str:
        from keras_cnnstats.render.roofline import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from keras_cnnstats.render.roofline import to_notebook

        return to_notebook(self)


def roofline(report: Report, peak_flops: float, bandwidth: float) -> Roofline:
    """Returns a report held against a machine."""
    peak, width = _positive("peak_flops", peak_flops), _positive("bandwidth", bandwidth)
    return Roofline(report.header, peak, width, tuple(_bounds(report, peak, width)))


def _bounds(report: Report, peak: float, bandwidth: float) -> Iterator[Bound]:
    for row in report.rows:
        if not row.output_shapes:
            continue  # weights of no call
        reached = None if row.intensity is None else min(peak, row.intensity * bandwidth)
        limit = "unknown" if reached is None else ("compute" if reached >= peak else "memory")
        yield Bound(row.layer, row.call, row.type, row.flops, row.moved_bytes, limit, reached)


def _positive(name: str, value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value) or value <= 0:
        unit = "FLOPs" if name == "peak_flops" else "bytes"
        raise MachineError(f"roofline: {name}: expected a positive number of {unit} per second. Received: {value!r}.")
    return float(value)
