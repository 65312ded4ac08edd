"""The model as a graph to draw: its blocks, the rows inside of each, what flows between them, and what each costs."""

from collections.abc import Callable, Sequence
from typing import Any

from keras_cnnstats import units
from keras_cnnstats.records import Row
from keras_cnnstats.render.cells import layer_name, rounded_text
from keras_cnnstats.render.html.blocks import Block
from keras_cnnstats.render.html.layout import Layout, layout
from keras_cnnstats.reports import Report

STEPS = 6
"""Colours of cost, from none to most."""

COSTS: dict[str, Callable[[Row], units.Count]] = {
    "FLOPs": lambda row: row.flops,
    "Parameters": lambda row: row.params,
    "Activation bytes": lambda row: row.activation_bytes,
}
"""What the nodes can be coloured by."""


def drawing(report: Report, blocks: Sequence[Block]) -> dict[str, Any]:
    """Returns the graph of the blocks and those inside of each, as the page draws them."""
    rows = report.rows
    block_of = [number for number, block in enumerate(blocks) for _ in range(block.size)]
    edges = [
        (block_of[source], block_of[place])
        for place, row in enumerate(rows)
        for source in row.inputs
        if block_of[source] != block_of[place]
    ]
    read = {source for row in rows for source in row.inputs}
    return {
        "outer": _packed(layout(len(blocks), edges)),
        "inner": [_inner(rows, block, read) if block.size > 1 else None for block in blocks],
        "rows": {name: _costs([cost(row) for row in rows]) for name, cost in COSTS.items()},
        "blocks": {
            name: _costs(
                [units.sum_if_known([cost(row) for row in rows[block.first : block.stop]]) for block in blocks]
            )
            for name, cost in COSTS.items()
        },
    }


def _inner(rows: Sequence[Row], block: Block, read: set[int]) -> dict[str, Any]:
    """The graph inside of a block: first what comes in, then its rows, then one node for all that goes out."""
    inside = range(block.first, block.stop)
    feeding = sorted({source for place in inside for source in rows[place].inputs if source < block.first})
    numbers = {place: number for number, place in enumerate([*feeding, *inside])}
    edges = [(numbers[source], numbers[place]) for place in inside for source in rows[place].inputs]
    read_after = {source for row in rows[block.stop :] for source in row.inputs}
    leaving = [place for place in inside if place in read_after or place not in read]
    edges += [(numbers[place], len(numbers)) for place in leaving]
    names = [layer_name(rows[place].layer, rows[place].call) for place in feeding]
    return {"feeding": names, **_packed(layout(len(numbers) + 1, edges))}


def _packed(placed: Layout) -> dict[str, Any]:
    return placed._asdict()


def _costs(counts: Sequence[units.Count]) -> dict[str, Any]:
    """Texts and colours of some costs; each step of colour stands for a third of the step above it."""
    most = max([count or 0 for count in counts], default=0)
    return {
        "texts": [rounded_text(count) for count in counts],
        "steps": [None if count is None else _step(count, most) for count in counts],
    }


def _step(count: int, most: int) -> int:
    if not count:
        return 0
    return max([STEPS - 1 - below for below in range(STEPS - 1) if count * 3**below >= most], default=1)
