"""Receptive fields through the graph: which positions of the input does each position of each tensor see?

A tensor carries a `Sight`: for each input axis a field, and for each of its own dimensions the input axes whose
positions it runs over. A reshape that merges rows and columns keeps both in one dimension, so that a later reshape can
take them apart again; what a window over such a dimension sees is unknown.
"""

from collections.abc import Iterator, Sequence
from math import inf, prod
from typing import NamedTuple

from keras_cnnstats.field import (
    NOTHING,
    ONE,
    UNKNOWN,
    WHOLE,
    Field,
    Reach,
    Unsized,
    merge,
    phase_of,
    through,
    window_reach,
)
from keras_cnnstats.graph import Call, Graph, Shape
from keras_cnnstats.primitives.base import (
    Gather,
    Join,
    Mix,
    Pointwise,
    Regroup,
    Route,
    Shuffle,
    Size,
    Slide,
    Spatial,
    Spread,
    Statistics,
    Stretch,
)
from keras_cnnstats.primitives.resampling import resampling_reach

LETTERS = {1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}
"""Names of the spatial axes of an input, by their number."""

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


class Seen(NamedTuple):
    """What propagation finds out for one call.

    Attributes:
        before: sight of what it reads, branches merged.
        after: sight of what it makes.
        aligned: whether the branches that meet in it agree; `None` where that depends on sizes nobody gave.
        branches: the fields that meet, for each input axis, where they are not aligned.
    """

    before: Sight
    after: Sight
    aligned: bool | None = True
    branches: tuple[tuple[Field, ...], ...] = ()


class Propagated(NamedTuple):
    """What propagation finds out for a graph.

    Attributes:
        axes: letters of the input axes.
        sizes: the input's size on each.
        origin: the layer whose output fields are measured on, where the input has no spatial axes.
        seen: for each call, in the graph's order.
    """

    axes: tuple[str, ...]
    sizes: tuple[Size, ...]
    origin: str
    seen: tuple[Seen, ...]


def propagate(graph: Graph, spreads: Sequence[Sequence[Spread] | None]) -> Propagated:
    """Returns the receptive fields of all calls of a graph.

    Args:
        graph: the graph.
        spreads: for each call where the outputs of each of its primitives look; `None` where that is unknown.
    """
    origins, origin = _origins(graph, spreads)
    letters = sorted({len(dims) for dims in origins.values()}, reverse=True)
    axes = tuple(dict.fromkeys(letter for rank in letters for letter in LETTERS[rank]))
    nothing = (NOTHING,) * len(axes)
    sights = [Sight(nothing, nothing, ((),) * len(spec.shape)) for spec in graph.tensors]
    sizes: list[Size] = [None] * len(axes)
    for tensor, dims in origins.items():
        shape = graph.tensors[tensor].shape
        places = [axes.index(letter) for letter in LETTERS[len(dims)]]
        sights[tensor] = _identity(shape, dims, places, len(axes))
        for axis, dim in zip(places, dims, strict=True):
            sizes[axis] = shape[dim] if sizes[axis] is None else max(sizes[axis] or 0, shape[dim] or 0)
    seen = []
    for call, spread in zip(graph.calls, spreads, strict=True):
        result = _through_call(call, spread, [sights[number] for number in call.inputs], sizes)
        seen.append(result)
        for number, spec in zip(call.outputs, call.results, strict=True):
            if number not in origins:
                sights[number] = _fitted(result.after, spec.shape)
    return Propagated(axes=axes, sizes=tuple(sizes), origin=origin, seen=tuple(seen))


# Where fields begin


def _origins(graph: Graph, spreads: Sequence[Sequence[Spread] | None]) -> tuple[dict[int, tuple[int, ...]], str]:
    """The tensors that fields are measured on, with their spatial dimensions, and the layer that makes them if any."""
    first_window: dict[int, tuple[int, ...]] = {}
    source = {number: number for number in graph.inputs}
    for call, spread in zip(graph.calls, spreads, strict=True):
        if not call.inputs or call.inputs[0] not in source:
            continue
        root = source[call.inputs[0]]
        rank = len(call.specs[0].shape)
        if rank == len(graph.tensors[root].shape):
            if any(isinstance(each, (Slide, Spatial, Stretch)) for each in spread or ()):
                first_window.setdefault(root, tuple(call.input.spatial_dims))
            for number, spec in zip(call.outputs, call.results, strict=True):
                if len(spec.shape) == rank:
                    source[number] = root
    origins = {}
    for number in graph.inputs:
        dims = first_window.get(number) or _default_dims(graph, number)
        if dims and len(dims) in LETTERS:
            origins[number] = dims
    if origins:
        return origins, ""
    return _first_map(graph, spreads)


