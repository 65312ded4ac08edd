"""The interval algebra against sets of positions, written out one by one. No Keras, no TensorFlow."""

from fractions import Fraction
from math import ceil, floor, inf
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keras_cnnstats.field import (
    NOTHING,
    ONE,
    UNKNOWN,
    WHOLE,
    Field,
    Reach,
    Slack,
    Unsized,
    from_phases,
    merge,
    phase_of,
    through,
    transposed_reach,
    window_reach,
)
from keras_cnnstats.primitives.pooling import adaptive_reach
from keras_cnnstats.primitives.resampling import resampling_reach
from keras_cnnstats.primitives.window import Window

# What an output position touches and sees, position by position

Span = tuple[int | Fraction, int | Fraction]


def touched(reach: Reach, output: int) -> range:
    """The positions of the map below that `output` touches."""
    round_, phase = divmod(output, len(reach.spans))
    span = reach.spans[phase]
    if span is None:
        return range(0)
    start = round_ * reach.advance
    return range(start + span[0], start + span[1] + 1, reach.step)


def seen(reaches: list[Reach], output: int) -> set[int]:
    """The input positions that `output` sees through all the reaches, the first of which reads the input."""
    positions = {output}
    for reach in reversed(reaches):
        positions = {tap for position in positions for tap in touched(reach, position)}
    return positions


def ends(positions: set[int]) -> tuple[int, int] | None:
    return (min(positions), max(positions)) if positions else None


def claimed(field: Field, output: int) -> Span | None:
    """First and last input position that `output` sees by the field."""
    if field.size == 0:
        return None
    assert field.jump is not None
    phase: Any = phase_of(field, output)
    return phase and (phase[0] + output * field.jump, phase[1] + output * field.jump)


def composed(reaches: list[Reach]) -> Field:
    field = ONE
    for reach in reaches:
        field = through(field, reach)
    return field


def windows() -> st.SearchStrategy[Reach]:
    return st.builds(
        window_reach,
        kernel=st.integers(1, 5),
        stride=st.integers(1, 4),
        dilation=st.integers(1, 3),
        before=st.integers(-3, 4),
    )


def transposed(dilation: int = 3) -> st.SearchStrategy[Reach]:
    return st.builds(
        transposed_reach,
        kernel=st.integers(1, 5),
        stride=st.integers(1, 3),
        dilation=st.integers(1, dilation),
        before=st.integers(0, 3),
    )


def resamplings() -> st.SearchStrategy[Reach]:
    names = st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3"])
    return st.builds(resampling_reach, st.integers(1, 6), st.integers(1, 6), names, st.booleans())


def adaptive() -> st.SearchStrategy[Reach]:
    return st.builds(adaptive_reach, st.integers(1, 9), st.integers(1, 9))


def reaches() -> st.SearchStrategy[Reach]:
    return st.one_of(windows(), transposed(), resamplings(), adaptive())


def finite_fields() -> st.SearchStrategy[Field]:
    return st.lists(st.one_of(windows(), transposed()), max_size=3).map(composed).filter(lambda field: field.size)


# Through windows and their like


@given(windows(), windows())
def test_two_windows_in_a_row_are_one(first: Reach, second: Reach) -> None:
    (start, stop), (more_start, more_stop) = first.spans[0] or (0, 0), second.spans[0] or (0, 0)
    both = Reach(
        ((start + more_start * first.advance, stop + more_stop * first.advance),), first.advance * second.advance
    )
    assert composed([first, second]) == composed([both])


@given(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4), st.integers(0, 6))
def test_window_by_the_formula(kernel: int, stride: int, dilation: int, before: int) -> None:
    """The textbook: `lo -= p*jump`, `hi += ((k-1)*d - p)*jump`, `jump *= s`."""
    field = through(Field(5, -3, 2), window_reach(kernel, stride, dilation, before))
    low, high = -3 - before * 2, 1 + ((kernel - 1) * dilation - before) * 2
    assert field == Field(high - low + 1, low, 2 * stride)


@given(st.lists(reaches(), min_size=1, max_size=3), st.integers(-7, 20))
def test_composition_is_that_of_the_sets(stages: list[Reach], output: int) -> None:
    field = composed(stages)
    assume(field.size is not None)  # more phases than anybody wants to look at
    assert claimed(field, output) == ends(seen(stages, output))


@given(st.lists(reaches(), min_size=1, max_size=3))
def test_size_is_the_largest_over_the_phases(stages: list[Reach]) -> None:
    field = composed(stages)
    assume(field.size is not None)
    extents = [ends(seen(stages, output)) for output in range(len(field.phases) or 1)]
    assert field.size == max([last - first + 1 for first, last in filter(None, extents)], default=0)


