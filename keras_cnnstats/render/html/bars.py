"""Where parameters, FLOPs and memory go: the largest shares by block, by layer and by type, and the rest."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from keras_cnnstats.render.cells import count_text, layer_name, plain, rounded_text
from keras_cnnstats.render.html.blocks import Block
from keras_cnnstats.render.html.drawing import COSTS
from keras_cnnstats.reports import Report

BARS_AT_MOST = 10
"""Bars of one quantity, before all others together."""


class Bar(NamedTuple):
    """One share of a sum.

    Attributes:
        name: whose share.
        exact: how much.
        rounded: the same to three digits.
        share: in percent of the sum.
        width: in percent of the longest bar.
        is_rest: whether it stands for all others.
    """

    name: str
    exact: str
    rounded: str
    share: str
    width: float
    is_rest: bool = False


class Chart(NamedTuple):
    """The shares of one quantity.

    Attributes:
        title: the quantity.
        total: their sum to three digits, as a lower bound where some are unknown.
        views: for `block`, `layer` and `type` the bars, the longest first and the rest last.
    """

    title: str
    total: str
    views: dict[str, list[Bar]]


def charts(report: Report, blocks: Sequence[Block]) -> list[Chart]:
    """Returns a chart for each quantity of which there is any."""
    rows = report.rows
    names = {
        "block": [block.name for block in blocks for _ in range(block.size)],
        "layer": [layer_name(row.layer, row.call) for row in rows],
        "type": [plain(row.type) for row in rows],
    }
    if all(block.size == 1 for block in blocks):
        del names["block"]
    found = []
    for title, cost in COSTS.items():
        counts = [cost(row) for row in rows]
        total = sum([count or 0 for count in counts])
        if total:
            bound = "≥ " if None in counts else ""
            views = {view: _bars(zip(keys, counts, strict=True), total) for view, keys in names.items()}
            found.append(Chart(title, bound + rounded_text(total), views))
    return found


def _bars(pairs: Iterable[tuple[str, Any]], total: int) -> list[Bar]:
    sums: dict[str, int] = {}
    for name, count in pairs:
        sums[name] = sums.get(name, 0) + (count or 0)
    ordered = sorted([pair for pair in sums.items() if pair[1]], key=lambda pair: -pair[1])
    shown, others = ordered[:BARS_AT_MOST], ordered[BARS_AT_MOST:]
    rest = sum([count for _, count in others])
    longest = max(shown[0][1], rest)
    found = [_bar(name, count, total, longest) for name, count in shown]
    return [*found, _bar(f"{len(others):,} more", rest, total, longest)._replace(is_rest=True)] if others else found


def _bar(name: str, count: int, total: int, longest: int) -> Bar:
    share, width = f"{count / total:.1%}", round(100 * count / longest, 2)
    return Bar(name, count_text(count), rounded_text(count), share, width)