def _default_dims(graph: Graph, number: int) -> tuple[int, ...]:
    rank = len(graph.tensors[number].shape)
    if rank == 2:
        # A row of indices that are looked up is a sequence; a row of features is not.
        looked_up = any(number in call.inputs and call.type == "Embedding" for call in graph.calls)
        return (1,) if looked_up else ()
    return tuple(range(2, rank) if graph.channels_first else range(1, rank - 1))


def _first_map(graph: Graph, spreads: Sequence[Sequence[Spread] | None]) -> tuple[dict[int, tuple[int, ...]], str]:
    """Where no input has spatial axes: the first map that a window slides over."""
    made_by = {number: call.path for call in graph.calls for number in call.outputs}
    for call, spread in zip(graph.calls, spreads, strict=True):
        if any(isinstance(each, Slide) for each in spread or ()):
            dims = tuple(call.input.spatial_dims)
            if len(dims) in LETTERS and call.inputs[0] in made_by:
                return {call.inputs[0]: dims}, made_by[call.inputs[0]]
    return {}, ""


def _identity(shape: Shape, dims: Sequence[int], places: Sequence[int], axes: int) -> Sight:
    atoms: list[tuple[Atom, ...]] = [()] * len(shape)
    fields = [NOTHING] * axes
    for axis, dim in zip(places, dims, strict=True):
        atoms[dim] = (Atom(axis, shape[dim]),)
        fields[axis] = ONE
    return Sight(tuple(fields), tuple(fields), tuple(atoms))


# Through one call


def _through_call(call: Call, spreads: Sequence[Spread] | None, sights: list[Sight], sizes: list[Size]) -> Seen:
    if not sights:
        axes = ()
        return Seen(before=Sight(axes, axes, ()), after=Sight(axes, axes, ()))
    if spreads is None:
        before, aligned, branches = _merge(call, sights, None, sizes)
        everywhere = {axis for axis, field in enumerate(before.fields) if field.size != 0}
        after = before.with_axes(everywhere, UNKNOWN)._replace(dims=((),) * len(call.results[0].shape))
        return Seen(before=before, after=after, aligned=aligned, branches=branches)
    join = next((spread for spread in spreads if isinstance(spread, Join)), None)
    before, aligned, branches = _merge(call, sights, join, sizes)
    after = before
    for spread in spreads:
        after = _through_spread(call, spread, after)
    return Seen(before=before, after=after, aligned=aligned, branches=branches)


def _fitted(sight: Sight, shape: Shape) -> Sight:
    """The sight of one tensor that a call makes: its dimensions get their sizes."""
    dims = sight.dims
    if len(dims) != len(shape):
        # A look-up adds a dimension behind the others; what takes one away says so by its spread.
        dims = (*dims, *((),) * (len(shape) - len(dims))) if len(dims) < len(shape) else ((),) * len(shape)
        sight = sight._replace(dims=dims)
    if all(len(atoms) != 1 or atoms[0].size == size for atoms, size in zip(dims, shape, strict=True)):
        return sight
    fitted = [
        (Atom(atoms[0].axis, size),) if len(atoms) == 1 else atoms for atoms, size in zip(dims, shape, strict=True)
    ]
    return sight._replace(dims=tuple(fitted))


def _through_spread(call: Call, spread: Spread, sight: Sight) -> Sight:
    match spread:
        case Pointwise() | Join():
            return sight
        case Slide(reaches, dims):
            return _slide(call, reaches, dims or tuple(call.input.spatial_dims), sight)
        case Mix(dims):
            return sight.with_axes(_axes_with_positions(sight, dims), WHOLE)
        case Shuffle(dims):
            places = range(1, len(sight.dims)) if dims is None else dims
            return sight.with_axes(_axes_with_positions(sight, places), UNKNOWN)
        case Stretch(block, grow):
            reach = resampling_reach(1, block, "nearest") if grow else window_reach(block, block)
            dims = tuple(call.input.spatial_dims)
            return _slide(call, (reach,) * len(dims), dims, sight)
        case Gather(dims, shape):
            return _gather(call, dims, shape, sight)
        case Spatial(shape):
            return _gather(call, tuple(call.input.spatial_dims), shape, sight)
        case Statistics(dims):
            places = range(1, len(sight.dims)) if dims is None else dims
            return sight.with_statistics(_axes_with_positions(sight, places))
        case Route(sources):
            gathered = [place for place in range(1, len(sight.dims)) if place not in sources]
            routed = sight.with_axes(_axes_with_positions(sight, gathered), WHOLE)
            return routed._replace(dims=tuple(() if place is None else sight.dims[place] for place in sources))
        case Regroup():
            return regroup(sight, call.specs[0].shape, call.results[0].shape, call.outputs)


def _slide(call: Call, reaches: tuple[Reach | None, ...], dims: tuple[int, ...], sight: Sight) -> Sight:
    axes: dict[int, Reach | None] = {}
    for dim, reach in zip(dims, reaches, strict=True):
        atoms = sight.dims[dim]
        if len(atoms) == 1 and atoms[0].axis != PLAIN:
            axes[atoms[0].axis] = None if atoms[0].axis in axes else reach
        else:
            axes.update(dict.fromkeys((atom.axis for atom in atoms if atom.axis != PLAIN), None))
    return sight.mapped(axes, _key(call, reaches)) if axes else sight


