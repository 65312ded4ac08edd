"""Columns of maps on a sheet: what is drawn, in which colours, and where each map stands."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np

from keras_cnnstats.explaining.records import Box, Values

ROWS = 12
"""Maps of a column that stand below each other; more are tiles of one picture."""

# Inches.
MARGIN, GAP, BETWEEN = 0.35, 0.6, 0.12
HEAD, FOOT, LINE = 1.35, 0.65, 0.24
SINGLE, LARGEST, SMALLEST, TILES, STRIP = 2.2, 1.8, 0.75, 3.6, 0.5
NARROWEST, LABELS, PAGE = 1.25, 0.85, 6.5


class Scale(NamedTuple):
    """The colours of a column.

    Attributes:
        low: value of the first colour.
        high: value of the last colour.
        colors: name of the colour map.
    """

    low: float
    high: float
    colors: str


class Panel(NamedTuple):
    """A map that is drawn.

    Attributes:
        values: `(rows, columns)`, or `(rows, columns, 3)` where they are colours.
        label: what stands beside it.
        boxes: rectangles on it: the first with a full line, the others with a broken one.
        dots: row and column of points on it, `(points, 2)`.
    """

    values: Values
    label: str = ""
    boxes: tuple[Box, ...] = ()
    dots: Any = None


class Column(NamedTuple):
    """Maps that belong together.

    Attributes:
        title: what they are.
        shape: shape of all of them together.
        panels: the maps.
        scale: their colours; `None` where the values are colours themselves.
        sign: what stands between the column before and this one.
        caption: what stands below, where there is no scale.
        is_tiled: whether the one panel holds many maps, side by side.
    """

    title: str
    shape: tuple[int, ...]
    panels: tuple[Panel, ...]
    scale: Scale | None
    sign: str = ""
    caption: str = ""
    is_tiled: bool = False


class Place(NamedTuple):
    """Where something stands, in inches from the left and the upper edge of the sheet."""

    left: float
    top: float
    width: float
    height: float


class Sheet(NamedTuple):
    """Where everything stands.

    Attributes:
        width: of the sheet.
        height: of the sheet.
        columns: the room of each column, from its first map to its last.
        panels: the room of each map, column by column.
    """

    width: float
    height: float
    columns: tuple[Place, ...]
    panels: tuple[tuple[Place, ...], ...]


def scale_of(values: Values, is_signed: bool = True) -> Scale:
    """Returns two colours that meet at 0; or, where nothing is negative, grey from 0 on.

    >>> scale_of(np.array([-2.0, 1.0])), scale_of(np.array([0.2, 0.9]), is_signed=False)
    (Scale(low=-2.0, high=2.0, colors='RdBu_r'), Scale(low=0.0, high=1.0, colors='gray'))
    """
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if is_signed or low < 0:
        most = max(-low, high) or 1.0
        return Scale(-most, most, "RdBu_r")
    return Scale(0.0, 1.0 if 0.5 < high <= 1 or not high else high, "gray")


def as_rows_or_tiles(column: Column) -> Column:
    """Returns the column, of more maps than stand below each other as tiles of one picture."""
    if len(column.panels) <= ROWS:
        return column
    maps = [panel.values for panel in column.panels]
    rows, columns = maps[0].shape
    across = ceil(sqrt(len(maps) * rows / columns)) if rows == 1 else ceil(sqrt(len(maps)))
    # A line between tiles is nothing that was computed, and a tile is the larger the less there is in it.
    line = 1 + max(rows, columns) // 24 if across > 1 else 0
    down = ceil(len(maps) / across)
    picture = np.full((down * (rows + line) - line, across * (columns + line) - line), np.nan)
    for number, values in enumerate(maps):
        top, left = number // across * (rows + line), number % across * (columns + line)
        picture[top : top + rows, left : left + columns] = values
    return column._replace(panels=(Panel(picture),), is_tiled=True)


def is_strip(values: Values) -> bool:
    """Returns whether a map is a signal: one row that is drawn higher than it is."""
    rows, columns = values.shape[:2]
    return bool(rows == 1 and columns > 1)


def layout(columns: Sequence[Column], notes: int) -> Sheet:
    """Returns where columns and their maps stand, and `notes` lines of text below them."""
    rows = max(len(column.panels) for column in columns)
    sizes = [_size(column, rows) for column in columns]
    stacks = [
        len(column.panels) * (height + BETWEEN) - BETWEEN for column, (_, height) in zip(columns, sizes, strict=True)
    ]
    body = max(stacks)
    left, rooms, panels = MARGIN, [], []
    for column, (width, height), stack in zip(columns, sizes, stacks, strict=True):
        left += LABELS if any(panel.label for panel in column.panels) else 0.0
        room = Place(left, HEAD, max(width, NARROWEST), body)
        inner = left + (room.width - width) / 2
        top = HEAD + (body - stack) / 2
        places = [Place(inner, top + row * (height + BETWEEN), width, height) for row in range(len(column.panels))]
        rooms.append(room)
        panels.append(tuple(places))
        left += room.width + GAP
    width = max(left - GAP + MARGIN, PAGE)
    return Sheet(width, HEAD + body + FOOT + LINE * notes + MARGIN / 2, tuple(rooms), tuple(panels))


def _size(column: Column, rows: int) -> tuple[float, float]:
    """Width and height of each map of a column."""
    if column.is_tiled:
        return TILES, TILES
    if all(is_strip(panel.values) for panel in column.panels):
        return SINGLE, STRIP
    side = SINGLE if len(column.panels) == 1 else max(min(LARGEST, 8.5 / rows), SMALLEST)
    return side, side
