"""A report with what is nested deep folded into the models and layers that hold it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from keras_cnnstats.errors import UnknownLayerError
from keras_cnnstats.placement import total
from keras_cnnstats.precision import Sparsity, summed
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.totals import work_by_kind
from keras_cnnstats.units import Training, sum_if_known, together

SOURCES = ("unknown", "measured", "traced", "inherited", "rule")
"""Where numbers come from, the least certain first: that of a block is the first that it has."""


class _Block(NamedTuple):
    name: str
    places: list[int]


def at_depth(report: Report, depth: int) -> Report:
    """Returns the report with one row for each part of the model that stands at `depth`, and the same totals.

    A row whose cost is unknown stays by itself, behind the row of its block: a sum cannot hold it.
    """
    if type(depth) is not int or depth < 1:
        raise UnknownLayerError(f"at_depth: expected how many levels to keep, 1 or more. Received: {depth!r}.")
    blocks = list(_blocks(report.rows, depth))
    home = {place: number for number, block in enumerate(blocks) for place in block.places}
    calls: dict[str, int] = {}
    rows = []
    for number, block in enumerate(blocks):
        members = [report.rows[place] for place in block.places]
        read = sorted({home[place] for row in members for place in row.inputs} - {number})
        inputs = tuple(place for place in read if place < number)
        if [row.layer for row in members] == [block.name]:
            rows.append(members[0]._replace(inputs=inputs))
        else:
            call = calls[block.name] = calls.get(block.name, -1) + 1
            rows.append(_folded(members)._replace(layer=block.name, call=call, inputs=inputs))
    return replace(report, rows=tuple(rows))


def _blocks(rows: Sequence[Row], depth: int) -> Iterator[_Block]:
    """Runs of rows that stand in the same part; a part that is called again begins anew."""
    block, alone, seen = _Block("", []), list[_Block](), set[str]()
    for place, row in enumerate(rows):
        name = "/".join(row.layer.split("/")[:depth])
        if name == row.layer or name != block.name or row.layer in seen:
            yield from _flushed(block, alone)
            block, alone, seen = _Block(name, []), [], set()
        seen.add(row.layer)
        if _adds_up(row):
            block.places.append(place)
        else:
            alone.append(_Block(row.layer, [place]))
    yield from _flushed(block, alone)


def _flushed(block: _Block, alone: Sequence[_Block]) -> list[_Block]:
    return [*([block] if block.places else []), *alone]


def _adds_up(row: Row) -> bool:
    known = row.work is not None and row.training is not None and (row.share is None or row.share.work is not None)
    return known and (row.sparsity is None or row.sparsity.macs is not None)


def _folded(rows: Sequence[Row]) -> Row:
    """The row of a block: the sums of what is counted, and what the last of its rows makes and sees."""
    codes = dict.fromkeys(chain.from_iterable(row.disagreements for row in rows))
    steps = [row.training for row in rows if row.training is not None]
    found = [row.sparsity for row in rows if row.sparsity is not None]
    return rows[-1]._replace(
        type="1 call" if len(rows) == 1 else f"{len(rows):,} calls",
        params=sum(row.params for row in rows),
        trainable_params=sum(row.trainable_params for row in rows),
        quantizer_params=sum(row.quantizer_params for row in rows),
        work=tuple(work_by_kind(rows).items()),
        training=Training(*map(together, zip(*steps, strict=True))),
        sparsity=Sparsity(*[sum_if_known(counts) for counts in zip(*found, strict=True)]) if found else None,
        stored=summed(chain.from_iterable(row.stored for row in rows)),
        operands=summed(chain.from_iterable(row.operands for row in rows)),
        activation_bytes=sum_if_known([row.activation_bytes for row in rows]),
        moved_bytes=sum_if_known([row.moved_bytes for row in rows]),
        aligned=min((row.aligned for row in rows), key=(False, None, True).index),
        source=min((row.source for row in rows), key=SOURCES.index),
        note="; ".join(dict.fromkeys(row.note for row in rows if row.note)),
        disagreements=tuple(codes),
        share=total([row.share for row in rows]),
    )
