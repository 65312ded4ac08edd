"""Published architectures at their published sizes: fields by hand, and by a walk along one line of positions."""

from collections.abc import Callable, Sequence
from functools import cache, reduce
from math import inf
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats import Report
from tests.fields import architectures
from tests.fields.architectures import of

VGG16 = (2, 2, 3, 3, 3)
ROUND = tuple(2**place for place in range(10))
"""Dilations 1, 2, 4, ..., 512."""

BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "U-Net": of((572, 572, 1), architectures.u_net, depth=4, padding="valid", up="convolution"),
    "SegNet": of((480, 360, 3), architectures.seg_net, blocks=VGG16),
    "feature pyramid": of((256, 320, 3), architectures.feature_pyramid, levels=4),
    "DeepLab": of((513, 513, 3), architectures.deep_lab, strides=4, rates=(6, 12, 18), image_level=True),
    "YOLO": of((640, 640, 3), architectures.detector, counts=(3, 6, 9), pooled=5),
    "WaveNet": of((16_000, 1), architectures.wave_net, dilations=ROUND * 3),
}


@cache
def report(name: str) -> Report:
    keras.utils.clear_session()
    with cnnstats.abstract():
        model = BUILDERS[name]()
    return cnnstats.analyze(model)


def fields(name: str, *layers: str) -> list[Any]:
    return [report(name)[layer].receptive_field[0] for layer in layers]


# By hand: a window of `k` taps adds `(k - 1) * dilation * jump`


def test_round_of_wave_net_sees_1024_steps() -> None:
    """The first causal convolution, of two taps, adds one step to what each round of ten adds."""
    assert 1 + sum(ROUND) == 1024
    assert fields("WaveNet", "first", "value9", "value19", "value29", "values") == [
        2, 1 + 1024, 1 + 1 + 2 * 1023, 1 + 1 + 3 * 1023, 3_071
    ]  # fmt: skip


def test_wave_net_sees_nothing_to_come() -> None:
    assert {row.effective_padding[0] - row.receptive_field[0] for row in report("WaveNet")} == {-1}


def test_bottom_of_u_net_sees_140_pixels() -> None:
    assert fields("U-Net", "down0_b", "pool0", "down1_b", "down2_b", "down3_b", "pool3", "bottom_b") == [
        5, 6, 14, 32, 68, 76, 140
    ]  # fmt: skip
    assert report("U-Net")["bottom_b"].output_shape == (None, 28, 28, 2)
    assert report("U-Net")["classes"].output_shape == (None, 388, 388, 2)


def test_encoder_of_seg_net_is_vgg16() -> None:
    assert fields("SegNet", "pool0", "pool1", "pool2", "pool3", "pool4") == [6, 16, 44, 100, 212]


def test_atrous_pyramid_at_output_stride_16() -> None:
    assert report("DeepLab")["down3"].stride_product == (16, 16)
    assert fields("DeepLab", "down3", "atrous6", "atrous12", "atrous18") == [
        31, *(31 + 2 * rate * 16 for rate in (6, 12, 18))
    ]  # fmt: skip


def test_image_level_of_deep_lab_sees_everything_and_the_rest_of_it_does_not() -> None:
    joined = report("DeepLab")["join"]
    assert (joined.receptive_field, joined.local_receptive_field) == ((inf, inf), (607, 607))
    assert joined.aligned


def test_three_poolings_of_5_are_one_of_13() -> None:
    before, behind = report("YOLO")["stage2_mixed"], report("YOLO")["maxima2"]
    assert behind.receptive_field[0] - before.receptive_field[0] == (13 - 1) * 8
    assert before.stride_product == behind.stride_product == (8, 8)


def test_heads_of_a_detector() -> None:
    assert [report("YOLO")[f"head{level}"].stride_product for level in range(3)] == [(2, 2), (4, 4), (8, 8)]
    assert fields("YOLO", "stage0_mixed", "stage1_mixed", "stage2_mixed") == [
        3 + 3 * 2 * 2,
        3 + 3 * 2 * 2 + 2 * 2 + 6 * 2 * 4,
        3 + 3 * 2 * 2 + 2 * 2 + 6 * 2 * 4 + 2 * 4 + 9 * 2 * 8,
    ]


