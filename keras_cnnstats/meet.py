"""Branches that meet: what a map sees that several others are merged into, and whether they are aligned."""

from collections.abc import Iterator
from math import inf, prod

from keras_cnnstats.field import WHOLE, Field, Reach, Unsized, merge, phase_of
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives.base import Size
from keras_cnnstats.primitives.spreads import Join
from keras_cnnstats.sight import PLAIN, Atom, Dims, Sight


def met(
    call: Call, sights: list[Sight], join: Join | None, sizes: list[Size]
) -> tuple[Sight, bool | None, tuple[tuple[int, tuple[Field, ...]], ...]]:
    """Returns what a call reads that several maps are merged into.

    Args:
        call: the call.
        sights: what each map that it reads sees.
        join: how the maps stand one behind the other; `None` where they are broadcast to one shape.
        sizes: the input's size on each axis.

    Returns:
        The sight, whether the branches are aligned, and on each axis where they are not the fields that meet.
    """
    first = sights[0]
    if len(sights) == 1 or (join is None and all(sight is first for sight in sights)):
        return first, True, ()
    rank = len(call.results[0].shape)
    side_by_side: set[int] = set()
    if join is not None:
        place = join.dim % len(call.specs[0].shape)
        sights = list(_joined(call, sights, place))
        side_by_side = {atom.axis for sight in sights for atom in sight.dims[place]}
    dims = _merged_dims(sights)
    fields: list[Field] = []
    local: list[Field] = []
    branches: list[tuple[int, tuple[Field, ...]]] = []
    aligned: bool | None = True
    for axis, size in enumerate(sizes):
        positions = _positions(dims, axis)
        # A map of one position is repeated to fit, but not where it stands beside the others.
        wanted = 1 if axis in side_by_side else positions
        parts = tuple([_broadcast(sight, sight.fields[axis], axis, wanted, size) for sight in sights])
        near = tuple([_broadcast(sight, sight.local[axis], axis, wanted, size) for sight in sights])
        field, agree = merge(parts, positions)
        if near == parts and field.size != inf:
            kept, locally = field, agree
        else:
            kept, locally = merge(tuple([each for each in near if each.size != inf]) or near, positions)
        fields.append(field)
        local.append(kept)
        if not (agree and locally):
            branches.append((axis, parts))
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