@given(st.lists(reaches(), min_size=1, max_size=3))
def test_lo_is_that_of_a_phase_of_the_largest_size(stages: list[Reach]) -> None:
    field = composed(stages)
    assume(field.size and field.phases)
    assert (field.lo, (field.lo or 0) + (field.size or 0) - 1) in field.phases


@given(st.lists(reaches(), min_size=1, max_size=3))
def test_whole_numbers_are_integers(stages: list[Reach]) -> None:
    field = composed(stages)
    numbers = [number for number in (field.size, field.lo, field.jump) if number is not None]
    assert [type(number) for number in numbers] == [int if number == int(number) else Fraction for number in numbers]


@given(reaches())
def test_identity(reach: Reach) -> None:
    assert composed([reach, window_reach(1)]) == composed([window_reach(1), reach]) == composed([reach])


@pytest.mark.parametrize("field", [NOTHING, UNKNOWN], ids=["nothing", "unknown"])
@given(reach=reaches())
def test_what_has_no_positions_stays(field: Field, reach: Reach) -> None:
    assert through(field, reach) == field


@given(reaches())
def test_everything_stays_everything(reach: Reach) -> None:
    assert through(WHOLE, reach) == WHOLE


@given(windows())
def test_everything_keeps_its_stride(reach: Reach) -> None:
    assert through(Field(inf, None, 3), reach) == Field(inf, None, 3 * reach.advance)


# What each primitive touches, by its definition


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(0, 5), st.integers(0, 15))
def test_transposed_by_scattering(kernel: int, stride: int, dilation: int, before: int, output: int) -> None:
    inputs = {j for j in range(-40, 40) for tap in range(kernel) if j * stride + tap * dilation - before == output}
    assert ends(set(touched(transposed_reach(kernel, stride, dilation, before), output))) == ends(inputs)


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_adaptive_cells(size: int, positions: int, data: st.DataObject) -> None:
    cell = data.draw(st.integers(0, positions - 1))
    first, behind = floor(Fraction(cell * size, positions)), ceil(Fraction((cell + 1) * size, positions))
    assert list(touched(adaptive_reach(size, positions), cell)) == list(range(first, behind))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 19))
def test_nearest(size: int, positions: int, output: int) -> None:
    nearest = floor((output + Fraction(1, 2)) * Fraction(size, positions))
    assert list(touched(resampling_reach(size, positions, "nearest"), output)) == [nearest]


@pytest.mark.parametrize(("name", "radius"), [("bilinear", 1), ("bicubic", 2), ("lanczos3", 3), ("lanczos5", 5)])
@given(size=st.integers(1, 12), positions=st.integers(1, 12), output=st.integers(0, 19), antialias=st.booleans())
def test_interpolation(name: str, radius: int, size: int, positions: int, output: int, antialias: bool) -> None:
    """Positions less than the kernel's radius from the centre, without those at the zeros of the kernel."""
    ratio = Fraction(size, positions)
    center = (output + Fraction(1, 2)) * ratio - Fraction(1, 2)
    stretch = max(ratio, 1) if antialias else Fraction(1)
    window = range(floor(center - radius * stretch) + 1, ceil(center + radius * stretch))
    inside = {x for x in window if not _is_zero(x - center, stretch)}
    assert ends(set(touched(resampling_reach(size, positions, name, antialias), output))) == ends(inside)


def _is_zero(distance: Fraction, stretch: Fraction) -> bool:
    """Cubic and Lanczos kernels are zero at whole distances other than 0."""
    return distance != 0 and (distance / stretch).denominator == 1


