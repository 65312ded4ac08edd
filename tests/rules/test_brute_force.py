"""Windows against the brute-force oracle: convolutions, transposed ones and poolings of small maps."""

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from keras import layers

from tests.rules import oracle
from tests.rules.brute import (
    Geometry,
    Sizes,
    analyzed,
    assert_arithmetic,
    assert_contraction,
    assert_positions,
    both_formats,
)
from tests.rules.oracle import Axis, Tally, UpAxis

# Convolutions


class Conv(NamedTuple):
    """A convolution, axis by axis."""

    sizes: Sizes
    kernel: Sizes
    strides: Sizes
    dilation: Sizes
    padding: str
    groups: int = 1
    bias: bool = True
    c_in: int = 4
    c_out: int = 6

    @property
    def axes(self) -> tuple[Axis, ...]:
        each = zip(self.sizes, self.kernel, self.strides, self.dilation, strict=True)
        return tuple(Axis(*axis, self.padding) for axis in each)

    @property
    def rank(self) -> int:
        return len(self.sizes)

    def __str__(self) -> str:
        parts = [f"k{'x'.join(map(str, self.kernel))}"]
        parts += [f"s{'x'.join(map(str, self.strides))}"] * (max(self.strides) > 1)
        parts += [f"d{'x'.join(map(str, self.dilation))}"] * (max(self.dilation) > 1)
        parts += [self.padding] + [f"g{self.groups}"] * (self.groups > 1) + ["no_bias"] * (not self.bias)
        return "-".join([f"{self.rank}d", *parts])


def conv_table(
    sizes: Sizes, geometry: list[Geometry], paddings: tuple[str, ...], groups: tuple[int, ...]
) -> Iterator[Conv]:
    for (kernel, strides, dilation), padding, number in itertools.product(geometry, paddings, groups):
        yield Conv(sizes, kernel, strides, dilation, padding, number, bias=number == 1)


# Windows as (kernel, strides, dilation): odd and even, wider and narrower than their stride, with holes.
LINES: list[Geometry] = [
    ((3,), (1,), (1,)),
    ((2,), (1,), (1,)),
    ((4,), (2,), (1,)),
    ((3,), (3,), (1,)),
    ((2,), (3,), (1,)),
    ((3,), (1,), (2,)),
    ((2,), (1,), (3,)),
    ((5,), (1,), (2,)),
]
MAPS: list[Geometry] = [
    ((3, 3), (1, 1), (1, 1)),
    ((2, 2), (1, 1), (1, 1)),
    ((1, 3), (1, 1), (1, 1)),
    ((4, 2), (2, 1), (1, 1)),
    ((3, 3), (2, 2), (1, 1)),
    ((2, 2), (3, 2), (1, 1)),
    ((1, 1), (2, 2), (1, 1)),
    ((3, 2), (1, 1), (2, 1)),
    ((2, 3), (1, 1), (3, 2)),
]
VOLUMES: list[Geometry] = [
    ((3, 3, 3), (1, 1, 1), (1, 1, 1)),
    ((2, 1, 3), (2, 1, 1), (1, 1, 1)),
    ((2, 2, 2), (2, 2, 2), (1, 1, 1)),
    ((2, 3, 1), (1, 1, 1), (2, 1, 1)),
]
CONVOLUTIONS = [
    *conv_table((11,), LINES, ("valid", "same", "causal"), (1, 2)),
    *conv_table((7, 6), MAPS, ("valid", "same"), (1, 2)),
    *conv_table((5, 4, 3), VOLUMES, ("valid", "same"), (1, 2)),
]
STRIDED_AND_DILATED: list[Geometry] = [
    ((3, 3), (2, 2), (2, 2)),
    ((2, 2), (3, 3), (2, 2)),
]  # which Keras has in depthwise layers alone
DEPTHWISE = [
    *conv_table((11,), LINES, ("valid", "same"), (4,)),
    *conv_table((7, 6), [*(each for each in MAPS if each[1][0] == each[1][1]), *STRIDED_AND_DILATED],
                ("valid", "same"), (4,)),
]  # fmt: skip


def layer_of(name: str, rank: int) -> Any:
    return getattr(layers, name.format(rank))


@cache
def counted(case: Conv, multiplier: int = 0) -> Tally:
    if multiplier:
        return oracle.convolution(case.axes, case.c_in, case.c_in * multiplier, case.c_in, case.bias)
    return oracle.convolution(case.axes, case.c_in, case.c_out, case.groups, case.bias)


