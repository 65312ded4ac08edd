"""Small networks of every shape that moves a receptive field: name -> how to build it, and what is peculiar to it."""

from tests.fields.graphs.branches import BRANCHES
from tests.fields.graphs.crowded import CROWDED
from tests.fields.graphs.gathered import GATHERED
from tests.fields.graphs.graph import Graph, branching
from tests.fields.graphs.rearranged import REARRANGED
from tests.fields.graphs.stretching import STRETCHING
from tests.fields.graphs.structure import STRUCTURE
from tests.fields.graphs.windows import WINDOWS

__all__ = ["GRAPHS", "Graph", "branching"]

GRAPHS: dict[str, Graph] = WINDOWS | STRETCHING | BRANCHES | REARRANGED | GATHERED | CROWDED | STRUCTURE
