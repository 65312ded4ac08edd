"""Which row is which: by name, by content, in order; and the sums hold whatever was edited."""

import time
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.alignment import COUNTS, align
from keras_cnnstats.records import Row
from tests.comparing.handmade import compared, conv, relu, report, seeing

STEM = (conv("conv2d", 8), relu("re_lu"), conv("conv2d_1"), relu("re_lu_1"), conv("conv2d_2", 32), relu("re_lu_2"))


def numbered(rows: tuple[Row, ...], start: int) -> tuple[Row, ...]:
    """The rows as Keras would name them, had it named others before."""
    found, counts = [], {"Conv2D": start, "ReLU": start}
    for each in rows:
        stem = {"Conv2D": "conv2d", "ReLU": "re_lu"}[each.type]
        found.append(each._replace(layer=f"{stem}_{counts[each.type]}"))
        counts[each.type] += 1
    return tuple(found)


def statuses(before: tuple[Row, ...], after: tuple[Row, ...]) -> list[tuple[str, str]]:
    return [(change.row.layer, change.status) for change in compared(report(*before), report(*after)).aligned]


def changes(before: tuple[Row, ...], after: tuple[Row, ...]) -> list[tuple[str, str]]:
    return [(change.row.layer, change.status) for change in compared(report(*before), report(*after)).changes]


def test_a_model_built_twice_is_the_same() -> None:
    assert compared(report(*STEM), report(*numbered(STEM, 3))).is_same


def test_numbers_that_overlap_say_nothing() -> None:
    longer = (conv("x", 64), relu("x"), *STEM)
    again = numbered(longer, 1)
    assert changes(STEM, again) == [(again[0].layer, "added"), (again[1].layer, "added")]


@pytest.mark.parametrize("place", range(len(STEM) + 1))
def test_a_layer_put_in_is_the_one_that_was_added(place: int) -> None:
    rows = numbered((*STEM[:place], conv("x", 64), *STEM[place:]), 0)
    assert changes(STEM, rows) == [(rows[place].layer, "added")]
    assert changes(rows, STEM) == [(rows[place].layer, "removed")]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_layer_without_a_name_that_became_wider_is_changed(place: int) -> None:
    rows = numbered((*STEM[:place], conv("x", 64), *STEM[place + 1 :]), 5)
    assert changes(STEM, rows) == [(rows[place].layer, "changed")]


def test_models_inside_have_numbers_too() -> None:
    before = (conv("functional_1/conv2d_3"), conv("my_block_2/stem", 8))
    after = (conv("functional_9/conv2d_7"), conv("my_block_5/stem", 8))
    assert compared(report(*before), report(*after)).is_same


def test_a_given_name_is_the_same_layer_whatever_it_costs() -> None:
    before = (conv("block1"), conv("block2"), conv("block3"))
    after = (conv("block1"), conv("block3", 64))
    assert statuses(before, after) == [("block1", "same"), ("block2", "removed"), ("block3", "changed")]


def test_a_given_name_that_stands_elsewhere_is_moved() -> None:
    before = (conv("first", 8), conv("second", 16), conv("third", 32))
    assert changes(before, (before[1], before[0], before[2])) in ([("first", "moved")], [("second", "moved")])
    assert ("first", "changed") in changes(before, (before[1], conv("first", 4), before[2]))


def test_another_name_for_what_costs_the_same_is_renamed() -> None:
    before = (conv("stem"), relu("act"), conv("head", 8))
    assert changes(before, (before[0], relu("activation"), before[2])) == [("activation", "renamed")]


def test_another_class_under_the_same_name_is_changed() -> None:
    (change,) = compared(report(conv("stem")), report(conv("stem", type="SeparableConv2D"))).changes
    assert (change.status, change.changed) == ("changed", ("type",))


def test_calls_of_a_shared_layer_are_rows_of_their_own() -> None:
    before = (conv("shared"), conv("shared", params=0, call=1))
    after = (*before, conv("shared", params=0, call=2))
    assert statuses(before, after) == [("shared", "same"), ("shared", "same"), ("shared", "added")]
    assert [change.row.call for change in compared(report(*before), report(*after)).changes] == [2]


def test_a_row_that_costs_the_same_and_sees_something_else_says_so() -> None:
    (change,) = compared(report(conv("conv")), report(seeing(conv("conv"), 5))).changes
    assert (change.status, change.difference("rf_h"), change.difference("params")) == ("sees otherwise", 2, 0)


