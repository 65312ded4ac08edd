"""Receptive fields against a measurement: poke each position of the input, and see which outputs change."""

from fractions import Fraction
from math import inf

import keras
import pytest

import keras_cnnstats as cnnstats
from tests.fields.oracle import INPUT, Place
from tests.fields.poked import GRAPHS, RUNNABLE, Axis, Case, case

every_graph = pytest.mark.parametrize("name", RUNNABLE)


@every_graph
def test_every_call_has_a_row(name: str) -> None:
    assert {(row.layer, row.call) for row in case(name).report} == set(case(name).measured) - {INPUT}


@every_graph
def test_nothing_is_unknown_that_an_interval_describes(name: str) -> None:
    unknown = {key[0] for key, axis in case(name).axes.items() if axis.field.size is None}
    assert unknown == case(name).graph.unknown


@every_graph
def test_field_inside_the_input(name: str) -> None:
    """Where the field of an output position lies inside the input, it is what was seen, to the position."""
    wrong = {
        (*key, output): {"claimed": axis.claimed(output), "seen": seen}
        for key, axis in case(name).finite()
        for output, seen in enumerate(axis.seen)
        if axis.inside(output) and axis.claimed(output) != seen
    }
    assert wrong == {}


@every_graph
def test_field_at_the_edges(name: str) -> None:
    """Where the field hangs over the edge, nothing outside of it was seen. So it is behind branches that drift."""
    wrong = {
        (*key, output): {"claimed": axis.clipped(output), "seen": seen}
        for key, axis in case(name).finite(drifting=True)
        for output, seen in enumerate(axis.seen)
        if seen is not None and not _contains(axis.clipped(output), seen)
    }
    assert wrong == {}


def _contains(claim: tuple[int | Fraction, int | Fraction] | None, seen: tuple[int, int]) -> bool:
    return claim is not None and claim[0] <= seen[0] and seen[1] <= claim[1]


@every_graph
def test_positions_lie_inside(name: str) -> None:
    """The inputs are large enough for the comparison above to compare something: positions of each phase."""
    crowded = {key[0] for key, axis in case(name).finite() if not _comparable(axis)}
    assert crowded == case(name).graph.crowded


def _comparable(axis: Axis) -> bool:
    phases = axis.field.phases or (True,)
    inside = {output % len(phases) for output in range(len(axis.seen)) if axis.inside(output)}
    return inside == {number for number, phase in enumerate(phases) if phase is not None}


@every_graph
def test_receptive_field_is_the_largest_extent(name: str) -> None:
    largest = {
        key: _largest(axis, inside=True) for key, axis in case(name).finite() if key[0] not in GRAPHS[name].crowded
    }
    reported = {key: axis.row.receptive_field[axis.index] for key, axis in case(name).finite()}
    assert {key: reported[key] for key in largest} == largest


@every_graph
def test_clipped_receptive_field_is_the_largest_extent_at_all(name: str) -> None:
    largest = {key: _largest(axis, inside=False) for key, axis in case(name).finite()}
    assert {key: axis.row.clipped_receptive_field[axis.index] for key, axis in case(name).finite()} == largest


def _largest(axis: Axis, inside: bool) -> int:
    return max(
        seen[1] - seen[0] + 1
        for output, seen in enumerate(axis.seen)
        if seen is not None and (not inside or axis.inside(output))
    )


@every_graph
def test_stride_product_is_the_drift_of_what_is_seen(name: str) -> None:
    """From one output position to the one that stands alike in the pattern, what is seen moves on by the jump."""
    wrong = {}
    for key, axis in case(name).finite():
        period = len(axis.field.phases) or 1
        pairs = [
            (seen, axis.seen[output + period])
            for output, seen in enumerate(axis.seen[:-period])
            if axis.inside(output) and axis.inside(output + period)
        ]
        drifts = {Fraction(after[0] - before[0], period) for before, after in pairs if before and after}
        if drifts - {axis.row.stride_product[axis.index]}:
            wrong[key] = drifts, axis.row.stride_product
    assert wrong == {}


