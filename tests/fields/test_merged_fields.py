"""Fields of branches that meet: the hull of what they see, and whether their centres agree."""

from math import inf

from hypothesis import assume, given
from hypothesis import strategies as st

from keras_cnnstats.field import NOTHING, ONE, UNKNOWN, WHOLE, Field, merge, through, window_reach
from tests.fields.algebra import claimed, finite_fields


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
