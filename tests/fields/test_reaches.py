"""What windows and their like touch at each output position, by the definition of each."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.field import transposed_reach
from keras_cnnstats.primitives.pooling import adaptive_reach
from keras_cnnstats.primitives.resampling import resampling_reach
from keras_cnnstats.primitives.window import Window
from tests.fields.algebra import ends, touched


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
