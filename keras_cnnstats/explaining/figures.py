"""A sheet drawn with matplotlib, on a figure of its own: nothing global is read or left behind."""

import os
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_cnnstats.errors import missing
from keras_cnnstats.explaining.records import Box, Values
from keras_cnnstats.explaining.sheets import (
    GAP,
    HEAD,
    LINE,
    MARGIN,
    Column,
    Panel,
    Place,
    Scale,
    as_rows_or_tiles,
    is_strip,
    layout,
)
from keras_cnnstats.render.display import shorten
from keras_cnnstats.render.files import deliver_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
MARK = "#e66101"
FONT = "DejaVu Sans"  # comes with matplotlib
READABLE = 0.2
"""Inches of a value from which on it can hold its number."""


def draw(columns: Sequence[Column], title: str, formula: str, notes: Sequence[str]) -> "Figure":
    """Returns a figure of the columns.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing("plot", "matplotlib", "plot") from error
    columns = [as_rows_or_tiles(column) for column in columns]
    sheet = layout(columns, len(notes))
    figure = Figure(figsize=(sheet.width, sheet.height), dpi=DPI)
    page = _Page(figure, sheet.width, sheet.height)
    page.line(title, 0.3, 13, weight="bold")
    page.line(formula, 0.6, 10)
    for column, room, places in zip(columns, sheet.columns, sheet.panels, strict=True):
        page.column(column, room, places)
    for number, note in enumerate(notes):
        page.line(note, sheet.height - MARGIN / 2 - LINE * (len(notes) - number - 0.5), 9)
    return figure


def save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Writes a figure to `path`, all of it or nothing."""
    ending = os.path.splitext(os.fsdecode(path))[1].removeprefix(".")
    deliver_bytes(_file(figure, ending or "png"), path)


def png(figure: "Figure") -> bytes:
    """Returns a figure as PNG."""
    return _file(figure, "png")


def _file(figure: "Figure", ending: str) -> bytes:
    stream = BytesIO()
    figure.savefig(stream, format=ending, dpi=DPI)
    return stream.getvalue()