@every_graph
def test_effective_padding_is_where_the_first_field_begins(name: str) -> None:
    """Traced back from the positions inside: `lo = first seen - output * jump`, in a phase that sees most."""
    wrong = {}
    for key, axis in case(name).finite():
        extents = [(seen, output) for output, seen in enumerate(axis.seen) if seen and axis.inside(output)]
        most = max((seen[1] - seen[0] for seen, _ in extents), default=None)
        starts = {seen[0] - output * axis.field.jump for seen, output in extents if seen[1] - seen[0] == most}
        if starts and -axis.row.effective_padding[axis.index] not in starts:
            wrong[key] = starts, axis.row.effective_padding
    assert wrong == {}


@every_graph
def test_whole_input_where_everything_is_seen(name: str) -> None:
    """`inf` means that each output position sees the first and the last position of the input."""
    wrong = {
        key: sorted(set(axis.seen), key=str)
        for key, axis in case(name).axes.items()
        if axis.field.size == inf and set(axis.seen) != {(0, axis.input_size - 1)}
    }
    assert wrong == {}


@every_graph
def test_extent_where_no_dimension_runs_over_the_axis(name: str) -> None:
    """Behind a `Flatten`, each value still sees what its position saw."""
    merged = {
        key: axis for key, axis in case(name).axes.items() if not axis.alone and axis.field.size not in (None, inf)
    }
    largest = {key: _largest(axis, inside=False) for key, axis in merged.items()}
    assert {key: axis.row.clipped_receptive_field[axis.index] for key, axis in merged.items()} == largest


@every_graph
def test_positions_are_those_of_the_output(name: str) -> None:
    wrong = {
        key: (axis.row.positions, len(axis.seen))
        for key, axis in case(name).finite(drifting=True)
        if axis.row.positions[axis.index] != len(axis.seen)
    }
    assert wrong == {}


@every_graph
def test_misaligned_rows_are_those_whose_branches_drift(name: str) -> None:
    """Branches are misaligned where the middles of what they see are not the same at the same output position."""
    misaligned = {(row.layer, row.call) for row in case(name).report if not row.aligned}
    assert misaligned == {place for place in case(name).measured if _drifts(case(name), place)}


def _drifts(case: Case, place: Place) -> bool:
    sources = tuple(dict.fromkeys(case.measured[place].sources))
    return len(sources) > 1 and any(_drifts_on(case, index, place, sources) for index in range(len(case.graph.axes)))


def _drifts_on(case: Case, index: int, place: Place, sources: tuple[Place, ...]) -> bool:
    dim = case.graph.axes[index]
    size = case.measured[INPUT].changed[index].shape[0]
    branches = [case.measured[source].extents(index, dim) for source in sources]
    # What sees everything is a gate, and not one of the branches.
    branches = [branch for branch in branches if set(branch) != {(0, size - 1)}]
    if any(len(branch) != len(case.measured[place].extents(index, dim)) for branch in branches):
        return True
    margin = case.graph.margin
    inner = [branch[margin : len(branch) - margin] for branch in branches]
    # At the edges every branch sees less, on one side.
    middles = [
        tuple(first + last for first, last in extents)
        for extents in zip(*inner, strict=True)
        if all(extent and extent[0] > 0 and extent[1] < size - 1 for extent in extents)
    ]
    period = case.graph.period
    rounds = [middles[start : start + period] for start in range(len(middles) - period + 1)]
    return any(len({sum(branch) for branch in zip(*round_, strict=True)}) > 1 for round_ in rounds)


def gated() -> list[str]:
    return [name for name, graph in RUNNABLE.items() if graph.near]


@pytest.mark.parametrize("name", gated())
def test_local_field_is_the_field_without_the_side_branch(name: str) -> None:
    near = GRAPHS[name].near
    assert near is not None
    keras.utils.clear_session()
    without = {row.layer: row.receptive_field for row in cnnstats.analyze(near())}
    local = {row.layer: row.local_receptive_field for row in case(name).report if row.layer in without}
    assert local == without


@pytest.mark.parametrize("name", gated())
def test_full_field_behind_a_side_branch_is_everything(name: str) -> None:
    assert case(name).report.rows[-1].receptive_field == (inf, inf)
