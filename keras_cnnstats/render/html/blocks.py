"""The rows of a model in blocks: by the model they are nested in, by their names, or by where branches meet."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from keras_cnnstats.records import Row
from keras_cnnstats.render.cells import plain

BRANCHES = 3
"""Where names say nothing, a block ends at a row in which so many branches meet."""

_WORD = r"[A-Za-z]+"
_NUMBERED = rf"(?:{_WORD}_)*?(?:{_WORD}_?)?\d+[a-z]?"
_AND_NUMBERED = rf"_(?:{_WORD}_)*?{_WORD}_?\d+[a-z]?"
# What stands behind has a letter in it: `conv2d_17` is no member of a block `conv2d`.
_PREFIX = re.compile(rf"((?:{_NUMBERED})(?:{_AND_NUMBERED})*)_(?=.*[A-Za-z])")


class Block(NamedTuple):
    """Rows that follow each other; a row that belongs to no others is a block of its own.

    Attributes:
        name: what it is called.
        first: number of its first row.
        stop: number behind its last row.
    """

    name: str
    first: int
    stop: int

    @property
    def size(self) -> int:
        """How many rows it has."""
        return self.stop - self.first


def blocks(rows: Sequence[Row]) -> tuple[Block, ...]:
    """Returns the rows in blocks, in their order."""
    named = _runs(rows, [block_name(row.layer) for row in rows])
    if sum(block.size for block in named if block.size > 1) * 2 >= len(rows):
        return named
    met = _runs(rows, _ends(rows))
    return met if any(block.size > 1 for block in met) else named


def block_name(path: str) -> str:
    """Returns the block that a path says the layer is of; nothing where it says none.

    >>> [block_name(path) for path in ("conv2_block1_1_bn", "block_1_expand", "stage_0_block_2_gelu", "conv2d_17")]
    ['conv2_block1', 'block_1', 'stage_0_block_2', '']
    >>> [block_name(path) for path in ("backbone/block1a_bn", "backbone/head", "a/b/conv")]
    ['backbone/block1a', 'backbone', 'a/b']
    """
    folder, slash, name = path.rpartition("/")
    found = _PREFIX.match(name)
    return folder + slash + found[1] if found else folder


def _ends(rows: Sequence[Row]) -> list[str]:
    """For each row the next one in which branches meet; nothing behind the last of them."""
    ends, end = [""] * len(rows), ""
    for place in reversed(range(len(rows))):
        if len(rows[place].inputs) >= BRANCHES:
            end = rows[place].layer
        ends[place] = end
    return ends


def _runs(rows: Sequence[Row], names: Sequence[str]) -> tuple[Block, ...]:
    found: list[Block] = []
    for name, run in groupby(range(len(rows)), key=lambda place: names[place]):
        places = list(run)
        if name and len(places) > 1:
            found.append(Block(plain(name), places[0], places[-1] + 1))
        else:
            found.extend(Block(plain(rows[place].layer), place, place + 1) for place in places)
    return tuple(found)
