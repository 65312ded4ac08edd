"""Where the nodes of a drawn graph stand: a level for each step of the longest way there, a lane for each branch."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Edge = tuple[int, int]
"""Numbers of two nodes; the first is the smaller."""


class Layout(NamedTuple):
    """A graph in levels from top to bottom and lanes from left to right; no two things share a place.

    Attributes:
        levels: the level of each node.
        lanes: the lane of each node.
        chains: for each node the lanes that its edges keep to on the levels below it, down to the last but one.
        edges: the edges.
    """

    levels: tuple[int, ...]
    lanes: tuple[int, ...]
    chains: tuple[tuple[int, ...], ...]
    edges: tuple[Edge, ...]


def layout(nodes: int, edges: Iterable[Edge]) -> Layout:
    """Returns where nodes stand that are numbered in an order in which each edge leads to a later one.

    >>> layout(4, [(0, 1), (1, 2), (0, 3), (2, 3)])
    Layout(levels=(0, 1, 2, 3), lanes=(0, 0, 0, 0), chains=((1, 1), (), (), ()), edges=((0, 1), (1, 2), (0, 3), (2, 3)))
    """
    kept = tuple(dict.fromkeys(edges))
    read_from: list[list[int]] = [[] for _ in range(nodes)]
    levels, until = [0] * nodes, [0] * nodes
    for start, end in sorted(kept, key=lambda edge: edge[1]):
        read_from[end].append(start)
        levels[end] = max(levels[end], levels[start] + 1)
    for start, end in kept:
        until[start] = max(until[start], levels[end])
    lanes, chains = _lanes(levels, until, read_from)
    return Layout(tuple(levels), lanes, chains, kept)


def _lanes(
    levels: Sequence[int], until: Sequence[int], read_from: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The lane of each node, and the lanes of what passes by the nodes of the levels below it."""
    lanes = [0] * len(levels)
    chains: list[list[int]] = [[] for _ in levels]
    on_level: list[list[int]] = [[] for _ in range(max(levels, default=-1) + 1)]
    for node, level in enumerate(levels):
        on_level[level].append(node)
    passing: list[int] = []
    for level, standing in enumerate(on_level):
        taken: set[int] = set()
        passing = [node for node in passing if until[node] > level]
        now = {node: (chains[node] or [lanes[node]])[-1] for node in range(len(lanes)) if until[node] >= level}
        for node in standing:
            lanes[node] = _free(taken, min([now[source] for source in read_from[node]], default=0))
        for node in passing:
            chains[node].append(_free(taken, now[node]))
        passing += [node for node in standing if until[node] > level + 1]
    return tuple(lanes), tuple(map(tuple, chains))


def _free(taken: set[int], wanted: int) -> int:
    """The first lane from `wanted` to the right that nothing else takes."""
    while wanted in taken:
        wanted += 1
    taken.add(wanted)
    return wanted