def test_each_level_of_a_feature_pyramid_sees_at_least_what_the_coarsest_does() -> None:
    coarsest = report("feature pyramid")["lateral3"].receptive_field[0]
    assert coarsest == 1 + sum((2 + 2 * 2) * 2**level for level in range(4))
    assert fields("feature pyramid", "out3") == [coarsest + 2 * 16]
    assert all(report("feature pyramid")[f"merged{level}"].receptive_field[0] >= coarsest for level in range(3))


def test_shifted_windows_are_no_interval_and_cost_nothing() -> None:
    keras.utils.clear_session()
    rows = cnnstats.analyze(of((16, 20, 2), architectures.shifted_windows, shift=2)(), strict=True)
    assert (rows["patches"].receptive_field, rows["mixed"].receptive_field) == ((2, 2), (None, None))
    assert rows.rows[1].flops == 0


# Along one line: what each position sees, position by position

Line = list[tuple[int, int]]
"""First and last input position that each position sees."""


def seen(line: Line, places: Sequence[int]) -> tuple[int, int]:
    """What is seen of some positions together; those outside are padding."""
    inside = [line[place] for place in places if 0 <= place < len(line)]
    return min(first for first, _ in inside), max(last for _, last in inside)


def valid(line: Line, kernel: int, stride: int = 1) -> Line:
    starts = range(0, len(line) - kernel + 1, stride)
    return [seen(line, range(start, start + kernel)) for start in starts]


def same(line: Line, kernel: int) -> Line:
    return [seen(line, range(place - (kernel - 1) // 2, place + kernel // 2 + 1)) for place in range(len(line))]


def causal(line: Line, dilation: int) -> Line:
    return [seen(line, (place - dilation, place)) for place in range(len(line))]


def stretched(line: Line) -> Line:
    return [extent for extent in line for _ in range(2)]


def joined(a: Line, b: Line) -> Line:
    """Two lines, the longer one cropped to the middle."""
    margin = (len(a) - len(b)) // 2
    return [seen([mine, other], (0, 1)) for mine, other in zip(a[margin : margin + len(b)], b, strict=True)]


def repeated(step: Callable[[Line], Line], times: int, line: Line) -> Line:
    return reduce(lambda so_far, _: step(so_far), range(times), line)


def start(size: int) -> Line:
    return [(place, place) for place in range(size)]


def largest(line: Line) -> int:
    return max(last - first + 1 for first, last in line)


def test_u_net_along_a_line() -> None:
    passed, line, found = [], start(572), {}
    for level in range(4):
        line = repeated(lambda x: valid(x, 3), 2, line)
        found[f"down{level}_b"] = line
        passed.append(line)
        line = valid(line, 2, stride=2)
    line = repeated(lambda x: valid(x, 3), 2, line)
    for level in reversed(range(4)):
        line = repeated(lambda x: valid(x, 3), 2, joined(passed.pop(), stretched(line)))
        found[f"up{level}_b"] = line
    assert len(line) == 388
    sizes = {layer: largest(found[layer]) for layer in found}
    assert sizes == {layer: report("U-Net")[layer].receptive_field[0] for layer in found}
    assert sizes["up0_b"] == 204


def test_seg_net_along_a_line() -> None:
    line, found = start(480), {}
    for level, count in enumerate(VGG16):
        line = valid(repeated(lambda x: same(x, 3), count, line), 2, stride=2)
        found[f"pool{level}"] = line
    for level, count in reversed(list(enumerate(VGG16))):
        line = repeated(lambda x: same(x, 3), count, stretched(line))
        found[f"up{level}_{count - 1}"] = line
    clipped = {layer: report("SegNet")[layer].clipped_receptive_field[0] for layer in found}
    assert {layer: largest(found[layer]) for layer in found} == clipped


def test_wave_net_along_a_line() -> None:
    line = causal(start(4_000), 1)
    for dilation in ROUND * 3:
        line = causal(line, dilation)
    assert largest(line) == report("WaveNet")["values"].receptive_field[0]


@pytest.mark.parametrize("name", BUILDERS)
def test_field_of_every_row_is_known(name: str) -> None:
    assert [row.layer for row in report(name) if None in row.receptive_field] == []
