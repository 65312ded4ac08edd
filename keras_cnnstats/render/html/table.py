"""The table of the page: cells as in every rendering, the order of each column, and the sums of the blocks."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from keras_cnnstats.records import Row
from keras_cnnstats.render import cells, content
from keras_cnnstats.render.html.blocks import Block
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Count
from keras_cnnstats.verification import VERDICTS

_ORDERS: dict[str, Callable[[Row], Any]] = {
    "Layer": lambda row: (_natural(row.layer), row.call),
    "Type": lambda row: _natural(row.type),
    "Output shape": lambda row: tuple(tuple(size or 0 for size in shape[1:]) for shape in row.output_shapes),
    "Params": lambda row: row.params,
    "MACs": lambda row: row.macs,
    "FLOPs": lambda row: row.flops,
    "RF": lambda row: _known(row.receptive_field),
    "Local RF": lambda row: _known(row.local_receptive_field),
    "Stride": lambda row: _known(row.stride_product),
    "Padding": lambda row: _known(row.effective_padding),
    "Activation bytes": lambda row: row.activation_bytes,
    "Codes": lambda row: row.disagreements or None,
}
"""What the rows are ordered by; `None` is unknown and stands last."""

_SUMS: dict[str, Callable[[Row], Count]] = {
    "Params": lambda row: row.params,
    "MACs": lambda row: row.macs,
    "FLOPs": lambda row: row.flops,
    "Activation bytes": lambda row: row.activation_bytes,
}
"""Columns that a block has a sum in."""

_LEAVING = ("Output shape", "RF", "Local RF", "Stride", "Padding")
"""Columns in which a block shows what its last row does."""


def table(report: Report, blocks: Sequence[Block]) -> dict[str, Any]:
    """Returns the columns and the blocks of the table."""
    found = cells.columns(report)
    activations = tuple(cells.count_text(row.activation_bytes) for row in report.rows)
    codes = [column for column in found if column.title == "Codes"]
    found = [column for column in found if column.title != "Codes"]
    found += [cells.Column(title="Activation bytes", cells=activations, rounded=activations, numeric=True), *codes]
    groups = [group.code for group in content.groups(report)]
    return {
        "columns": [
            {
                "title": column.title,
                "numeric": column.numeric,
                "cells": column.cells,
                "ranks": _ranks(_keys(report, column.title)),
            }
            for column in found
        ],
        "blocks": [
            {"name": block.name, "first": block.first, "stop": block.stop, "cells": _block_cells(report, block, found)}
            for block in blocks
        ],
        "codes": [[(code, groups.index(code)) for code in _codes(row) if code in groups] for row in report.rows],
        "total": content.total_cells(report, [column.title for column in found]),
    }


def _codes(row: Row) -> list[str]:
    return [cells.plain(code) for code in row.disagreements]


def _keys(report: Report, title: str) -> list[Any]:
    if title == "Proof" and report.verification is not None:
        verdicts = [report.verification.verdict_of(row.layer, row.call) for row in report.rows]
        return [VERDICTS.index(verdict) if verdict else None for verdict in verdicts]
    return [_ORDERS[title](row) for row in report.rows]


def _ranks(keys: Sequence[Any]) -> list[int | None]:
    """The place of each key among the different ones: integers of any size compare exactly, and the page is small."""
    ranks = {key: rank for rank, key in enumerate(sorted({key for key in keys if key is not None}))}
    return [None if key is None else ranks[key] for key in keys]


def _natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Text in the order in which `conv_2` stands before `conv_10`."""
    parts = re.split(r"([0-9]+)", text.lower())
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part)


def _known(values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return values if values and None not in values else None


def _block_cells(report: Report, block: Block, columns: Sequence[cells.Column]) -> list[str]:
    if block.size == 1:
        return []
    rows = report.rows[block.first : block.stop]
    return [
        _sum([_SUMS[column.title](row) for row in rows])
        if column.title in _SUMS
        else column.cells[block.stop - 1]
        if column.title in _LEAVING
        else ""
        for column in columns
    ]


def _sum(counts: Sequence[Count]) -> str:
    bound = "≥ " if None in counts else ""
    return f"{bound}{sum([count or 0 for count in counts]):,}"
