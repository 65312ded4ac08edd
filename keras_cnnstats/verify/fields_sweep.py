"""What some positions deep in a graph see of its input: walked back call by call, all of them side by side.

After each call what is reached is a mask of yes and no again, so that nothing fades on the way, however deep.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from keras_cnnstats.graph import Call, Graph, TensorSpec
from keras_cnnstats.records import Row
from keras_cnnstats.verify.fields_claims import Claim, Extent
from keras_cnnstats.verify.fields_sizes import Origin, Specs
from keras_cnnstats.verify.slopes import CannotTellError, Mask, looked_at, narrowed, nothing, sizes_of


class Probe(NamedTuple):
    """A position whose field is looked for.

    Attributes:
        call: number of the call that makes the map.
        axis: the input axis.
        where: positions along some of the map's dimensions (batch: 0); all along the others.
        local: whether global side branches are left out of merges.
    """

    call: int
    axis: int
    where: tuple[tuple[int, int], ...]
    local: bool = False


class Sweep:
    """Walks probes back through a graph at some input size, as many at a time as a batch has samples."""

    def __init__(
        self, graph: Graph, specs: Specs, origins: Sequence[Origin], rows: Mapping[int, Row], samples: int
    ) -> None:
        self.graph = graph
        self.specs = specs
        self.origins = origins
        self.samples = samples
        self.made_by = {number: rows[place] for place in rows for number in graph.calls[place].outputs}

    def extents(self, probes: Sequence[Probe]) -> list[Extent | str]:
        """Returns what each probe sees along its axis, or why nobody can tell."""
        found: list[Extent | str] = []
        for start in range(0, len(probes), self.samples):
            found += _Batch(self, probes[start : start + self.samples]).extents()
        return found


class _Batch:
    """Probes that are walked back together, one in each sample."""

    def __init__(self, sweep: Sweep, probes: Sequence[Probe]) -> None:
        self.sweep = sweep
        self.probes = probes
        self.masks: dict[int, Mask] = {}
        self.failed: dict[int, str] = {}

    def extents(self) -> list[Extent | str]:
        ends = {origin.tensor for origin in self.sweep.origins}
        calls = self.sweep.graph.calls
        for number in reversed(range(max(probe.call for probe in self.probes) + 1)):
            call = calls[number]
            for sample, probe in enumerate(self.probes):
                if probe.call == number:
                    self._start(sample, probe, call)
            if call.inputs and not ends & set(call.outputs):
                self._walk_back(call)
        return [self.failed.get(sample, self._extent(sample, probe)) for sample, probe in enumerate(self.probes)]

    def _start(self, sample: int, probe: Probe, call: Call) -> None:
        spec = self.sweep.specs[call.outputs[0]]
        assert spec is not None
        if spec.shape[:1] != (self.sweep.samples,):
            self.failed[sample] = f"{call.path} makes another number of samples"
            return
        fixed = dict(probe.where)
        mask = nothing(spec)
        mask[(sample, *[fixed.get(dim, slice(None)) for dim in range(1, len(spec.shape))])] = True
        self._add(call.outputs[0], narrowed(mask))

    def _walk_back(self, call: Call) -> None:
        wanted = [self.masks.pop(number, None) for number in call.outputs]
        if all(mask is None or not mask.any() for mask in wanted):
            return
        active = self._active(call, wanted)
        specs = [self.sweep.specs[number] for number in call.inputs]
        try:
            found = _looked_at(call, specs, self._results(call), wanted, active)
        except CannotTellError as reason:
            for sample in active:
                self.failed.setdefault(sample, str(reason))
            return
        self._refuse_statistics(call, wanted, found, active)
        for place, (number, mask) in enumerate(zip(call.inputs, found, strict=True)):
            for sample in active:
                if len(mask) == self.sweep.samples and self._is_cut(call, place, sample):
                    mask[sample] = False
            if mask.any():
                self._add(number, mask)

    def _add(self, number: int, mask: Mask) -> None:
        known = self.masks.get(number)
        self.masks[number] = mask if known is None else known | mask

    def _refuse_statistics(
        self, call: Call, wanted: Sequence[Mask | None], found: Sequence[Mask], active: Sequence[int]
    ) -> None:
        """Gives up local probes where a call alone looks at a whole map besides what it looks at of it otherwise."""
        row = self.sweep.made_by.get(call.outputs[0])
        if row is None or len(set(call.inputs)) != 1 or wanted[0] is None or wanted[0].ndim != found[0].ndim:
            return
        for sample in active:
            axis = self.probes[sample].axis
            gathers = self.probes[sample].local and row.fields[axis].size == inf != row.local_fields[axis].size
            if gathers and len(found[0]) == self.sweep.samples and _is_wider(found[0][sample], wanted[0][sample]):
                self.failed[sample] = f"{call.path} also takes statistics of the whole map"

    def _results(self, call: Call) -> list[TensorSpec]:
        return [spec for number in call.outputs if (spec := self.sweep.specs[number]) is not None]

    def _active(self, call: Call, wanted: Sequence[Mask | None]) -> list[int]:
        """The samples that want something of a call."""
        samples = range(len(self.probes))
        if any(spec.shape[:1] != (self.sweep.samples,) for spec in self._results(call)):
            return list(samples)
        return [sample for sample in samples if any(mask is not None and mask[sample].any() for mask in wanted)]

    def _is_cut(self, call: Call, place: int, sample: int) -> bool:
        """Whether an input is a global side branch of a merge, and is left out."""
        probe = self.probes[sample]
        if not probe.local or len(call.inputs) < 2:
            return False
        globally = [self._is_global(number, probe.axis) for number in call.inputs]
        return globally[place] and not all(globally)

    def _is_global(self, number: int, axis: int) -> bool:
        """Whether a map is said to see the whole input, from each position or from the only one that there is."""
        row = self.sweep.made_by.get(number)
        if row is None or row.local_fields[axis].size == inf:
            return row is not None
        field, size = row.local_fields[axis], row.input_sizes[axis]
        span = Claim(field, "", size or 0, 1).at(0) if field.size else None
        return (
            row.positions[axis] == 1 and size is not None and span is not None and span[0] <= 0 <= size - 1 <= span[1]
        )

    def _extent(self, sample: int, probe: Probe) -> Extent:
        seen: set[int] = set()
        for origin in self.sweep.origins:
            dim, mask = origin.dims[probe.axis], self.masks.get(origin.tensor)
            if dim is not None and mask is not None:
                spec = self.sweep.specs[origin.tensor]
                assert spec is not None
                whole = np.broadcast_to(mask[sample], sizes_of(spec)[1:])
                others = tuple(place for place in range(whole.ndim) if place != dim - 1)
                seen.update(np.flatnonzero(whole.any(axis=others)).tolist())
        return (min(seen), max(seen)) if seen else None


def _is_wider(found: Mask, wanted: Mask) -> bool:
    """Whether both ends of some dimension are looked at, for some positions along it."""
    for dim in range(found.ndim):
        others = tuple(place for place in range(found.ndim) if place != dim)
        along = np.flatnonzero(found.any(axis=others))
        if {0, found.shape[dim] - 1} <= set(along.tolist()) and not wanted.any(axis=others).all():
            return True
    return False


def _looked_at(
    call: Call,
    specs: Sequence[TensorSpec | None],
    results: Sequence[TensorSpec],
    wanted: Sequence[Mask | None],
    active: Sequence[int],
) -> list[Mask]:
    """What the active samples look at; the others take no part where the batch may be of another size."""
    known = [spec for spec in specs if spec is not None]
    masks = [narrowed(nothing(spec)) if mask is None else mask for mask, spec in zip(wanted, results, strict=True)]
    batches = {spec.shape[:1] for spec in (*known, *results)}
    if call.followed or len(batches) > 1 or not hasattr(call.layer, "variables"):
        return looked_at(call, known, masks)
    few = [spec._replace(shape=(len(active), *spec.shape[1:])) for spec in known]
    found = []
    for spec, mask in zip(known, looked_at(call, few, [mask[active] for mask in masks]), strict=True):
        whole = np.zeros((*spec.shape[:1], *mask.shape[1:]), np.bool_)
        whole[active] = mask
        found.append(whole)
    return found
