"""Receptive fields through the graph: which positions of the input does each position of each tensor see?"""

from collections.abc import Container, Sequence
from typing import NamedTuple

from keras_cnnstats.field import NOTHING, ONE, UNKNOWN, WHOLE, Field, Reach, window_reach
from keras_cnnstats.graph import Call, Graph, Shape
from keras_cnnstats.meet import met
from keras_cnnstats.primitives.base import Size
from keras_cnnstats.primitives.rearrangement import Lookup
from keras_cnnstats.primitives.resampling import resampling_reach
from keras_cnnstats.primitives.spreads import (
    POINTWISE,
    Aside,
    Contract,
    Cut,
    Gather,
    Join,
    Mix,
    Pointwise,
    Regroup,
    Route,
    Shuffle,
    Slide,
    Spatial,
    Spread,
    Statistics,
    Stretch,
)
from keras_cnnstats.sight import PLAIN, Atom, Sight, regroup

LETTERS = {1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}
"""Names of the spatial axes of an input, by their number."""


class Seen(NamedTuple):
    """What propagation finds out for one call.

    Attributes:
        before: sight of what it reads, branches merged.
        after: sight of what it makes.
        aligned: whether the branches that meet in it agree; `None` where that depends on sizes nobody gave.
        branches: each input axis on which they do not, or may not, with the fields that meet.
        note: why it could not be found out.
    """

    before: Sight
    after: Sight
    aligned: bool | None = True
    branches: tuple[tuple[int, tuple[Field, ...]], ...] = ()
    note: str = ""


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


def propagate(graph: Graph, spreads: Sequence[Sequence[Spread] | None], kinds: Sequence[Sequence[str]]) -> Propagated:
    """Returns the receptive fields of all calls of a graph.

    Args:
        graph: the graph.
        spreads: for each call where the outputs of each of its primitives look, none where each output looks at its
            own place; `None` where that is unknown.
        kinds: for each call the kinds of its primitives.
    """
    looked_up = {
        number for call, each in zip(graph.calls, kinds, strict=True) if Lookup.kind in each for number in call.inputs
    }
    origins, origin = _origins(graph, spreads, looked_up)
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
        read = [sights[number] for number in call.inputs]
        # The quick way for most calls: they look where the one map looks that they read.
        is_plain = spread is not None and not spread and len(read) == 1
        result = Seen(read[0], read[0]) if is_plain else _through(call, spread, read, sizes)
        seen.append(result)
        for number, spec in zip(call.outputs, call.results, strict=True):
            if number not in origins:
                is_alike = is_plain and spec.shape == call.specs[0].shape
                sights[number] = read[0] if is_alike else _fitted(result.after, spec.shape)
    return Propagated(axes=axes, sizes=tuple(sizes), origin=origin, seen=tuple(seen))


# Where fields begin


def _origins(
    graph: Graph, spreads: Sequence[Sequence[Spread] | None], looked_up: Container[int]
) -> tuple[dict[int, tuple[int, ...]], str]:
    """The tensors that fields are measured on, with their spatial dimensions, and the layer that makes them if any.

    A map of one position, such as a style that is added everywhere, is measured only where there is no other.
    """
    first_window: dict[int, tuple[int, ...]] = {}
    source = {number: number for number in graph.inputs}
    for call, spread in zip(graph.calls, spreads, strict=True):
        if not call.inputs or call.inputs[0] not in source:
            continue
        root = source[call.inputs[0]]
        rank = len(call.specs[0].shape)
        if rank == len(graph.tensors[root].shape):
            window = next((each for each in spread or () if isinstance(each, (Slide, Spatial, Stretch))), None)
            if window is not None:
                first_window.setdefault(root, _dims_under(window, call))
                if len(first_window) == len(graph.inputs):
                    break
            for number, spec in zip(call.outputs, call.results, strict=True):
                if len(spec.shape) == rank:
                    source[number] = root
    origins = {}
    for number in graph.inputs:
        dims = first_window.get(number) or _default_dims(graph, number, looked_up)
        if dims and len(dims) in LETTERS:
            origins[number] = dims
    if origins:
        wide = {
            number: dims
            for number, dims in origins.items()
            if any(graph.tensors[number].shape[dim] != 1 for dim in dims)
        }
        return wide or origins, ""
    return _first_map(graph, spreads)


def _dims_under(window: Slide | Spatial | Stretch, call: Call) -> tuple[int, ...]:
    """The spatial dimensions of the map that a window slides over; of a map of frames, that of time is among them."""
    if not (isinstance(window, Slide) and window.frames and window.dims):
        return tuple(call.input.spatial_dims)
    last = len(call.specs[0].shape) - 1
    channels = min(window.dims) - 1 if last in window.dims else last
    return tuple([place for place in range(1, last + 1) if place != channels])


def _default_dims(graph: Graph, number: int, looked_up: Container[int]) -> tuple[int, ...]:
    rank = len(graph.tensors[number].shape)
    if rank == 2:
        # A row of indices that are looked up is a sequence; a row of features is not.
        return (1,) if number in looked_up else ()
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


def _through(call: Call, spreads: Sequence[Spread] | None, sights: list[Sight], sizes: list[Size]) -> Seen:
    try:
        return _through_call(call, spreads, sights, sizes)
    except Exception as error:
        # One call that says of itself what cannot be is unknown, with all behind it; the report goes on.
        rank = len(call.results[0].shape) if call.results else 0
        unknown = Sight((UNKNOWN,) * len(sizes), (UNKNOWN,) * len(sizes), ((),) * rank)
        note = f"its receptive field cannot be followed: {type(error).__name__}: {error}"
        return Seen(before=unknown, after=unknown, aligned=None, note=note)