@given(st.integers(1, 60), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_makes_as_many_positions_as_it_should(size: int, kernel: int, stride: int, dilation: int) -> None:
    """The last output's window ends no more than its padding behind the input."""
    window = Window(kernel=kernel, stride=stride, dilation=dilation, padding="same", size=size)
    assert window.expected_positions == -(-size // stride)


# Branches that meet


@given(st.lists(finite_fields(), min_size=1, max_size=3), st.integers(0, 12))
def test_merge_is_the_hull(fields: list[Field], output: int) -> None:
    assume(len({field.jump for field in fields}) == 1)
    merged, _ = merge(tuple(fields), None)
    assume(merged.size is not None)
    spans = [span for span in (claimed(field, output) for field in fields) if span is not None]
    hull = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None
    assert claimed(merged, output) == hull


@given(finite_fields(), st.integers(-4, 4))
def test_branches_are_aligned_where_their_centres_agree(field: Field, shift: int) -> None:
    moved = through(field, window_reach(1, before=shift))
    assert merge((field, moved), None)[1] is (shift == 0)


@given(st.integers(1, 9), st.integers(1, 9))
def test_windows_around_one_centre_are_aligned(small: int, large: int) -> None:
    a = through(ONE, window_reach(2 * small - 1, before=small - 1))
    b = through(ONE, window_reach(2 * large - 1, before=large - 1))
    assert merge((a, b), None) == (max(a, b, key=lambda field: field.size or 0), True)


@given(st.lists(finite_fields(), min_size=2, max_size=3), st.integers(1, 9), st.data())
def test_drifting_branches_lie_in_their_hull(fields: list[Field], positions: int, data: st.DataObject) -> None:
    assume(len({field.jump for field in fields}) > 1)
    merged, aligned = merge(tuple(fields), positions)
    output = data.draw(st.integers(0, positions - 1))
    hull = claimed(merged, output)
    spans = [span for span in (claimed(field, output) for field in fields) if span is not None]
    assert aligned is False
    assert hull is not None
    assert all(hull[0] <= low and high <= hull[1] for low, high in spans)


@given(finite_fields(), finite_fields())
def test_drifting_branches_without_positions_are_unknown(a: Field, b: Field) -> None:
    assume(a.jump != b.jump)
    merged, aligned = merge((a, b), None)
    assert (merged.size, aligned) == (None, False)


@given(finite_fields())
def test_merging_with_itself_or_nothing(field: Field) -> None:
    assert merge((field, field, NOTHING), 5) == (field, True)


@given(finite_fields())
def test_merging_with_everything_or_with_what_nobody_knows(field: Field) -> None:
    assert merge((field, WHOLE), 5) == (Field(inf, None, field.jump), True)
    assert merge((field, WHOLE, UNKNOWN), 5)[0] == UNKNOWN


def test_nothing_is_merged() -> None:
    assert merge((NOTHING, NOTHING), 5) == (NOTHING, True)


# Clipped to the input


@given(finite_fields(), st.integers(1, 25), st.integers(1, 25))
def test_clipped(field: Field, size: int, positions: int) -> None:
    inside = []
    for output in range(positions):
        span = claimed(field, output)
        inside.append(max(min(span[1], size - 1) - max(span[0], 0) + 1, 0) if span else 0)
    assert field.clipped(size, positions) == max(inside)


@given(finite_fields(), st.integers(1, 25))
def test_clipped_over_positions_nobody_gave(field: Field, size: int) -> None:
    """As over so many positions that the last ones lie behind the input."""
    assert field.jump
    many = int((size + abs(Fraction(field.lo or 0)) + (field.size or 0)) / field.jump) + len(field.phases) + 2
    assert field.clipped(size, None) == field.clipped(size, many)


@pytest.mark.parametrize(
    ("field", "size", "expected"),
    [
        pytest.param(WHOLE, 7, 7, id="everything"),
        pytest.param(NOTHING, 7, 0, id="nothing"),
        pytest.param(NOTHING, None, 0, id="nothing of an input of unknown size"),
        pytest.param(UNKNOWN, 7, None, id="unknown"),
        pytest.param(Field(3, 0, 1), None, None, id="input of unknown size"),
        pytest.param(Field(3, None, 1), 7, 3, id="place unknown"),
        pytest.param(Field(9, None, 1), 7, 7, id="place unknown, larger than the input"),
        pytest.param(Field(9, -4, 0), 7, 5, id="does not move"),
        pytest.param(Field(3, -9, 0), 7, 0, id="in the padding"),
    ],
)
def test_clipped_edge_cases(field: Field, size: int | None, expected: int | None) -> None:
    assert field.clipped(size, 5) == expected


# Phases


def test_equal_phases_are_one() -> None:
    assert from_phases([(0, 2), (0, 2)], 1) == Field(3, 0, 1)


def test_no_phase_sees_anything() -> None:
    assert from_phases([None, None], 1) == NOTHING


def test_the_largest_phase_speaks_for_all() -> None:
    assert from_phases([(0, 0), None, (-1, 1)], 1) == Field(3, -1, 1, ((0, 0), None, (-1, 1)))


@given(finite_fields())
def test_center_is_the_mean_over_the_phases(field: Field) -> None:
    phases = [phase for phase in (phase_of(field, number) for number in range(len(field.phases) or 1)) if phase]
    middles: list[Any] = [phase[0] + phase[1] for phase in phases]
    assert field.center == Fraction(sum(middles), 2 * len(phases))


# Paddings that nobody gave


SLACKS = {key: Slack(key, low, high) for key, low, high in [("a", 0, 1), ("b", 1, 3), ("c", -2, 2)]}
amounts = st.fixed_dictionaries({key: st.integers(slack.low, slack.high) for key, slack in SLACKS.items()})


def unsized() -> st.SearchStrategy[Unsized]:
    factors = st.dictionaries(st.sampled_from(list(SLACKS)), st.integers(-4, 4).filter(bool), min_size=1)
    return st.builds(
        lambda base, factors: Unsized(base, tuple((SLACKS[key], factor) for key, factor in factors.items())),
        st.integers(-9, 9),
        factors,
    )


def positions() -> st.SearchStrategy[int | Fraction | Unsized]:
    return st.one_of(st.integers(-9, 9), st.fractions(-9, 9, max_denominator=4), unsized())


def value(position: int | Fraction | Unsized, amount: dict[Any, int]) -> int | Fraction:
    """The position, once somebody gives the paddings."""
    if not isinstance(position, Unsized):
        return position
    return position.base + sum(factor * amount[slack.key] for slack, factor in position.slacks)


@given(unsized(), positions(), amounts)
def test_sum(a: Unsized, b: int | Fraction | Unsized, amount: dict[Any, int]) -> None:
    assert value(a + b, amount) == value(b + a, amount) == value(a, amount) + value(b, amount)


@given(unsized(), positions(), amounts)
def test_difference(a: Unsized, b: int | Fraction | Unsized, amount: dict[Any, int]) -> None:
    assert value(a - b, amount) == -value(b - a, amount) == value(a, amount) - value(b, amount)


@given(unsized())
def test_equal_paddings_cancel(a: Unsized) -> None:
    assert a - a == 0


@given(unsized(), amounts)
def test_bounds_hold(a: Unsized, amount: dict[Any, int]) -> None:
    low, high = a.bounds
    assert low <= value(a, amount) <= high


@given(unsized())
def test_bounds_are_reached(a: Unsized) -> None:
    least = {slack.key: slack.low if factor > 0 else slack.high for slack, factor in a.slacks}
    most = {slack.key: slack.high if factor > 0 else slack.low for slack, factor in a.slacks}
    assert a.bounds == (value(a, least), value(a, most))


@given(st.integers(1, 7), st.integers(2, 4), st.integers(1, 60), st.integers(1, 5))
def test_padding_of_unknown_size_stands_for_that_of_each_size(kernel: int, stride: int, size: int, behind: int) -> None:
    """A 'same' window over an unknown size, and a second window, are for each size what they are with it."""
    open_ended = Window(kernel=kernel, stride=stride, padding="same")
    known = Window(kernel=kernel, stride=stride, padding="same", size=size)
    assert known.before is not None
    field = through(through(Field(3, -1, 2), open_ended.reach, "size"), window_reach(behind))
    exact = through(through(Field(3, -1, 2), known.reach), window_reach(behind))
    assert (field.size, field.jump, value(field.lo or 0, {"size": known.before})) == (exact.size, exact.jump, exact.lo)


@given(st.integers(1, 7), st.integers(2, 4), st.integers(1, 60))
def test_slack_bounds_the_padding_of_each_size(kernel: int, stride: int, size: int) -> None:
    """As long as the input is no smaller than what the windows need, as with every size that somebody would give."""
    low, high = Window(kernel=kernel, stride=stride, padding="same").reach.slack or (0, 0)
    assume(size % stride == 0 or size >= kernel)
    assert low <= (Window(kernel=kernel, stride=stride, padding="same", size=size).before or 0) <= high


@given(windows(), windows())
def test_branches_behind_one_unknown_padding_merge_as_without(a: Reach, b: Reach) -> None:
    """What both branches share cancels: size and alignment are exact."""
    slack = Reach(((0, 2),), 2, slack=(0, 1))
    branches = tuple(through(through(ONE, slack, "shared"), reach) for reach in (a, b))
    known = tuple(through(through(ONE, window_reach(3, 2)), reach) for reach in (a, b))
    assume(known[0].jump == known[1].jump)
    (field, aligned), (exact, truly) = merge(branches, None), merge(known, None)
    assert (field.size, field.jump, aligned) == (exact.size, exact.jump, truly)


@given(st.integers(1, 9), st.integers(1, 9), amounts)
def test_branches_of_different_padding_merge_to_what_always_holds(
    kernel: int, other: int, amount: dict[Any, int]
) -> None:
    """Behind two unknown paddings the hull is either right whatever they are, or not known."""
    open_ended = [
        through(ONE, Reach(((0, each - 1),), 2, slack=(SLACKS[key].low, SLACKS[key].high)), key)
        for key, each in (("a", kernel), ("b", other))
    ]
    exact = [through(ONE, window_reach(each, 2, 1, amount[key])) for key, each in (("a", kernel), ("b", other))]
    merged, _ = merge(tuple(open_ended), None)
    hull, _ = merge(tuple(exact), None)
    assert merged.size in (None, hull.size)
    assert merged.size is None or value(merged.lo or 0, amount) == hull.lo