@both_formats
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolution(case: Conv, data_format: str) -> None:
    layer = layer_of("Conv{}D", case.rank)(
        case.c_out, case.kernel, case.strides, case.padding, data_format, case.dilation, case.groups,
        use_bias=case.bias,
    )  # fmt: skip
    report = analyzed(layer, case.sizes, case.c_in, data_format)
    assert_positions(report, oracle.positions(case.axes), data_format)
    assert_contraction(report, counted(case))


@both_formats
@pytest.mark.parametrize("multiplier", [1, 3], ids=["x1", "x3"])
@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_depthwise_convolution(case: Conv, multiplier: int, data_format: str) -> None:
    layer = layer_of("DepthwiseConv{}D", case.rank)(
        case.kernel, case.strides, case.padding, multiplier, data_format, case.dilation, use_bias=case.bias
    )
    report = analyzed(layer, case.sizes, case.c_in, data_format)
    assert_positions(report, oracle.positions(case.axes), data_format)
    assert_contraction(report, counted(case, multiplier))


@pytest.mark.parametrize("multiplier", [1, 2], ids=["x1", "x2"])
@pytest.mark.parametrize("case", [case for case in DEPTHWISE if max(case.strides) == 1], ids=str)
def test_separable_convolution(case: Conv, multiplier: int) -> None:
    layer = layer_of("SeparableConv{}D", case.rank)(
        case.c_out, case.kernel, case.strides, case.padding, None, case.dilation, multiplier
    )
    points = tuple(Axis(size, 1) for size in oracle.positions(case.axes))
    report = analyzed(layer, case.sizes, case.c_in)
    depthwise = counted(case, multiplier)
    pointwise = oracle.convolution(points, case.c_in * multiplier, case.c_out, bias=True)
    (row,) = report.rows
    assert row.macs == depthwise.products + pointwise.products
    assert row.flops == depthwise.textbook + pointwise.textbook
    assert report.with_convention("xla").rows[0].flops == depthwise.inside_only + pointwise.inside_only


def test_same_convolution_of_an_image() -> None:
    tally = oracle.convolution([Axis(32, 3, padding="same")] * 2, c_in=3, c_out=8, bias=False)
    report = analyzed(layers.Conv2D(8, 3, padding="same", use_bias=False), (32, 32), 3)
    assert_contraction(report, tally)
    assert report.with_convention("2macs").totals.flops == 442_368
    assert report.with_convention("xla").totals.flops == 424_128


# Transposed convolutions


class Up(NamedTuple):
    """A transposed convolution, axis by axis."""

    sizes: Sizes
    kernel: Sizes
    strides: Sizes
    dilation: Sizes
    padding: str
    output_padding: int | None = None
    bias: bool = True

    @property
    def axes(self) -> tuple[UpAxis, ...]:
        each = zip(self.sizes, self.kernel, self.strides, self.dilation, strict=True)
        return tuple(UpAxis(*axis, self.padding, self.output_padding) for axis in each)

    def __str__(self) -> str:
        name = str(Conv(self.sizes, self.kernel, self.strides, self.dilation, self.padding, bias=self.bias))
        return name if self.output_padding is None else f"{name}-op{self.output_padding}"


UP_LINES: list[Geometry] = [
    ((3,), (1,), (1,)),
    ((2,), (2,), (1,)),
    ((3,), (2,), (1,)),
    ((4,), (2,), (1,)),
    ((2,), (3,), (1,)),
    ((5,), (3,), (1,)),
    ((3,), (1,), (2,)),
]
UP_MAPS: list[Geometry] = [
    ((3, 3), (1, 1), (1, 1)),
    ((2, 2), (2, 2), (1, 1)),
    ((3, 3), (2, 2), (1, 1)),
    ((4, 4), (2, 2), (1, 1)),
    ((2, 4), (1, 2), (1, 1)),
    ((2, 2), (3, 3), (1, 1)),
    ((3, 2), (1, 1), (2, 2)),
]
UP_VOLUMES: list[Geometry] = [
    ((3, 3, 3), (1, 1, 1), (1, 1, 1)),
    ((2, 2, 2), (2, 2, 2), (1, 1, 1)),
    ((3, 2, 1), (2, 2, 2), (1, 1, 1)),
]
TRANSPOSED = [
    *(Up((6,), *window, padding) for window in UP_LINES for padding in ("valid", "same")),
    *(Up((5, 4), *window, padding) for window in UP_MAPS for padding in ("valid", "same")),
    *(Up((3, 4, 2), *window, padding) for window in UP_VOLUMES for padding in ("valid", "same")),
    Up((5, 4), (3, 3), (2, 2), (1, 1), "same", output_padding=1),
    Up((5, 4), (4, 4), (2, 2), (1, 1), "same", output_padding=0),
    Up((5, 4), (3, 3), (2, 2), (1, 1), "valid", output_padding=1),
    Up((5, 4), (3, 3), (2, 2), (1, 1), "same", bias=False),
]


