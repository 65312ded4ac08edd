"""Which maps the picture of an explanation shows, beside each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.explaining.figures import draw
from keras_cnnstats.explaining.records import Box, ConvolutionExplanation, Explanation, PoolingExplanation, Values
from keras_cnnstats.explaining.sheets import ROWS, Column, Panel, scale_of
from keras_cnnstats.explaining.text import formula, notes, title
from keras_cnnstats.render.cells import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 64
"""Channels that are shown unless others are asked for."""


def picture(explanation: Explanation, channels: Any = None) -> "Figure":
    """Returns the picture: see `Explanation.plot`."""
    columns, below = _seen(explanation), notes(explanation)
    if isinstance(explanation, ConvolutionExplanation):
        shown = _chosen(channels, len(explanation.channels))
        columns += _convolution(explanation, shown)
        below += _which(explanation, shown)
    elif isinstance(explanation, PoolingExplanation):
        columns += _pooling(explanation)
    elif explanation.output is not None:
        columns.append(_single("output", explanation.output, "→" if columns else "", _mark(explanation)))
    return draw(columns, title(explanation), formula(explanation), below)


def _chosen(channels: Any, count: int) -> list[int]:
    """The places of the channels that are shown, among those that the filter sees."""
    if channels is None:
        return list(range(min(count, MOST)))
    chosen = list(channels) if isinstance(channels, (Sequence, range, np.ndarray)) else [channels]
    if not chosen or not all(hasattr(each, "__index__") and 0 <= each < count for each in chosen):
        raise InputShapeError(
            f"channels: expected integers from 0 to {count - 1}, places among the {count} channels that the filter "
            f"sees. Received: {channels!r}."
        )
    return [int(each) for each in chosen]


def _which(explanation: ConvolutionExplanation, shown: list[int]) -> list[str]:
    """What the tiles are, and how to see the rest."""
    numbers, rest = [explanation.channels[place] for place in shown], len(explanation.channels) - len(shown)
    is_row = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    listed = f"{numbers[0]} to {numbers[-1]}" if is_row else ", ".join(map(str, numbers))
    tiles = [f"channels {listed}, in reading order"] if len(shown) > ROWS else []
    next_ones = range(shown[-1] + 1, len(explanation.channels))[:MOST]
    more = f": plot(channels={next_ones})" if next_ones else ""
    return [*tiles, *([f"and {rest:,} more{more}"] if rest else [])]


def _convolution(explanation: ConvolutionExplanation, shown: list[int]) -> list[Column]:
    taken = explanation.inputs if explanation.apart is None else explanation.apart
    is_signed, window = bool(taken.min(initial=0.0) < 0), _window(explanation.window, taken[..., 0])
    mark, activation = _mark(explanation), plain(explanation.activation)
    names = [f"channel {explanation.channels[place]}" for place in shown]
    columns = [_stack("input channels", explanation.inputs, shown, names=names, boxes=window, is_signed=is_signed)]
    if explanation.apart is not None:
        columns[0] = _stack("input channels", explanation.inputs, shown, names=names, is_signed=is_signed)
        columns.append(_stack("zeros between", explanation.apart, shown, "→", boxes=window, is_signed=is_signed))
    return [
        *columns,
        _stack("kernels", explanation.kernels, shown, "∗"),
        _stack("intermediates", explanation.intermediates, shown, "=", boxes=mark),
        _single("sum + bias", explanation.sum, "Σ", mark),
        _single("output" if activation == "linear" else f"output: {activation}", explanation.output, "→", mark),
    ]


def _pooling(explanation: PoolingExplanation) -> list[Column]:
    x = explanation.input
    is_signed = bool(x.min(initial=0.0) < 0)
    taken = _single(f"channel {explanation.channel}", x, "", _window(explanation.window, x), is_signed)
    if explanation.winners is None:
        middle = [_single("shares", explanation.shares, "∗", is_signed=False)]
        name = "mean"
    else:
        winners = explanation.winners.reshape(-1, explanation.winners.shape[-1])
        dots = np.insert(winners, 0, 0, axis=1) if winners.shape[1] == 1 else winners
        taken = taken._replace(panels=(taken.panels[0]._replace(dots=dots),))
        middle, name = [], "largest"
    return [
        taken,
        *middle,
        _single(name, explanation.output, "=" if middle else "→", _mark(explanation), is_signed=is_signed),
        _single("gradient", explanation.gradient, "←", is_signed=False),
    ]


def _seen(explanation: Explanation) -> list[Column]:
    """The image and on it what one output sees, where that was asked for."""
    box = explanation.field
    if explanation.position is None and type(explanation) is not Explanation:
        return []
    boxes = () if box is None else _framed(box, explanation.clipped_field)
    where = ", ".join(map(str, explanation.position or ()))
    caption = f"seen by output ({where})" if boxes else ""
    panel = Panel(_colors(explanation.image), boxes=boxes)
    return [Column("image", explanation.image.shape, (panel,), scale=None, caption=caption)]


def _colors(image: Values) -> Values:
    """The image as colours, or in grey, from 0 to 1; of other than three channels their mean."""
    image = _flat(image, rank=3)
    low, high = min(float(image.min()), 0.0), float(image.max())
    white = next((most for most in (1.0, 255.0) if most / 2 < high <= most), high)
    image = (image - low) / ((white - low) or 1.0)
    has_colors = image.shape[-1] == 3 and image.shape[0] > 1
    return image if has_colors else np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)


def _stack(title: str, maps: Values, shown: list[int], sign: str = "", **how: Any) -> Column:
    """A column of maps, `(*positions, maps)`, of which those are shown; all of them share their colours."""
    names, boxes = how.get("names") or [""] * len(shown), how.get("boxes", ())
    scale = scale_of(maps, how.get("is_signed", True))
    panels = [Panel(_flat(maps[..., place]), name, boxes) for place, name in zip(shown, names, strict=True)]
    return Column(title, maps.shape, tuple(panels), scale, sign)


def _single(title: str, values: Any, sign: str = "", boxes: tuple[Box, ...] = (), is_signed: bool = True) -> Column:
    return Column(title, (*values.shape, 1), (Panel(_flat(values), boxes=boxes),), scale_of(values, is_signed), sign)


def _mark(explanation: Explanation) -> tuple[Box, ...]:
    """The output whose field was asked for, as a box on the output."""
    if not explanation.position or explanation.output is None:
        return ()
    row, column = explanation.position if len(explanation.position) == 2 else (0, *explanation.position)
    return (Box(row, column, row, column),)


def _window(window: Box | None, taken: Values) -> tuple[Box, ...]:
    """What that output sees of a map that the layer takes."""
    rows, columns = _flat(taken).shape
    return () if window is None else _framed(window, window.clipped(rows, columns))


def _framed(box: Box, inside: Box | None) -> tuple[Box, ...]:
    """What is inside, and where that is less, the whole box."""
    return (box,) if inside in (box, None) else (inside, box)


def _flat(values: Values, rank: int = 2) -> Values:
    """A signal as a map of one row."""
    return values[None] if values.ndim == rank - 1 else values