def _through_call(call: Call, spreads: Sequence[Spread] | None, sights: list[Sight], sizes: list[Size]) -> Seen:
    if not sights:
        nothing = Sight((NOTHING,) * len(sizes), (NOTHING,) * len(sizes), ())
        return Seen(before=nothing, after=nothing)
    if spreads is None:
        before, aligned, branches = met(call, sights, None, sizes)
        everywhere = {axis for axis, field in enumerate(before.fields) if field.size != 0}
        after = before.with_axes(everywhere, UNKNOWN)._replace(dims=((),) * len(call.results[0].shape))
        return Seen(before=before, after=after, aligned=aligned, branches=branches)
    if spreads and isinstance(spreads[0], Contract):
        sights = [_routed(sights[place], sources) for place, sources in spreads[0].routes] or sights
    joins = [spread for spread in spreads if isinstance(spread, Join)]
    before, aligned, branches = met(call, sights, joins[0] if joins else None, sizes)
    after, note = before, ""
    for spread in spreads:
        if spread is POINTWISE:
            continue
        if isinstance(spread, Aside):
            reached, agree, parted = met(call, [after, _through_spread(call, spread.spread, before)], None, sizes)
            aligned = False if False in (aligned, agree) else aligned and agree
            branches += parted
        else:
            reached = _through_spread(call, spread, after)
        if reached is not after and _is_unknown(reached) and not _is_unknown(after):
            note = f"its receptive field is unknown: {_why_unknown(call, spread)}"
        after = reached
    return Seen(before=before, after=after, aligned=aligned, branches=branches, note=note)


def _is_unknown(sight: Sight) -> bool:
    return any(field.size is None for field in sight.local)


def _why_unknown(call: Call, spread: Spread) -> str:
    """Why nobody can say what positions see behind a spread that could be said before it."""
    match spread:
        case Shuffle():
            return "its positions move in a way that is not followed"
        case Regroup():
            return "its values are cut into positions that no interval describes, or a size is unknown"
        case Slide(reaches) if None in reaches:
            return "it depends on sizes that are unknown: pass input_shape"
        case Cut(_, picked) if any(at is None and call.specs[0].shape[dim] is not None for dim, at in picked):
            return "each of its results is made of other positions"
        case Cut():
            return "where it begins depends on sizes that are unknown: pass input_shape"
        case _:
            return "it slides over positions that were merged with others"


def _fitted(sight: Sight, shape: Shape) -> Sight:
    """The sight of one tensor that a call makes: its dimensions get their sizes."""
    dims = sight.dims
    if len(dims) != len(shape):
        # A look-up adds a dimension behind the others; what takes one away says so by its spread.
        dims = (*dims, *((),) * (len(shape) - len(dims))) if len(dims) < len(shape) else ((),) * len(shape)
        sight = sight._replace(dims=dims)
    fitted = None
    for place, atoms in enumerate(dims):
        if len(atoms) == 1 and atoms[0].size != shape[place]:
            fitted = fitted or list(dims)
            fitted[place] = (Atom(atoms[0].axis, shape[place]),)
    return sight if fitted is None else sight._replace(dims=tuple(fitted))


def _through_spread(call: Call, spread: Spread, sight: Sight) -> Sight:
    match spread:
        case Pointwise() | Join() | Contract() | Aside():
            return sight
        case Slide(reaches, dims):
            return _slide(call, reaches, tuple(call.input.spatial_dims) if dims is None else dims, sight)
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
            return _routed(sight, sources)
        case Cut(kept, picked):
            return _cut(call, kept, picked, sight)
        case Regroup():
            return regroup(sight, call.specs[0].shape, call.results[0].shape, call.outputs)


def _routed(sight: Sight, sources: tuple[int | None, ...]) -> Sight:
    gathered = [place for place in range(1, len(sight.dims)) if place not in sources]
    routed = sight.with_axes(_axes_with_positions(sight, gathered), WHOLE)
    return routed._replace(dims=tuple(() if place is None else sight.dims[place] for place in sources))


def _slide(call: Call, reaches: tuple[Reach | None, ...], dims: tuple[int, ...], sight: Sight) -> Sight:
    axes: dict[int, Reach | None] = {}
    for dim, reach in zip(dims, reaches, strict=True):
        atoms = sight.dims[dim]
        if len(atoms) == 1 and atoms[0].axis != PLAIN:
            axes[atoms[0].axis] = None if atoms[0].axis in axes else reach
        else:
            axes.update(dict.fromkeys((atom.axis for atom in atoms if atom.axis != PLAIN), None))
    return sight.mapped(axes, _key(call, reaches)) if axes else sight


def _cut(
    call: Call,
    kept: tuple[tuple[int, int, int] | None, ...],
    picked: tuple[tuple[int, int | None], ...],
    sight: Sight,
) -> Sight:
    starts: dict[int, Reach | None] = {
        dim: None if position is None else window_reach(1, before=-position) for dim, position in picked
    }
    for place in kept:
        if place is not None and place[1:] != (0, 1):
            starts[place[0]] = window_reach(1, place[2], before=-place[1])
    after = _slide(call, tuple(starts.values()), tuple(starts), sight) if starts else sight
    return after._replace(dims=tuple(() if place is None else sight.dims[place[0]] for place in kept))


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