def _key(call: Call, reaches: tuple[Reach | None, ...]) -> object:
    """What tells the unknown paddings of one window from those of another: the map it slides over, and its geometry."""
    return call.inputs[0], reaches


def _axes_with_positions(sight: Sight, dims: Sequence[int]) -> set[int]:
    """The input axes along which more than one position lies in some dimensions."""
    return {atom.axis for dim in dims for atom in sight.dims[dim] if atom.axis != PLAIN and atom.size != 1}


def _gather(call: Call, dims: tuple[int, ...] | None, shape: str, sight: Sight) -> Sight:
    rank = len(sight.dims)
    places = set(range(1, rank)) if dims is None else {dim % rank for dim in dims}
    gathered = sight.with_axes(_axes_with_positions(sight, sorted(places)), WHOLE)
    if shape == "dropped":
        kept = tuple(atoms for place, atoms in enumerate(sight.dims) if place not in places)
    else:
        kept = tuple(() if place in places else atoms for place, atoms in enumerate(sight.dims))
    missing = len(call.results[0].shape) - len(kept)
    return gathered._replace(dims=kept + ((),) * max(missing, 0))


# Reshapes


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


# Branches that meet


def _merge(
    call: Call, sights: list[Sight], join: Join | None, sizes: list[Size]
) -> tuple[Sight, bool | None, tuple[tuple[Field, ...], ...]]:
    first = sights[0]
    if len(sights) == 1 or (join is None and all(sight is first for sight in sights)):
        return first, True, ()
    rank = len(call.results[0].shape)
    if join is not None:
        sights = list(_joined(call, sights, join.dim % len(call.specs[0].shape)))
    dims = _merged_dims(sights)
    fields: list[Field] = []
    local: list[Field] = []
    branches: list[tuple[Field, ...]] = []
    aligned: bool | None = True
    for axis, size in enumerate(sizes):
        positions = _positions(dims, axis)
        parts = tuple([_broadcast(sight, sight.fields[axis], axis, positions, size) for sight in sights])
        near = tuple([_broadcast(sight, sight.local[axis], axis, positions, size) for sight in sights])
        field, agree = merge(parts, positions)
        if near == parts and field.size != inf:
            kept, locally = field, agree
        else:
            kept, locally = merge(tuple([each for each in near if each.size != inf]) or near, positions)
        fields.append(field)
        local.append(kept)
        if not (agree and locally):
            branches.append(parts)
            aligned = False if False in (aligned, agree, locally) else None
    return Sight(tuple(fields), tuple(local), dims if len(dims) == rank else first.dims), aligned, tuple(branches)


def _broadcast(sight: Sight, field: Field, axis: int, positions: Size, input_size: Size) -> Field:
    """The field of a map of one position that is repeated for several: it does not move on, and may be a gate."""
    if not field.jump or field.lo is None or positions == 1 or _positions(sight.dims, axis) != 1:
        return field
    lo, hi = phase_of(field, 0) or (0, -1)
    if isinstance(lo, Unsized) or isinstance(hi, Unsized):
        return Field(field.size, field.lo, 0)
    everything = input_size is not None and lo <= 0 and hi >= input_size - 1
    return WHOLE if everything else Field(hi - lo + 1, lo, 0)


def _positions(dims: Dims, axis: int) -> Size:
    return next((atom.size for atoms in dims for atom in atoms if atom.axis == axis), 1)


def _merged_dims(sights: list[Sight]) -> Dims:
    """Dimensions of maps that are broadcast to one shape, aligned at the right: each as in the map with positions."""
    first = sights[0].dims
    if all(sight.dims == first for sight in sights):
        return first
    rank = max(len(sight.dims) for sight in sights)
    dims: list[tuple[Atom, ...]] = []
    for place in range(-rank, 0):
        candidates = [sight.dims[place] for sight in sights if len(sight.dims) >= -place and sight.dims[place]]
        dims.append(max(candidates, key=lambda atoms: prod([atom.size or inf for atom in atoms]), default=()))
    return tuple(dims)


def _joined(call: Call, sights: list[Sight], dim: int) -> Iterator[Sight]:
    """Maps that stand one behind the other along positions: each moved on by the sizes of those before it."""
    before: Size = 0
    for sight, spec in zip(sights, call.specs, strict=True):
        atoms = sight.dims[dim]
        if len(atoms) == 1 and atoms[0].axis != PLAIN and before != 0:
            reach = None if before is None else Reach(((-before, -before),), 1)
            yield sight.mapped({atoms[0].axis: reach}, call.outputs)
        else:
            yield sight
        size = spec.shape[dim]
        before = None if before is None or size is None else before + size
