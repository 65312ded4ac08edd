"""Counts of pairs of outputs and taps, against going through them; and at sizes that nobody goes through."""

from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.field import Reach, transposed_reach
from keras_cnnstats.primitives import Convolution, TransposedConvolution, Upwindow, Window
from keras_cnnstats.primitives.lattice import floor_sum, positions_reached, taps_inside

few = st.integers(0, 12)
some = st.integers(1, 9)


@given(st.integers(0, 30), st.integers(1, 20), st.integers(0, 40), st.integers(0, 40))
def test_floor_sum(count, modulus, factor, offset):
    assert floor_sum(count, modulus, factor, offset) == sum((factor * i + offset) // modulus for i in range(count))


@given(few, few, few, some, some, st.integers(-20, 20))
def test_pairs_inside_and_what_they_reach(size, positions, kernel, stride, dilation, before):
    landed = [i * stride + t * dilation - before for i in range(positions) for t in range(kernel)]
    inside = [place for place in landed if 0 <= place < size]
    grid = size, positions, kernel, stride, dilation, before
    assert taps_inside(*grid) == len(inside)
    assert positions_reached(*grid) == len(set(inside))


@given(some, some, some, st.integers(0, 20))
def test_inputs_of_each_phase(kernel, stride, dilation, before):
    spans = []
    for phase in range(stride):
        places = [phase + before - tap * dilation for tap in range(kernel)]
        inputs = [place // stride for place in places if place % stride == 0]
        spans.append((min(inputs), max(inputs)) if inputs else None)
    assert transposed_reach(kernel, stride, dilation, before) == Reach(tuple(spans), 1)


@given(few.filter(bool), some, some, some)
def test_outputs_of_a_transposed_window(size, kernel, stride, dilation):
    touched = {i * stride + t * dilation for i in range(size) for t in range(kernel)}
    assert Upwindow(kernel, stride, dilation, size=size).outputs_touched == len(touched)


def test_windows_of_any_size_are_counted_at_once():
    large = 10**15
    convolution = Convolution(
        windows=(Window(large, 3, 2, "same", size=10**12, positions=-(-(10**12) // 3)),), c_in=1, c_out=1
    )
    transposed = TransposedConvolution(windows=(Upwindow(large, 7, 3, size=10**9, positions=10**9),), c_in=1, c_out=1)
    assert convolution.work().macs == large * -(-(10**12) // 3)
    assert 0 < convolution.work().inside < convolution.work().macs
    assert transposed.work().macs == large * 10**9
