"""Plots of a report, with matplotlib: what each layer sees and costs. Each takes `ax=` and returns it, like pandas."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, cycle
from math import inf, nan
from typing import TYPE_CHECKING, Any

from keras_cnnstats.errors import CNNStatsError, missing, nearest
from keras_cnnstats.render.cells import layer_name, plain
from keras_cnnstats.render.display import shorten
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Told apart by everybody, also by who sees no red or no green (Okabe and Ito)."""

QUIET = "0.35"
"""The grey of lines that are there for comparison."""

NAMED_AT_MOST = 40
"""Layers that have their name under them; of more, the axis has numbers."""

QUANTITIES = {
    "flops": "FLOPs",
    "macs": "MACs",
    "params": "parameters",
    "train_flops": "FLOPs of a training step",
    "activation_bytes": "bytes of outputs",
    "moved_bytes": "bytes moved",
}
"""Columns that a layer's cost may be, and what stands at the axis."""


class Plots:
    """The plots of a report: `report.plot.cost()`.

    Each draws on `ax`, or on a figure of its own, and returns the axes. What is unknown is a cross at the lower edge.
    All raise `MissingDependencyError` where matplotlib is not installed.
    """

    def __init__(self, report: Report) -> None:
        self._report = report

    def receptive_field(self, ax: "Axes | None" = None) -> "Axes":
        """Draws how the receptive field grows with depth, against the input's size.

        A line for each axis, or for several that are alike. At the upper edge stands what sees the whole input. Dashed
        is the local field, which leaves global side branches out, where that is another.
        """
        ax = axes_of(ax)
        for color, letters in zip(cycle(COLORS), _alike(self._report), strict=False):
            self._field(ax, letters, color)
        self._input_sizes(ax)
        ax.set_ylabel("receptive field (input positions)")
        ax.set_ylim(bottom=0)
        return self._finished(ax)

    def _field(self, ax: "Axes", letters: Sequence[str], color: str) -> None:
        axis, name = self._report.axes.index(letters[0]), self._on(letters)
        sizes = [row.receptive_field[axis] if row.fields else 0 for row in self._report.rows]
        local = [row.local_receptive_field[axis] if row.local_fields else 0 for row in self._report.rows]
        ax.plot(_finite(sizes), color=color, label=f"receptive field{name}", **_line(sizes))
        if sizes != local:
            # A side branch itself sees the whole input in either sense: the line passes it by.
            pairs = [(size, near) for size, near in zip(sizes, local, strict=True)]
            numbers = [number for number, pair in enumerate(pairs) if pair != (inf, inf)]
            apart = _finite([near if near != size else None for size, near in pairs])
            along = [apart[number] for number in numbers]
            ax.plot(numbers, along, color=color, linestyle="--", label=f"local{name}", **_line(sizes))
        _at_edge(ax, [number for number, size in enumerate(sizes) if size == inf], 1, "v", color, "whole input")
        self._unknown(ax, sizes)

    def _input_sizes(self, ax: "Axes") -> None:
        report = self._report
        found: dict[int, list[str]] = {}
        for letter, size in zip(report.axes, report.rows[0].input_sizes if report.rows else (), strict=False):
            if size is not None:
                found.setdefault(size, []).append(letter)
        for size, letters in found.items():
            label = f"input: {size:,}{self._on(letters)}"
            ax.axhline(size, color=QUIET, linewidth=0.9, linestyle=":", label=label)

    def _on(self, letters: Sequence[str]) -> str:
        """Which axes are meant, where those are not all."""
        return "" if len(letters) == len(self._report.axes) else f" ({', '.join(letters)})"

    def cost(self, quantity: str = "flops", ax: "Axes | None" = None) -> "Axes":
        """Draws what each layer costs, in the order of their calls; the dearest of many have their name.

        Args:
            quantity: `"flops"`, `"macs"`, `"params"`, `"train_flops"`, `"activation_bytes"` or `"moved_bytes"`.
            ax: where to draw.

        Raises:
            CNNStatsError: there is no such quantity.
        """
        values = self._values(quantity)
        ax = axes_of(ax)
        # With an edge, as a bar that is thinner than a point of the picture would vanish.
        heights = [float(value or 0) for value in values]
        ax.bar(range(len(values)), heights, width=0.8, color=COLORS[0], edgecolor=COLORS[0], linewidth=0.6)
        self._unknown(ax, values)
        if len(values) > NAMED_AT_MOST:
            for number in _dearest(values):
                self._pointed_out(ax, number, values[number] or 0)
        with_prefixes(ax.yaxis)
        ax.set_ylabel(self._label(quantity))
        ax.margins(y=0.15)
        ax.set_ylim(bottom=0)
        return self._finished(ax)

    def _pointed_out(self, ax: "Axes", number: int, value: int) -> None:
        side = ("left", "center", "right")[min(3 * number // len(self._report), 2)]
        ax.annotate(
            self._name(number), (number, float(value)), (0, 3), textcoords="offset points", ha=side, fontsize="small",
            parse_math=False,
        )  # fmt: skip

    def cumulative(self, quantities: Sequence[str] = ("flops", "params"), ax: "Axes | None" = None) -> "Axes":
        """Draws which share of the whole cost the layers up to each have, in percent.

        Args:
            quantities: columns as in `cost`, a line each. Where layers are unknown, it is the share of the known ones.
            ax: where to draw.

        Raises:
            CNNStatsError: there is no such quantity.
        """
        columns = {quantity: self._values(quantity) for quantity in quantities}
        ax = axes_of(ax)
        for color, (quantity, values) in zip(cycle(COLORS), columns.items(), strict=False):
            sums = list(accumulate([value or 0 for value in values]))
            shares = [100 * part / sums[-1] if sums[-1] else nan for part in sums]
            label = QUANTITIES[quantity] + (" that are known" if None in values else "")
            ax.plot(shares, color=color, label=label, drawstyle="steps-post", **_line(values))
        self._unknown(ax, [None if None in at_once else 0 for at_once in zip(*columns.values(), strict=True)])
        ax.set_ylabel("share up to this layer (%)")
        ax.set_ylim(0, 105)
        return self._finished(ax)

    def roofline(self, *, peak_flops: float, bandwidth: float, ax: "Axes | None" = None) -> "Axes":
        """Draws the speed that each layer can reach at most on a machine: where it stands under the machine's roof.

        The larger a point, the more of the FLOPs are its. Nothing is measured: all points stand on the roof.

        Args:
            peak_flops: floating-point operations that the machine can do in a second.
            bandwidth: bytes that it can move in a second.
            ax: where to draw.

        Raises:
            MachineError: one of the two is no positive number.
        """
        result = self._report.roofline(peak_flops=peak_flops, bandwidth=bandwidth, verbose=False)
        ax = axes_of(ax)
        shown = [row for row in result.rows if row.intensity]
        most = max((row.flops or 0 for row in shown), default=1)
        ends = [row.intensity or 0 for row in shown]
        left, right = min([*ends, result.balance]) / 2, max([*ends, result.balance]) * 2
        roof = [left, result.balance, right]
        ax.plot(roof, [min(peak_flops, x * bandwidth) for x in roof], color=QUIET, zorder=1)
        for color, limit in zip(COLORS, ("compute", "memory"), strict=False):
            rows = [row for row in shown if row.limit == limit]
            if not rows:
                continue
            ax.scatter(
                [row.intensity or 0 for row in rows], [row.attainable_flops or 0 for row in rows],
                s=[8 + 120 * (row.flops or 0) / most for row in rows], color=color, alpha=0.6, linewidths=0,
                label=f"bound by {limit}: {len(rows):,} of {len(result.rows):,}",
            )  # fmt: skip
        rest = {"unknown": sum(row.limit == "unknown" for row in result.rows)}
        rest["without FLOPs"] = len(result.rows) - len(shown) - rest["unknown"]
        for name, count in rest.items():
            if count:
                ax.plot([], [], " ", label=f"not shown, {name}: {count:,}")
        ax.set(xscale="log", yscale="log", xlabel="FLOPs per byte moved", ylabel="attainable speed (FLOPS)")
        with_prefixes(ax.yaxis)
        _title(ax, self._report.header.model)
        return framed(ax)

    def _values(self, quantity: str) -> list[int | None]:
        if quantity not in QUANTITIES:
            known = ", ".join(f"`{name}`" for name in QUANTITIES)
            raise CNNStatsError(
                f"plot: expected one of {known}. Received: {quantity!r}.{nearest(str(quantity), QUANTITIES)}"
            )
        return [getattr(row, quantity) for row in self._report.rows]

    def _label(self, quantity: str) -> str:
        header = self._report.header
        convention = f", {plain(header.convention)}" if "flops" in quantity else ""
        return f"{QUANTITIES[quantity]} (batch size {header.batch_size}{convention})"

    def _unknown(self, ax: "Axes", values: Sequence[Extent]) -> None:
        """Crosses where nobody could derive a value."""
        _at_edge(ax, [number for number, value in enumerate(values) if value is None], 0, "x", "black", "unknown")

    def _finished(self, ax: "Axes") -> "Axes":
        """The axis of layers, under their names where there is room for them."""
        count = len(self._report)
        if 0 < count <= NAMED_AT_MOST:
            labels = ax.set_xticks(range(count), [self._name(number) for number in range(count)])
            for tick in labels:
                tick.label1.set(rotation=90, parse_math=False, fontsize="small")
        else:
            ax.set_xlabel("layer, in the order of calls")
        ax.margins(x=0.01)
        _title(ax, self._report.header.model)
        return framed(ax)

    def _name(self, number: int) -> str:
        row = self._report.rows[number]
        return shorten(drawable(layer_name(row.layer, row.call)), 28)


def axes_of(ax: Any, columns: int = 1) -> Any:
    """Returns `ax`, or the axes of a new figure: one, or several side by side.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise missing("plot", "matplotlib", "plot") from error
    if ax is not None:
        return ax
    size = (7.0 if columns == 1 else 4.2 * columns, 4.2)
    return pyplot.subplots(1, columns, figsize=size, layout="constrained")[1]


def framed(ax: "Axes") -> "Axes":
    """Returns the axes with as little round the curves as is needed, and a legend where there is something to tell."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="0.92")
    ax.set_axisbelow(True)
    if ax.get_legend_handles_labels()[1]:
        legend = ax.legend(frameon=False, fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)
    return ax


def drawable(text: str) -> str:
    """Returns text as one line, with a question mark for each character that matplotlib's own font lacks."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    return "".join(char if font.get_char_index(ord(char)) else "?" for char in plain(text))


def _title(ax: "Axes", name: str) -> None:
    ax.set_title(shorten(drawable(name), 60), loc="left", fontsize="medium", parse_math=False)


def _alike(report: Report) -> list[list[str]]:
    """The letters of the axes; those of which each field and the input's size are the same stand together."""
    found: dict[Any, list[str]] = {}
    for axis, letter in enumerate(report.axes):
        key = tuple(
            (row.receptive_field[axis], row.local_receptive_field[axis], row.input_sizes[axis])
            for row in report.rows
            if row.fields
        )
        found.setdefault(key, []).append(letter)
    return list(found.values())


def _dearest(values: Sequence[int | None]) -> list[int]:
    """At most three of those that stand out, as far from each other as their names need."""
    largest = max((value or 0 for value in values), default=0)
    found: list[int] = []
    for number in sorted(range(len(values)), key=lambda number: values[number] or 0, reverse=True):
        stands_out = 5 * (values[number] or 0) > largest
        if stands_out and all(abs(number - other) > len(values) / 3 for other in found):
            found.append(number)
    return found


def _finite(values: Iterable[Extent]) -> list[float]:
    return [nan if value is None or value == inf else float(value) for value in values]


def _line(values: Sequence[Any]) -> dict[str, Any]:
    """Points on a line where they have room."""
    return {
        "linewidth": 1.4 if len(values) <= 400 else 0.8,
        "marker": "o" if len(values) <= NAMED_AT_MOST else "",
        "markersize": 3.5,
    }


def _at_edge(ax: "Axes", numbers: Sequence[int], edge: int, marker: str, color: str, label: str) -> None:
    """Marks at the lower or the upper edge of the axes; the legend has each meaning once."""
    if not numbers:
        return
    label = f"_{label}" if label in ax.get_legend_handles_labels()[1] else label
    where: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "clip_on": False, "zorder": 3}
    size = 5 if len(numbers) <= NAMED_AT_MOST else 3
    ax.plot(numbers, [edge] * len(numbers), marker, color=color, markersize=size, label=label, **where)


def with_prefixes(axis: Any) -> None:
    """Writes the large numbers of an axis with SI prefixes."""
    from matplotlib.ticker import EngFormatter

    axis.set_major_formatter(EngFormatter())
