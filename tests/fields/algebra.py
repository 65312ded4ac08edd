"""Sets of positions, written out one by one, and what hypothesis draws for them. No Keras, no TensorFlow."""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from keras_cnnstats.field import ONE, Field, Reach, phase_of, through, transposed_reach, window_reach
from keras_cnnstats.primitives.pooling import adaptive_reach
from keras_cnnstats.primitives.resampling import resampling_reach

Span = tuple[int | Fraction, int | Fraction]


# What an output position touches and sees, position by position


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


# What is drawn


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
