"""Fields behind paddings that nobody gave: right for each size that somebody would give."""

from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from keras_cnnstats.field import ONE, Field, Reach, Slack, Unsized, merge, through, window_reach
from keras_cnnstats.primitives.window import Window
from tests.fields.algebra import windows

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


# Positions


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


# Fields


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