class _Page:
    """A figure on which things are put by inches from its left and its upper edge."""

    def __init__(self, figure: "Figure", width: float, height: float) -> None:
        self.figure = figure
        self.width = width
        self.height = height

    def line(self, text: str, top: float, size: float, **how: Any) -> None:
        """A line of text over the whole width, without its middle where it is too long."""
        letters = int((self.width - 2 * MARGIN) * 72 / (size * 0.64))
        self.write(shorten(text, letters), MARGIN, top, size, **how)

    def write(self, text: str, left: float, top: float, size: float, **how: Any) -> None:
        """Text as it is: no formula in it is set, and what the font cannot show is a question mark."""
        how = {"va": "center", "family": FONT, "parse_math": False, **how}
        self.figure.text(left / self.width, 1 - top / self.height, _shown(text), size=size, **how)

    def axes(self, place: Place) -> "Axes":
        bottom = self.height - place.top - place.height
        across, up = self.width, self.height
        return self.figure.add_axes((place.left / across, bottom / up, place.width / across, place.height / up))

    def column(self, column: Column, room: Place, places: Sequence[Place]) -> None:
        """The maps, what they are, and what the colours mean."""
        middle = room.left + room.width / 2
        self.write(column.title, middle, HEAD - 0.4, 11, ha="center", weight="bold")
        self.write(str(column.shape), middle, HEAD - 0.17, 9, ha="center", color="0.35")
        if column.sign:
            self.write(column.sign, room.left - GAP / 2, HEAD + room.height / 2, 15, ha="center")
        letters = _letters(column, places[0])
        for panel, place in zip(column.panels, places, strict=True):
            axes = self.axes(place)
            axes.set_label(column.title)
            _draw_panel(axes, panel, column, place)
            if letters:
                _write_numbers(axes, panel.values, column.scale, letters)
            if panel.label:
                self.write(panel.label, place.left - 0.1, place.top + place.height / 2, 8.5, ha="right", color="0.35")
        below = room.top + room.height + 0.14
        if column.scale is not None:
            wide = max(places[0].width, 1.2)
            self.scale(column.scale, Place(middle - wide / 2, below, wide, 0.1), column.title)
        for number, line in enumerate(column.caption.split("\n")):
            self.write(line, middle, below + 0.08 + 0.17 * number, 8.5, ha="center", color="0.35")

    def scale(self, scale: Scale, place: Place, title: str) -> None:
        """The colours from the least to the largest value."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        axes = self.axes(place)
        axes.set_label(f"colours of {title}")
        colors = ScalarMappable(Normalize(scale.low, scale.high), scale.colors)
        ticks = [scale.low, (scale.low + scale.high) / 2, scale.high]
        bar = self.figure.colorbar(colors, cax=axes, orientation="horizontal", ticks=ticks)
        bar.set_ticklabels([_number(tick) for tick in ticks], size=8, family=FONT)
        bar.outline.set_linewidth(0.5)
        axes.tick_params(length=2, pad=2)


def _draw_panel(axes: "Axes", panel: Panel, column: Column, place: Place) -> None:
    values, scale = panel.values, column.scale
    colors = {} if scale is None else {"cmap": scale.colors, "vmin": scale.low, "vmax": scale.high}
    aspect = "auto" if is_strip(values) else "equal"
    axes.imshow(values, interpolation="nearest", aspect=aspect, **colors)  # type: ignore[arg-type]
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=not column.is_tiled, linewidth=0.5, color="0.6")
    top, bottom, left, right = _room(panel)
    axes.set(xlim=(left - 0.5, right + 0.5), ylim=(bottom + 0.5, top - 0.5), facecolor="0.93")
    for number, box in enumerate(panel.boxes):
        _draw_box(axes, box, "-" if number == 0 else "--")
    if panel.dots is not None:
        _draw_dots(axes, panel.dots, _cell(panel, place))


def _room(panel: Panel) -> tuple[float, float, float, float]:
    """First and last row, and first and last column, that have to be seen: boxes may reach over the edges of a map."""
    rows, columns = panel.values.shape[:2]
    boxes = [Box(0, 0, rows - 1, columns - 1), *panel.boxes]
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    if (bottom - top, right - left) == (rows - 1, columns - 1):
        return top, bottom, left, right
    above, beside = 0.02 * (bottom - top), 0.02 * (right - left)
    return top - above, bottom + above, left - beside, right + beside


def _draw_box(axes: "Axes", box: Box, style: str) -> None:
    from matplotlib.patches import Rectangle

    corner = (box.left - 0.5, box.top - 0.5)
    axes.add_patch(Rectangle(corner, box.width, box.height, fill=False, color=MARK, linewidth=1.6, linestyle=style))


def _draw_dots(axes: "Axes", dots: Any, cell: float) -> None:
    """Points are rings around their value where that is large enough to be read."""
    from matplotlib.patches import Circle

    if cell >= READABLE:
        for row, column in dots:
            axes.add_patch(Circle((column, row), 0.42, fill=False, color=MARK, linewidth=1.6))
    else:
        axes.scatter(dots[:, 1], dots[:, 0], s=max(cell * 72 * 0.3, 1.0) ** 2, color=MARK, linewidths=0)


def _cell(panel: Panel, place: Place) -> float:
    """Inches of one value."""
    top, bottom, left, right = _room(panel)
    across = place.width / (right - left + 1)
    return across if is_strip(panel.values) else min(across, place.height / (bottom - top + 1))


def _letters(column: Column, place: Place) -> float:
    """Size of the letters in which each value of a column has room for its number; 0 where none has."""
    cell = min(_cell(panel, place) for panel in column.panels)
    if column.scale is None or column.is_tiled or cell < READABLE:
        return 0.0
    longest = max(len(_number(value, 2)) for panel in column.panels for value in panel.values.flat)
    size = min(cell * 72 / (longest * 0.7), 9.0)
    return size if size >= 5.5 else 0.0


def _write_numbers(axes: "Axes", values: Values, scale: Scale | None, size: float) -> None:
    assert scale is not None
    from matplotlib import colormaps

    colors = colormaps[scale.colors]((values - scale.low) / (scale.high - scale.low))
    is_dark = colors[..., :3] @ np.array([0.299, 0.587, 0.114]) < 0.5
    for (row, column), dark in np.ndenumerate(is_dark):
        how: Any = {"size": size, "color": "white" if dark else "black", "family": FONT}
        axes.text(column, row, _number(float(values[row, column]), 2), ha="center", va="center", **how)


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}"


def _shown(text: str) -> str:
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont(FONT))
    return "".join(char if font.get_char_index(ord(char)) else "?" for char in text)
