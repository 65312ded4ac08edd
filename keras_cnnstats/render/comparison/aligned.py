"""What became of each row, as the plain text of every rendering: lines, blocks and columns."""

from collections.abc import Callable, Sequence
from itertools import groupby

from keras_cnnstats import units
from keras_cnnstats.alignment import COUNTS, EXTENTS
from keras_cnnstats.comparison import ADDED, REMOVED, RENAMED, SAME, SEES, STATUSES, Change, Comparison
from keras_cnnstats.records import Row
from keras_cnnstats.render.cells import (
    Column,
    axes_text,
    count_text,
    layer_name,
    numbers,
    plain,
    shape_text,
    words,
)
from keras_cnnstats.render.comparison.content import ARROW, LABELS, signed
from keras_cnnstats.render.html.blocks import block_name

CORE = ("params", "macs", "flops")
"""Counts by which a change of cost shows; others have a column where something changed in none of these."""


def of_each(comparison: Comparison) -> list[tuple[int, list[Change]]]:
    """Returns all aligned rows by the other report, with its number."""
    groups = {name: list(changes) for name, changes in groupby(comparison.aligned, key=lambda change: change.other)}
    return [(number, groups.get(name, [])) for number, name in enumerate(comparison.names[1:], start=1)]


def tally(changes: Sequence[Change]) -> str:
    """Returns how many rows became what.

    >>> row = Row("conv", "Conv2D", ())
    >>> tally([Change("b", "same", row, row), Change("b", "added", None, row), Change("b", "added", None, row)])
    '2 added, 1 the same'
    """
    names = {**{status: status for status in STATUSES}, SEES: "with another field", SAME: "the same"}
    counts = {name: sum(change.status == status for change in changes) for status, name in names.items()}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "no layers"


def listed(changes: Sequence[Change]) -> list[Change]:
    """Returns the changes that have a line each: all but of what costs the same and sees something else."""
    return [change for change in changes if change.status not in (SAME, SEES)]


def seeing_otherwise(changes: Sequence[Change]) -> str:
    """Returns in a line which rows cost the same and see something else, mostly because of what stands before them."""
    found = [change for change in changes if change.status == SEES]
    if not found:
        return ""
    name = layer_name(found[0].row.layer, found[0].row.call)
    count = "1 layer costs the same and sees" if len(found) == 1 else f"{len(found):,} layers cost the same and see"
    return f"{count} something else; first {name}: {field(found[0])}"


def field(change: Change) -> str:
    """Returns the first of receptive field, local field, stride and padding that is another now: before and after."""
    if change.before is None or change.after is None:
        return ""
    for name, attribute in EXTENTS.items():
        before, after = (_extent(row, attribute) for row in (change.before, change.after))
        if before != after:
            return f"{_FIELDS[name]}{before} {ARROW} {after}"
    return ""


_FIELDS = {"rf": "", "local_rf": "local ", "stride": "stride ", "padding": "padding "}


def _extent(row: Row, attribute: str) -> str:
    values = [units.extent_text(value) for value in getattr(row, attribute)]
    return axes_text(values) if values else "-"


def blocks(changes: Sequence[Change]) -> list[list[Change]]:
    """Returns the changes in lists of one; those of layers of one block that all came, or all went, in one list."""

    def block(change: Change) -> tuple[str, str] | int:
        name = block_name(change.row.layer) if change.status in (ADDED, REMOVED) else ""
        return (change.status, name) if name else id(change)

    return [list(group) for _, group in groupby(changes, key=block)]


def columns(groups: Sequence[Sequence[Change]]) -> list[Column]:
    """Returns the columns of a table with a line for each group, those in which there is something to say."""
    changes = [change for group in groups for change in group]
    names = [name for name in COUNTS if name in CORE or any(_only_there(change, name) for change in changes)]
    found = [
        words("Change", [group[0].status for group in groups]),
        words("Layer", [_layers(group) for group in groups]),
        words("Type", [_of_one(group, lambda row: plain(row.type)) for group in groups]),
        words("Output shape", [_of_one(group, lambda row: shape_text(row.output_shapes)) for group in groups]),
        *(numbers(LABELS[name], [_count(group, name) for group in groups]) for name in names),
        numbers("RF", [field(group[0]) for group in groups]),
    ]
    return [column for column in found if any(column.cells)]


def _only_there(change: Change, name: str) -> bool:
    """Whether the change would not show, had this count no column."""
    changed = change.changed
    return name in changed and not set(changed) & {*CORE, "type", "output_shape"}


def _layers(group: Sequence[Change]) -> str:
    first = group[0]
    if len(group) > 1:
        return f"{plain(block_name(first.row.layer))}: {len(group):,} layers"
    # Where the numbers alone differ, the name of today is enough.
    if first.status == RENAMED:
        return _of_one(group, lambda row: layer_name(row.layer, row.call))
    return layer_name(first.row.layer, first.row.call)


def _of_one(group: Sequence[Change], text: Callable[[Row], str]) -> str:
    """What a row has, before and after where that differs; nothing of several."""
    if len(group) > 1:
        return ""
    texts = [text(row) for row in (group[0].before, group[0].after) if row is not None]
    return f" {ARROW} ".join(dict.fromkeys(texts))


def _count(group: Sequence[Change], name: str) -> str:
    before, after = group[0].values(name)
    if group[0].before and group[0].after and None in (before, after):
        return "" if before == after else f"{count_text(before)} {ARROW} {count_text(after)}"
    differences = [change.difference(name) for change in group]
    return "?" if None in differences else signed(sum([difference or 0 for difference in differences]))