def test_rows_that_went_stand_before_those_that_came() -> None:
    before, after = (conv("a"), relu("b", params=1), conv("c")), (conv("a"), conv("d", 9), conv("c"))
    assert [status for _, status in statuses(before, after)] == ["same", "removed", "added", "same"]


# Whatever is edited

NAMES = st.sampled_from(["stem", "head", "block_1", "block_2", "a/conv", "b_1/conv", "conv2d", "conv2d_1", "re_lu_4"])
ROWS = st.builds(
    lambda name, filters, call, known: conv(name, filters, call=call, **({} if known else {"work": None})),
    NAMES, st.integers(1, 3), st.integers(0, 2), st.booleans() | st.just(True),
)  # fmt: skip


def distinct(rows: list[Row]) -> tuple[Row, ...]:
    return tuple({(each.layer, each.call): each for each in rows}.values())


@st.composite
def edits(draw: Any) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows of a model, and those of the model after some of them went, changed, came or moved."""
    before = distinct(draw(st.lists(ROWS, max_size=12)))
    after = list(before)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(after)))
        edit = draw(st.sampled_from(["remove", "insert", "replace", "move"]))
        if edit == "insert":
            after.insert(place, draw(ROWS))
        elif place < len(after):
            taken = after.pop(place)
            if edit != "remove":
                there = place if edit == "replace" else draw(st.integers(0, len(after)))
                after.insert(there, draw(ROWS) if edit == "replace" else taken)
    return before, distinct(after)


LETTERS = st.text("abc", max_size=9)


@given(LETTERS, LETTERS)
def test_nothing_in_common_is_left_out(before: str, after: str) -> None:
    """Rows of one class, of which the cost alone tells which is which, are matched as often as can be."""
    first, second = (tuple(relu(f"re_lu_{n}", params=ord(letter)) for n, letter in enumerate(text))
                     for text in (before, after))  # fmt: skip
    same = [pair for pair in compared(report(*first), report(*second)).aligned if pair.status == "same"]
    found = max(
        len(each)
        for size in range(len(before) + 1)
        for each in combinations(before, size)
        if is_subsequence("".join(each), after)
    )
    assert len(same) == found


def is_subsequence(text: str, of: str) -> bool:
    letters = iter(of)
    return all(letter in letters for letter in text)


@given(edits())
def test_every_row_stands_once_and_in_order(pair: tuple[tuple[Row, ...], tuple[Row, ...]]) -> None:
    before, after = pair
    found = align(before, after)
    assert sorted(each.before for each in found if each.before is not None) == list(range(len(before)))
    assert [each.after for each in found if each.after is not None] == list(range(len(after)))
    in_place = [each.before for each in found if each.before is not None and not each.is_moved]
    assert in_place == sorted(in_place)


@given(edits())
def test_differences_sum_to_those_of_the_totals(pair: tuple[tuple[Row, ...], tuple[Row, ...]]) -> None:
    comparison = compared(report(*pair[0]), report(*pair[1]))
    for name in set(COUNTS) - {"activation_bytes"}:
        differences = [change.difference(name) for change in comparison.aligned]
        expected = comparison.totals[name].differences[1]
        if expected is None:
            assert name in ("macs", "flops", "transcendentals", "train_flops")
        else:
            assert None not in differences
            assert sum(differences) == expected


@given(edits())
def test_a_report_against_itself_is_the_same_and_back_is_the_reverse(
    pair: tuple[tuple[Row, ...], tuple[Row, ...]],
) -> None:
    before, after = pair
    assert not changes(before, before)
    there, back = (compared(report(*rows), report(*others)) for rows, others in ((before, after), (after, before)))
    for one, other in zip(there.totals.values(), back.totals.values(), strict=True):
        difference = one.differences[1]
        assert other.differences[1] == (None if difference is None else -difference)


@pytest.mark.parametrize("kind", ["without names", "named", "of blocks that are alike"])
def test_two_thousand_rows_take_no_time(kind: str) -> None:
    named, alike = kind == "named", kind == "of blocks that are alike"
    block = (conv("conv2d", 8), relu("re_lu"), conv("conv2d", 32), relu("re_lu"))
    rows = tuple(
        each._replace(layer=f"layer_{n}" if named else f"{each.layer}_{n}", params=n % 4 if alike else n)
        for n, each in enumerate(block * 500, start=1)
    )
    after = tuple(conv(each.layer, 99) if n % 101 == 0 else each for n, each in enumerate(rows) if n % 97)
    start = time.process_time()
    found = align(rows, after)
    assert time.process_time() - start < 20
    assert sum(each.before is not None and each.after is not None for each in found) > 1_950
