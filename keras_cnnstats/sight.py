"""What the positions of a tensor see, and how that goes with the tensor through a reshape.

A tensor carries a `Sight`: for each input axis a field, and for each of its own dimensions the input axes whose
positions it runs over. A reshape that merges rows and columns keeps both in one dimension, so that a later reshape can
take them apart again; what a window over such a dimension sees is unknown.
"""

from math import inf, prod
from typing import NamedTuple

from keras_cnnstats.field import UNKNOWN, WHOLE, Field, Reach, through, window_reach
from keras_cnnstats.graph import Shape
from keras_cnnstats.primitives.base import Size
from keras_cnnstats.primitives.resampling import resampling_reach

PLAIN = -1
"""The axis of an atom that runs over no positions of the input."""


class Atom(NamedTuple):
    """A part of a tensor's dimension: so many positions along an input axis, or so many values (`PLAIN`)."""

    axis: int
    size: Size


Dims = tuple[tuple[Atom, ...], ...]
"""For each dimension of a tensor the atoms it is made of; none for a dimension without positions."""


class Sight(NamedTuple):
    """What the positions of a tensor see.

    Attributes:
        fields: for each input axis the receptive field.
        local: the same with global side branches left out.
        dims: for each dimension the input axes that it runs over.
    """

    fields: tuple[Field, ...]
    local: tuple[Field, ...]
    dims: Dims

    def mapped(self, axes: dict[int, Reach | None], key: object) -> "Sight":
        """The sight behind reaches along some axes; a reach of `None` is unknown."""
        fields, local = list(self.fields), list(self.local)
        for axis, reach in axes.items():
            if reach is None:
                fields[axis] = local[axis] = UNKNOWN
                continue
            which = None if reach.slack is None else (key, axis)
            fields[axis] = through(self.fields[axis], reach, which)
            same = self.local[axis] is self.fields[axis]
            local[axis] = fields[axis] if same else through(self.local[axis], reach, which)
        return Sight(tuple(fields), tuple(local), self.dims)

    def with_axes(self, axes: set[int], field: Field) -> "Sight":
        """The sight with the field on some axes set to one that has no positions."""
        if not axes:
            return self
        fields = tuple(_set(old, field) if axis in axes else old for axis, old in enumerate(self.fields))
        local = tuple(_set(old, field) if axis in axes else old for axis, old in enumerate(self.local))
        return Sight(fields, local, self.dims)

    def with_statistics(self, axes: set[int]) -> "Sight":
        """The sight where each position also depends on statistics over all positions along some axes."""
        if not axes:
            return self
        fields = tuple(
            _set(old, WHOLE._replace(jump=old.jump)) if axis in axes else old for axis, old in enumerate(self.fields)
        )
        return Sight(fields, self.local, self.dims)


def _set(old: Field, new: Field) -> Field:
    return old if old.size == 0 or (old.size == inf and new.size is None) else new


def regroup(sight: Sight, before: Shape, after: Shape, key: object) -> Sight:
    """The sight of a map whose values are cut into dimensions anew, in the same order."""
    if not any(sight.dims):
        return sight._replace(dims=((),) * len(after))
    try:
        return _regrouped(sight, before, after, key)
    except _RegroupError:
        axes = {atom.axis for atoms in sight.dims for atom in atoms if atom.axis != PLAIN and atom.size != 1}
        return sight.with_axes(axes, UNKNOWN)._replace(dims=((),) * len(after))


class _RegroupError(Exception):
    """Positions are cut in a way that no interval describes, or a size is unknown."""


def _regrouped(sight: Sight, before: Shape, after: Shape, key: object) -> Sight:
    atoms = [
        atom
        for size, parts in zip(before[1:], sight.dims[1:], strict=True)
        for atom in (parts or (Atom(PLAIN, size),))
        if atom.size != 1
    ]
    if None in after[1:] or any(atom.size is None for atom in atoms):
        return _regrouped_by_place(sight, before, after)
    atoms.reverse()
    dims: list[tuple[Atom, ...]] = [()]
    for size in after[1:]:
        parts: list[Atom] = []
        while prod([part.size or 1 for part in parts]) < (size or 1):
            if not atoms:
                raise _RegroupError
            need, rest = divmod(size or 1, prod([part.size or 1 for part in parts]))
            if rest:
                raise _RegroupError
            part, behind, sight = _cut(atoms.pop(), need, sight, key)
            parts.append(part)
            atoms.extend(behind)
        stretched, sight = _stretched(parts, sight, key)
        dims.append(stretched)
    return sight._replace(dims=tuple(dims))


def _regrouped_by_place(sight: Sight, before: Shape, after: Shape) -> Sight:
    """With unknown sizes: dimensions stay what they are where only ones were added or taken away."""
    old = [(size, parts) for size, parts in zip(before[1:], sight.dims[1:], strict=True) if size != 1]
    new = [size for size in after[1:] if size != 1]
    if [size for size, _ in old] != new:
        raise _RegroupError
    parts = iter([parts for _, parts in old])
    return sight._replace(dims=((), *[() if size == 1 else next(parts) for size in after[1:]]))


def _cut(atom: Atom, need: int, sight: Sight, key: object) -> tuple[Atom, list[Atom], Sight]:
    """Takes `need` positions' worth off an atom: the outer part, what is left of it, and the sight after the cut."""
    size = atom.size or 1
    if size <= need:
        return atom, [], sight
    inner, rest = divmod(size, need)
    if rest:
        raise _RegroupError
    if atom.axis == PLAIN:
        return Atom(PLAIN, need), [Atom(PLAIN, inner)], sight
    # Positions become blocks of `inner`: the outer part moves by whole blocks, the inner part counts as channels.
    return Atom(atom.axis, need), [Atom(PLAIN, inner)], sight.mapped({atom.axis: window_reach(inner, inner)}, key)


def _stretched(parts: list[Atom], sight: Sight, key: object) -> tuple[tuple[Atom, ...], Sight]:
    """Positions with channels right behind them are positions, so many times as many: a pixel shuffle."""
    if len(parts) == 2 and parts[0].axis != PLAIN and parts[1].axis == PLAIN:
        (axis, size), (_, times) = parts
        reach = resampling_reach(1, times or 1, "nearest")
        return (Atom(axis, (size or 1) * (times or 1)),), sight.mapped({axis: reach}, key)
    return tuple(part for part in parts) if any(part.axis != PLAIN for part in parts) else (), sight
