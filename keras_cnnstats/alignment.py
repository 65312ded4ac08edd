"""Which row of one report is which of another: by the names that people gave, by content, and by the order."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from keras_cnnstats.records import Row
from keras_cnnstats.units import Extent

COUNTS = (
    "params", "trainable_params", "macs", "flops", "transcendentals", "train_flops", "param_bytes", "quantizer_params",
    "activation_bytes",
)  # fmt: skip
"""Counts of a row that are compared."""

EXTENTS = {
    "rf": "receptive_field",
    "local_rf": "local_receptive_field",
    "stride": "stride_product",
    "padding": "effective_padding",
}
"""What is compared on each axis, by the names that the columns of the DataFrame begin with."""

_NUMBER = re.compile(r"_[0-9]+(?=/|$)")
_LAST_NUMBER = re.compile(r"_[0-9]+$")


class Aligned(NamedTuple):
    """Rows that are each other's, by their numbers; `None` where a row has no partner.

    Attributes:
        before: number of the row in the first report.
        after: number of the row in the second.
        is_moved: whether it stands elsewhere among the others.
    """

    before: int | None
    after: int | None
    is_moved: bool = False


class _Gap(NamedTuple):
    """Rows of both reports between two that are aligned."""

    start: int
    stop: int
    other_start: int
    other_stop: int


def align(before: Sequence[Row], after: Sequence[Row]) -> list[Aligned]:
    """Returns all rows of two reports, aligned, in the order of the second.

    The numbers that Keras gives to layers without a name say nothing: they depend on what was built before. Rows are
    matched in their order, in rounds: those with a given name by it, then those of the same class that cost the same,
    then those of the same name, then those of other names that cost the same. Each round looks between what those
    before it have found. In the end, a given name that stands elsewhere is matched too.
    """
    found: dict[int, int] = {}
    gaps = [_Gap(0, len(before), 0, len(after))]
    for key in (_given_name, _same_cost, _own_name, name_without_numbers, costs):
        keys, other_keys = ([_key(key, row, alone) for row in rows] for rows, alone in ((before, 0), (after, 1)))
        gaps = [rest for gap in gaps for rest in _matched(keys, other_keys, gap, found)]
    moved = _moved(before, after, found)
    return list(_in_order(len(before), len(after), found, moved))


def name_without_numbers(row: Row) -> tuple[str, int]:
    """Returns a row's path without the numbers that Keras may have given to it and to models around it, and its call.

    >>> name_without_numbers(Row("functional_3/conv2d_7", "Conv2D", ())), name_without_numbers(Row("fc_7", "Dense", ()))
    (('functional/conv2d', 0), ('fc_7', 0))
    """
    folder, slash, name = row.layer.rpartition("/")
    return _NUMBER.sub("", folder) + slash + (_LAST_NUMBER.sub("", name) if _is_automatic(row) else name), row.call


def costs(row: Row) -> tuple[Hashable, ...]:
    """Returns what a row is and costs, without its name and without what it sees."""
    return (row.type, row.output_shapes, *[getattr(row, name) for name in COUNTS])


def fields(row: Row) -> tuple[tuple[Extent, ...], ...]:
    """Returns what a row sees, on each axis."""
    return tuple(getattr(row, attribute) for attribute in EXTENTS.values())


def _is_automatic(row: Row) -> bool:
    """Whether Keras made the name up, of the class or the operation."""
    name = _LAST_NUMBER.sub("", row.layer.rpartition("/")[2])
    return name.replace("_", "").lower() == row.type.replace("_", "").lower()


def _given_name(row: Row) -> Hashable | None:
    folder = row.layer.rpartition("/")[0]
    return None if _is_automatic(row) or _NUMBER.search(folder) else (row.layer, row.call)


def _same_cost(row: Row) -> Hashable:
    return name_without_numbers(row), costs(row)


def _own_name(row: Row) -> Hashable:
    return _LAST_NUMBER.sub("", row.layer) if _is_automatic(row) else row.layer, row.call


def _key(key: Callable[[Row], Hashable | None], row: Row, alone: int) -> Hashable:
    found = key(row)
    # A row without a key is like no row of the other report.
    return alone if found is None else found


def _matched(
    keys: Sequence[Hashable], other_keys: Sequence[Hashable], gap: _Gap, found: dict[int, int]
) -> Iterator[_Gap]:
    """Matches rows of the same key, and yields the gaps that remain."""
    place, other_place = gap.start, gap.other_start
    for ours, others in _common(keys[gap.start : gap.stop], other_keys[gap.other_start : gap.other_stop]):
        number, other = gap.start + ours, gap.other_start + others
        found[number] = other
        if place < number and other_place < other:
            yield _Gap(place, number, other_place, other)
        place, other_place = number + 1, other + 1
    if place < gap.stop and other_place < gap.other_stop:
        yield _Gap(place, gap.stop, other_place, gap.other_stop)


def _common(ours: Sequence[Hashable], others: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """The places of a longest common subsequence, in order."""
    # The same beginning and end are most of two versions of a model, and need no search.
    most = min(len(ours), len(others))
    head = next((place for place in range(most) if ours[place] != others[place]), most)
    tail = next((n for n in range(most - head) if ours[-1 - n] != others[-1 - n]), most - head)
    yield from zip(range(head), range(head), strict=True)
    for place, other in _longest(ours[head : len(ours) - tail], others[head : len(others) - tail]):
        yield head + place, head + other
    yield from zip(range(len(ours) - tail, len(ours)), range(len(others) - tail, len(others)), strict=True)


def _longest(ours: Sequence[Hashable], others: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The same by the bits of long integers: a column of the usual table is an addition, so that thousands are fast.

    A bit that is 0 says that the common subsequence with what was read of `others` grows by that place of `ours`.
    Source: Hyyrö, "Bit-parallel LCS-length computation revisited", 2004.
    """
    places: dict[Hashable, int] = {}
    for place, key in enumerate(ours):
        places[key] = places.get(key, 0) | 1 << place
    everywhere = (1 << len(ours)) - 1
    columns = [everywhere]
    for key in others:
        column, equal = columns[-1], places.get(key, 0)
        columns.append((column + (column & equal) | column & ~equal) & everywhere)
    found = []
    place, other = len(ours), len(others)
    while place and other:
        bit = 1 << (place - 1)
        if columns[other] & bit:
            place -= 1
        elif not columns[other - 1] & bit:
            other -= 1
        else:
            place, other = place - 1, other - 1
            found.append((place, other))
    return found[::-1]


def _moved(before: Sequence[Row], after: Sequence[Row], found: dict[int, int]) -> dict[int, int]:
    """The rows with a given name that has a partner out of order."""
    taken = set(found.values())
    names = {_given_name(row): number for number, row in enumerate(after) if number not in taken}
    rest = {number: _given_name(row) for number, row in enumerate(before) if number not in found}
    return {number: names[name] for number, name in rest.items() if name is not None and name in names}


def _in_order(count: int, other_count: int, found: dict[int, int], moved: dict[int, int]) -> Iterator[Aligned]:
    """All rows: between two that are matched, those of the first report come first."""
    origins = {after: before for before, after in moved.items()}
    place = other_place = 0
    for partner, other in [*sorted(found.items()), (count, other_count)]:
        yield from (Aligned(each, None) for each in range(place, partner) if each not in moved)
        yield from (Aligned(origins.get(each), each, each in origins) for each in range(other_place, other))
        if partner < count:
            yield Aligned(partner, other)
        place, other_place = partner + 1, other + 1
