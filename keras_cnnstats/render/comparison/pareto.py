"""The plots of a comparison, with matplotlib: which of several models no other beats in two quantities at once."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_cnnstats.alignment import EXTENTS
from keras_cnnstats.comparison import Comparison
from keras_cnnstats.errors import CNNStatsError, nearest
from keras_cnnstats.render.cells import plain
from keras_cnnstats.render.comparison.content import LABELS
from keras_cnnstats.render.display import shorten
from keras_cnnstats.render.plots import COLORS, QUIET, axes_of, drawable, framed, with_prefixes
from keras_cnnstats.units import Extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHATEVER_THE_BATCH = (
    "params", "trainable_params", "param_bytes", "quantizer_params", "rows", "unknown_rows", "unexplained",
)  # fmt: skip
"""Quantities that the batch size says nothing of."""

LARGER_IS_BETTER = ("rf", "local_rf")
"""Quantities that a model should have more of; of all others, less."""

BEATEN = "0.6"
"""The grey of models that others beat."""

LOGARITHMIC_FROM = 10
"""The largest over the smallest value from which an axis is logarithmic."""

NAMED_AT_MOST = 30
"""Models that all have their name; of more, those on the front."""

FEW_DECADES = 1000
"""A ratio up to which the decades alone would be too few marks on an axis."""

SIDES = (
    (6, 5, "left", "bottom"),
    (6, -5, "left", "top"),
    (-6, 5, "right", "bottom"),
    (-6, -5, "right", "top"),
    (0, 18, "center", "bottom"),
    (0, -18, "center", "top"),
)
"""Where a name may stand beside its point, the best place first."""


class Point(NamedTuple):
    """A model in the plane of two quantities.

    Attributes:
        name: what the model is called.
        place: its two values.
        is_bound: whether one of them is a lower bound: the model may cost more than is drawn.
    """

    name: str
    place: tuple[float, float]
    is_bound: bool


class ComparisonPlots:
    """The plots of a comparison: `comparison.plot.pareto()`."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def pareto(
        self,
        x: str = "flops",
        y: str = "params",
        ax: "Axes | None" = None,
        *,
        better: Mapping[str, str] | None = None,
    ) -> "Axes":
        """Draws the models in the plane of two quantities, and the front: those that no other beats in both.

        Args:
            x: a name of `comparison.totals`, such as `"flops"`, `"params"` or `"peak_activation_bytes"`; `"rf"` is the
                receptive field on the axis where it is smallest.
            y: likewise.
            ax: where to draw.
            better: `"min"` or `"max"` for a quantity, where less is not better, or for a field, where more is not.

        Raises:
            CNNStatsError: there is no such quantity, or `better` says neither.
            MissingDependencyError: matplotlib is not installed.
        """
        wanted = (self._known(x), self._known(y))
        signs = _signs(wanted, better or {})
        ax = axes_of(ax)
        points = [point for number in range(len(self._comparison.names)) if (point := self._point(wanted, number))]
        best = front(points, signs)
        self._drawn(ax, points, best, signs)
        for name, axis, values in zip(wanted, (ax.xaxis, ax.yaxis), _columns(points), strict=True):
            _scaled(ax, axis, [value for value in values if value != inf])
            axis.set_label_text(self._label(name))
        self._left_out(ax, points)
        framed(ax)
        ax.grid(color="0.92")
        legend = ax.get_legend()
        if legend is not None:
            # Above the axes, as inside it would hide names.
            legend.set_loc("lower left")
            legend.set_bbox_to_anchor((0, 1.0))
        _named(ax, points if len(points) <= NAMED_AT_MOST else best, points)
        return ax

    def _known(self, name: str) -> str:
        known = [
            *self._comparison.totals,
            *(EXTENTS if any(report.axes for report in self._comparison.reports) else ()),
        ]
        if name not in known:
            raise CNNStatsError(
                f"pareto: expected one of {', '.join(f'`{each}`' for each in known)}. "
                f"Received: {name!r}.{nearest(str(name), known)}"
            )
        return name

    def _point(self, names: Sequence[str], number: int) -> Point | None:
        """A model's point; nothing where one of the two is unknown."""
        (x, x_bound), (y, y_bound) = (self._value(name, number) for name in names)
        if x is None or y is None:
            return None
        return Point(self._comparison.names[number], (float(x), float(y)), x_bound or y_bound)

    def _value(self, name: str, number: int) -> tuple[Extent, bool]:
        totals = self._comparison.totals
        if name not in EXTENTS:
            return totals[name].values[number], totals[name].lower_bounds[number]
        values = [totals[f"{name}_{letter}"].values[number] for letter in self._comparison.reports[number].axes]
        known = [value for value in values if value is not None]
        return (min(known) if known and len(known) == len(values) else None), False

    def _label(self, name: str) -> str:
        letter = name.rpartition("_")[2]
        stem = name.removesuffix(f"_{letter}")
        if name not in LABELS:
            return f"{LABELS[stem].lower()} on axis {letter} (input positions)"
        if name in EXTENTS:
            return f"{LABELS[name].lower()} (input positions)"
        header = self._comparison.reports[0].header
        remarks = []
        if name not in WHATEVER_THE_BATCH and "batch size" not in self._comparison.unlike:
            remarks.append(f"batch size {header.batch_size}")
        if name in ("flops", "train_flops"):
            remarks.append(plain(header.convention))
        return f"{LABELS[name]} ({', '.join(remarks)})" if remarks else LABELS[name]

    def _drawn(self, ax: "Axes", points: Sequence[Point], best: Sequence[Point], signs: tuple[int, int]) -> None:
        ours = sorted([point for point in best if inf not in point.place], key=lambda point: point.place)
        if len(ours) > 1:
            xs, ys = _columns(ours)
            # Behind the steps stands what is beaten.
            steps: Any = "steps-post" if signs[0] > 0 else "steps-pre"
            ax.plot(xs, ys, color=COLORS[0], linewidth=1, alpha=0.5, drawstyle=steps, zorder=1)
        bounds = [point for point in points if point.is_bound]
        beaten = [point for point in points if point not in best and not point.is_bound]
        for label, group, color, fill in (
            ("front", best, COLORS[0], COLORS[0]),
            ("beaten", beaten, BEATEN, BEATEN),
            ("lower bound: has more", bounds, COLORS[1], "none"),
        ):
            style: dict[str, Any] = {"linestyle": "", "color": color, "markerfacecolor": fill, "markersize": 6}
            for point in group:
                # What sees all of the input stands at the edge.
                (x, y), transform = _at(ax, point)
                is_whole = inf in point.place
                ax.plot([x], [y], "^" if is_whole else "o", clip_on=not is_whole, transform=transform, **style)
            if group:
                ax.plot([], [], "o", label=label, **style)

    def _left_out(self, ax: "Axes", points: Sequence[Point]) -> None:
        if any(inf in point.place for point in points):
            ax.plot([], [], "^", color=QUIET, label="at the edge: sees all of the input")
        known = {point.name for point in points}
        names = [shorten(drawable(name), 24) for name in self._comparison.names if name not in known]
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            ax.plot([], [], " ", label=f"not shown, unknown: {', '.join(names[:3])}{more}")


