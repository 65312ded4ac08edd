"""Reports to compare, built by hand, and a comparison of them without Keras."""

from typing import Any

from keras_cnnstats.comparison import Comparison
from keras_cnnstats.field import Field
from keras_cnnstats.records import Memory, Row
from keras_cnnstats.reports import Report
from tests.render import handmade
from tests.render.handmade import conv_work, header, row


def compared(*reports: Report, names: tuple[str, ...] | None = None) -> Comparison:
    found = tuple(report.with_convention("textbook") for report in reports)
    return Comparison(names or tuple(chr(ord("a") + number) for number in range(len(reports))), found)


def report(*rows: Row, peak: int | None = 1_000, **changes: Any) -> Report:
    return Report(header(**changes), rows, memory=Memory(peak, "", None))


def conv(layer: str, filters: int = 16, **changes: Any) -> Row:
    """A 3x3 convolution with so many filters on a 32x32 image."""
    return row(layer, **{
        "output_shapes": ((1, 32, 32, filters),), "params": 28 * filters, "trainable_params": 28 * filters,
        "work": conv_work(32 * 32 * filters, 27), **changes,
    })  # fmt: skip


def relu(layer: str, **changes: Any) -> Row:
    return row(layer, **{"type": "ReLU", "params": 0, "trainable_params": 0, "work": (), **changes})


def seeing(row: Row, size: int) -> Row:
    return row._replace(fields=(Field(size, 0, 1),) * 2, local_fields=(Field(size, 0, 1),) * 2)


def edited() -> Report:
    """The small report with a wider layer, one more, one of another name, and one that sees something else."""
    rows = handmade.small_cnn().rows
    wider = conv("conv1", 32)
    return Report(header(model="edited"), (
        rows[0], wider, row("extra"), *rows[2:6], rows[6]._replace(layer="head"), seeing(rows[7], 9),
    ))  # fmt: skip


SMALL = handmade.small_cnn()
COMPARISONS = {
    "edited": compared(SMALL, edited()),
    "same": compared(SMALL, SMALL),
    "three": compared(SMALL, edited(), handmade.awkward()),
    "unknown": compared(handmade.awkward(), SMALL),
    "hostile": compared(handmade.hostile(), SMALL, names=(handmade.HOSTILE[9], handmade.HOSTILE[10])),
    "hostile, new": compared(SMALL, handmade.hostile(), names=(handmade.HOSTILE[0], handmade.HOSTILE[13])),
    "empty": compared(handmade.empty(), handmade.empty()),
    "from nothing": compared(handmade.empty(), SMALL),
    "ranks": compared(*handmade.ranks().values()),
    "unsized": compared(handmade.unsized(), handmade.unsized()),
}
