"""The field of windows in a row against the sets of positions that they see."""

from fractions import Fraction
from math import inf
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keras_cnnstats.field import NOTHING, UNKNOWN, WHOLE, Field, Reach, from_phases, phase_of, through, window_reach
from tests.fields.algebra import claimed, composed, ends, finite_fields, reaches, seen, windows


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