def front(points: Sequence[Point], signs: tuple[int, int]) -> list[Point]:
    """Returns the points that no other beats: none is as good in both quantities and better in one.

    A point of which one value is a lower bound is not among them, and beats none.

    >>> points = [Point("a", (1, 3), False), Point("b", (2, 1), False), Point("c", (2, 3), False)]
    >>> [point.name for point in front(points, (1, 1))], [point.name for point in front(points, (1, -1))]
    (['a', 'b'], ['a'])
    """
    exact = [point for point in points if not point.is_bound]
    ranked = sorted(exact, key=lambda point: (signs[0] * point.place[0], signs[1] * point.place[1]))
    found: list[Point] = []
    for point in ranked:
        is_better = not found or signs[1] * point.place[1] < signs[1] * found[-1].place[1]
        if is_better or point.place == found[-1].place:
            found.append(point)
    return found


def _signs(names: tuple[str, str], better: Mapping[str, str]) -> tuple[int, int]:
    """For each quantity 1 where less is better, and -1 where more is."""
    for name, what in better.items():
        if name not in names or what not in ("min", "max"):
            raise CNNStatsError(
                f'pareto: better: expected "min" or "max" for {" or ".join(names)}. Received: {what!r} for {name!r}.'
            )
    usual = {name: "max" if name.startswith(LARGER_IS_BETTER) else "min" for name in names}
    first, second = (1 if {**usual, **better}[name] == "min" else -1 for name in names)
    return first, second


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point.place[0] for point in points], [point.place[1] for point in points]


def _at(ax: "Axes", point: Point) -> tuple[tuple[float, float], Any]:
    """Where a point stands, and in which coordinates: the edge of the axes is at 1."""
    x, y = point.place
    transforms = {
        (False, False): ax.transData,
        (False, True): ax.get_xaxis_transform(),
        (True, False): ax.get_yaxis_transform(),
        (True, True): ax.transAxes,
    }
    return (1 if x == inf else x, 1 if y == inf else y), transforms[x == inf, y == inf]


def _scaled(ax: "Axes", axis: Any, values: Sequence[float]) -> None:
    """SI prefixes, and a logarithmic axis where the values span more than a linear one shows."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ratio = max(values) / min(values) if values and min(values) > 0 else 1
    scale = "log" if ratio >= LOGARITHMIC_FROM else "linear"
    if axis is ax.xaxis:
        ax.set_xscale(scale)
    else:
        ax.set_yscale(scale)
    ax.margins(0.15)
    with_prefixes(axis)
    if scale == "log":
        axis.set_minor_formatter(NullFormatter())
        if ratio < FEW_DECADES:
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _named(ax: "Axes", named: Sequence[Point], points: Sequence[Point]) -> None:
    """Writes each name beside its point, where it covers the least."""
    from matplotlib.transforms import Bbox

    ax.figure.canvas.draw()
    taken: list[Any] = []
    for point in points:
        place, transform = _at(ax, point)
        x, y = transform.transform(place)
        taken.append(Bbox.from_extents(x - 4, y - 4, x + 4, y + 4))
    for point in named:
        texts = [_name(ax, point, side) for side in SIDES]
        boxes = [text.get_window_extent() for text in texts]
        best = min(range(len(SIDES)), key=lambda side: _trouble(ax, boxes[side], taken))
        taken.append(boxes[best])
        for side, text in enumerate(texts):
            if side != best:
                text.remove()


def _name(ax: "Axes", point: Point, side: tuple[int, int, str, str]) -> Any:
    place, transform = _at(ax, point)
    x, y, ha, va = side
    return ax.annotate(
        shorten(drawable(point.name), 28), place, (x, y), xycoords=transform, textcoords="offset points", ha=ha, va=va,
        fontsize="small", parse_math=False, annotation_clip=False,
    )  # fmt: skip


def _trouble(ax: "Axes", box: Any, taken: Sequence[Any]) -> int:
    """How much a name there would cover; to hang over the edge of the axes is worst."""
    hangs_over = not (ax.bbox.containsx(box.x0) and ax.bbox.containsx(box.x1) and ax.bbox.containsy(box.y1))
    return sum([bool(box.overlaps(other)) for other in taken]) + len(taken) * hangs_over
