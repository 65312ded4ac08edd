"""The curves of training and validation as a picture, over epochs, over time or over work."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_cnnstats.callbacks.curves import chosen, direction
from keras_cnnstats.callbacks.names import EPOCH, STAGE, TOTAL_FLOPS, TOTAL_SECONDS
from keras_cnnstats.errors import CNNStatsError, nearest
from keras_cnnstats.render.plots import COLORS, QUIET, axes_of, drawable, framed, with_prefixes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AGAINST = {"epoch": "epochs", "seconds": "training time (s)", "flops": "training work (FLOPs)"}
"""What curves are drawn over, and what stands at that axis."""


def plot(
    rows: Sequence[Mapping[str, Any]], metric: str | None = None, against: str | None = "epoch", ax: Any = None
) -> Any:
    """Draws a metric of training and validation, the best validation marked, stages parted by a thin line.

    Args:
        rows: the epochs.
        metric: which; by default the first accuracy, or one of its like, that has a `val_` twin, else the loss.
        against: `"epoch"`, `"seconds"` or `"flops"`; all three side by side where it is `None`.
        ax: where to draw, one or three.

    Returns:
        The axes, one or three.

    Raises:
        CNNStatsError: there is no such metric, or nothing to draw it over.
        MissingDependencyError: matplotlib is not installed.
    """
    metric = chosen(rows, metric)
    kinds = list(AGAINST) if against is None else [against]
    places = [_places(rows, kind) for kind in kinds]
    drawn = axes_of(ax, len(kinds))
    for kind, across, one in zip(kinds, places, [drawn] if against else drawn, strict=True):
        _draw(one, rows, metric, across)
        one.set_xlabel(AGAINST[kind])
        if kind != "epoch":
            one.locator_params(axis="x", nbins=6)
            with_prefixes(one.xaxis)
    return drawn


def _places(rows: Sequence[Mapping[str, Any]], against: str) -> list[float | None]:
    """Where each epoch stands; after what came before it, in earlier stages too."""
    if against not in AGAINST:
        known = ", ".join(f"`{name}`" for name in AGAINST)
        raise CNNStatsError(f"against: expected one of {known}. Received: {against!r}.{nearest(against, AGAINST)}")
    if against == "epoch":
        return _epochs(rows)
    name = {"seconds": TOTAL_SECONDS, "flops": TOTAL_FLOPS}[against]
    found = [row.get(name) for row in rows]
    if rows and all(value is None for value in found):
        raise CNNStatsError(f"against={against!r}: expected epochs with `{name}`. Received: {', '.join(rows[-1])}.")
    return [None if value is None else float(value) for value in found]


def _epochs(rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    places: list[float | None] = []
    before = last = 0
    for number, row in enumerate(rows):
        if number and row.get(STAGE) != rows[number - 1].get(STAGE):
            before = last
        last = before + row.get(EPOCH, number) + 1
        places.append(last)
    return places


def _draw(ax: "Axes", rows: Sequence[Mapping[str, Any]], metric: str, across: Sequence[float | None]) -> None:
    marker = {"marker": "o", "markersize": 3} if len(rows) <= 30 else {}
    for name, label, color in ((metric, "training", COLORS[0]), (f"val_{metric}", "validation", COLORS[1])):
        points = _points(rows, name, across)
        if points:
            ax.plot(*zip(*points, strict=True), color=color, label=label, linewidth=1.5, **marker)  # type: ignore[arg-type]
    best = _points(rows, f"val_{metric}", across)
    sign = direction(metric)
    if best and sign:
        place, value = max(best, key=lambda point: (point[1] == point[1], sign * point[1]))
        ax.plot(place, value, "*", color=COLORS[1], markersize=11, label=f"best validation: {value:.4g}", zorder=3)
    for number in range(1, len(rows)):
        place_before = across[number - 1]
        if rows[number].get(STAGE) != rows[number - 1].get(STAGE) and place_before is not None:
            ax.axvline(place_before, color=QUIET, linewidth=0.8)
    ax.set_ylabel(drawable(metric), parse_math=False)
    framed(ax)


def _points(rows: Sequence[Mapping[str, Any]], name: str, across: Sequence[float | None]) -> list[tuple[float, float]]:
    return [
        (place, float(row[name]))
        for place, row in zip(across, rows, strict=True)
        if place is not None and row.get(name) is not None
    ]
