"""The kinds of steps, a file for each sort: importing this enters them all."""

from keras_cnnstats.testing.kinds import elements, inside, maps, merging, operations, sequences, windows
from keras_cnnstats.testing.kinds.registry import KINDS, Kind

__all__ = ["KINDS", "Kind", "elements", "inside", "maps", "merging", "operations", "sequences", "windows"]