@both_formats
@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_transposed_convolution(case: Up, data_format: str) -> None:
    layer = layer_of("Conv{}DTranspose", len(case.sizes))(
        5, case.kernel, case.strides, case.padding, output_padding=case.output_padding, data_format=data_format,
        dilation_rate=case.dilation, use_bias=case.bias,
    )  # fmt: skip
    report = analyzed(layer, case.sizes, 3, data_format)
    assert_positions(report, tuple(axis.positions for axis in case.axes), data_format)
    assert_contraction(report, oracle.transposed_convolution(case.axes, 3, 5, case.bias))


# Poolings


class Pool(NamedTuple):
    """A pooling, axis by axis."""

    sizes: Sizes
    window: Sizes
    strides: Sizes
    padding: str

    @property
    def axes(self) -> tuple[Axis, ...]:
        each = zip(self.sizes, self.window, self.strides, strict=True)
        return tuple(Axis(size, kernel, stride, 1, self.padding) for size, kernel, stride in each)

    def __str__(self) -> str:
        return str(Conv(self.sizes, self.window, self.strides, (1,) * len(self.sizes), self.padding))


POOLINGS = [
    Pool(sizes, window, strides, padding)
    for sizes, window, strides in [
        ((11,), (2,), (2,)),
        ((11,), (3,), (2,)),
        ((11,), (2,), (3,)),
        ((7, 6), (2, 2), (2, 2)),
        ((7, 6), (3, 2), (1, 2)),
        ((7, 6), (1, 3), (2, 3)),
        ((5, 4, 3), (2, 2, 2), (2, 2, 2)),
        ((5, 4, 3), (3, 1, 2), (1, 2, 1)),
    ]
    for padding in ("valid", "same")
]
maximum_and_average = pytest.mark.parametrize("average", [False, True], ids=["max", "average"])


@both_formats
@maximum_and_average
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_pooling(case: Pool, average: bool, data_format: str) -> None:
    layer = layer_of("AveragePooling{}D" if average else "MaxPooling{}D", len(case.sizes))(
        case.window, case.strides, case.padding, data_format
    )
    report = analyzed(layer, case.sizes, 3, data_format)
    assert_positions(report, oracle.positions(case.axes), data_format)
    assert_arithmetic(report, oracle.pooling(case.axes, 3, average))


@both_formats
@maximum_and_average
@pytest.mark.parametrize(
    ("sizes", "cells"),
    [((11,), (4,)), ((12,), (4,)), ((3,), (5,)), ((7, 6), (3, 4)), ((7, 6), (1, 1)), ((5, 4, 3), (2, 3, 2))],
    ids=["11-4", "12-4", "3-5", "7x6-3x4", "7x6-1x1", "5x4x3-2x3x2"],
)
def test_adaptive_pooling(sizes: Sizes, cells: Sizes, average: bool, data_format: str) -> None:
    name = "AdaptiveAveragePooling{}D" if average else "AdaptiveMaxPooling{}D"
    report = analyzed(layer_of(name, len(sizes))(cells, data_format=data_format), sizes, 3, data_format)
    assert_positions(report, cells, data_format)
    assert_arithmetic(report, oracle.adaptive_pooling(sizes, cells, 3, average))


@both_formats
@maximum_and_average
@pytest.mark.parametrize("sizes", [(11,), (7, 6), (5, 4, 3)], ids=["1d", "2d", "3d"])
def test_global_pooling(sizes: Sizes, average: bool, data_format: str) -> None:
    name = "GlobalAveragePooling{}D" if average else "GlobalMaxPooling{}D"
    whole = tuple(Axis(size, size) for size in sizes)
    report = analyzed(layer_of(name, len(sizes))(data_format=data_format), sizes, 3, data_format)
    assert_arithmetic(report, oracle.pooling(whole, 3, average))
