"""The part of a field inside the input."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.field import NOTHING, UNKNOWN, WHOLE, Field
from tests.fields.algebra import claimed, finite_fields


@given(finite_fields(), st.integers(1, 25), st.integers(1, 12))
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
