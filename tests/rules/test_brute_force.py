"""Rules against the brute-force oracle: every count of small layers, to the last integer."""

import itertools
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report
from tests.rules import oracle
from tests.rules.oracle import Axis, Tally, UpAxis

Sizes = tuple[int, ...]
Geometry = tuple[Sizes, Sizes, Sizes]
FORMATS = ("channels_last", "channels_first")
both_formats = pytest.mark.parametrize("data_format", FORMATS, ids=["last", "first"])


def analyzed(layer: Any, sizes: Sizes, channels: int, data_format: str = "channels_last") -> Report:
    shape = (*sizes, channels) if data_format == "channels_last" else (channels, *sizes)
    return cnnstats.analyze(keras.Sequential([keras.Input(shape), layer]))


def assert_contraction(report: Report, tally: Tally) -> None:
    """The counts of a contraction, under each convention that has a definition of its own."""
    (row,) = report.rows
    assert row.macs == tally.products
    assert row.flops == tally.textbook
    assert report.with_convention("macs").rows[0].flops == tally.products
    assert report.with_convention("2macs").rows[0].flops == 2 * tally.products
    assert report.with_convention("xla").rows[0].flops == tally.inside_only
    assert row.transcendentals == 0


def assert_arithmetic(report: Report, tally: Tally) -> None:
    """The counts of what is no contraction."""
    (row,) = report.rows
    assert (row.macs, row.flops, row.transcendentals) == (0, tally.arithmetic, tally.transcendentals)


def assert_positions(report: Report, positions: Sizes, data_format: str) -> None:
    shape = report.rows[0].output_shapes[0]
    assert (shape[1:-1] if data_format == "channels_last" else shape[2:]) == positions


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


# Dense layers


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
@pytest.mark.parametrize(
    ("shape", "places"), [((10,), 1), ((5, 10), 5), ((3, 4, 10), 12)], ids=["vector", "sequence", "map"]
)
def test_dense(shape: Sizes, places: int, bias: bool) -> None:
    report = analyzed(layers.Dense(7, use_bias=bias), shape[:-1], shape[-1])
    assert_contraction(report, oracle.dense(10, 7, places, bias))


@pytest.mark.parametrize(
    ("equation", "shape", "output_shape", "bias_axes"),
    [
        ("abc,cd->abd", (5, 10), (5, 7), "d"),
        ("abc,cd->abd", (5, 10), (None, 7), "d"),
        ("abc,cd->abd", (5, 10), (5, 7), None),
        ("abc,cde->abde", (5, 10), (5, 2, 7), "de"),
        ("abc,cde->abde", (5, 10), (5, 2, 7), "e"),
        ("abde,dec->abc", (5, 2, 10), (5, 7), "c"),
        ("ab,b->a", (10,), (), None),
        ("abc,bd->adc", (5, 10), (7, 10), "d"),
        ("abc,bc->abc", (5, 10), (5, 10), "c"),
    ],
)
def test_einsum_dense(equation: str, shape: Sizes, output_shape: Any, bias_axes: str | None) -> None:
    terms, result = equation.split("->")
    sizes = dict(zip(terms.split(",")[0], (1, *shape), strict=True))
    sizes |= {letter: size for letter, size in zip(result[1:], output_shape, strict=True) if size is not None}
    layer = layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)
    report = cnnstats.analyze(keras.Sequential([keras.Input(shape), layer]))
    assert_contraction(report, oracle.einsum(equation, sizes, bias_axes is not None))


@pytest.mark.parametrize(
    ("shapes", "axes", "equation"),
    [
        (((10,), (10,)), 1, "bi,bi->b"),
        (((5, 10), (3, 10)), 2, "bti,bsi->bts"),
        (((10, 5), (3, 10)), (1, 2), "bit,bsi->bts"),
    ],
    ids=["vectors", "sequences", "axes"],
)
def test_dot(shapes: tuple[Sizes, Sizes], axes: Any, equation: str) -> None:
    inputs = [keras.Input(shape) for shape in shapes]
    report = cnnstats.analyze(keras.Model(inputs, layers.Dot(axes)(inputs)))
    assert_contraction(report, oracle.einsum(equation, {"b": 1, "i": 10, "t": 5, "s": 3}, bias=False))


@pytest.mark.parametrize(
    ("a", "b", "equation"),
    [
        ((5, 10), (10, 3), "bti,bis->bts"),
        ((2, 5, 10), (2, 10, 3), "bhti,bhis->bhts"),
    ],
    ids=["pairs", "heads"],
)
def test_matmul(a: Sizes, b: Sizes, equation: str) -> None:
    inputs = [keras.Input(a), keras.Input(b)]
    report = cnnstats.analyze(keras.Model(inputs, keras.ops.matmul(*inputs)))
    assert_contraction(report, oracle.einsum(equation, {"b": 1, "h": 2, "i": 10, "t": 5, "s": 3}, bias=False))


# Functions of elements, and of groups of elements


@pytest.mark.parametrize("name", oracle.FUNCTIONS)
def test_activation(name: str) -> None:
    outputs = 4 * 3 * (3 if name == "glu" else 6)
    report = analyzed(layers.Activation(name), (4, 3), 6)
    assert_arithmetic(report, oracle.elementwise(oracle.FUNCTIONS[name], outputs))


def test_gelu_by_tanh() -> None:
    x = keras.Input((4, 3, 6))
    report = cnnstats.analyze(keras.Model(x, keras.ops.gelu(x, approximate=True)))
    assert_arithmetic(report, oracle.elementwise(oracle.gelu_tanh, 4 * 3 * 6))


@pytest.mark.parametrize(
    ("layer", "function", "groups", "size"),
    [
        (layers.Softmax, oracle.softmax, 12, 6),
        (partial(layers.Softmax, axis=1), oracle.softmax, 18, 4),
        (partial(layers.Softmax, axis=(1, 2)), oracle.softmax, 6, 12),
        (partial(layers.Activation, "softmax"), oracle.softmax, 12, 6),
        (partial(layers.Activation, "log_softmax"), oracle.log_softmax, 12, 6),
        (layers.BatchNormalization, oracle.batch_normalization, 12, 6),
        (layers.LayerNormalization, oracle.normalization, 12, 6),
        (partial(layers.LayerNormalization, axis=(1, 2, 3)), oracle.normalization, 1, 72),
        (partial(layers.LayerNormalization, center=False), partial(oracle.normalization, center=False), 12, 6),
        (partial(layers.LayerNormalization, scale=False), partial(oracle.normalization, scale=False), 12, 6),
        (partial(layers.GroupNormalization, 2), oracle.normalization, 2, 36),
        (partial(layers.GroupNormalization, -1), oracle.normalization, 6, 12),
        (layers.RMSNormalization, oracle.rms_normalization, 12, 6),
        (layers.UnitNormalization, oracle.unit_normalization, 12, 6),
        pytest.param(
            partial(layers.LayerNormalization, rms_scaling=True),
            oracle.deviation_normalization, 12, 6,
            marks=pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`"),
        ),
    ],
    ids=[
        "softmax", "softmax-rows", "softmax-positions", "softmax-activation", "log_softmax", "batch", "layer",
        "layer-whole", "layer-scale", "layer-center", "group", "instance", "rms", "unit", "deviation",
    ],
)  # fmt: skip
def test_normalization(layer: Any, function: Any, groups: int, size: int) -> None:
    assert_arithmetic(analyzed(layer(), (4, 3), 6), oracle.grouped(function, groups, size))


@pytest.mark.parametrize("maps", [2, 3, 5])
@pytest.mark.parametrize("layer", [layers.Add, layers.Multiply, layers.Maximum, layers.Minimum, layers.Average])
def test_merging(layer: Any, maps: int) -> None:
    inputs = [keras.Input((4, 3, 6)) for _ in range(maps)]
    report = cnnstats.analyze(keras.Model(inputs, layer()(inputs)))
    assert_arithmetic(report, oracle.merging(maps, 4 * 3 * 6, average=layer is layers.Average))


@pytest.mark.parametrize(("interpolation", "neighbours"), [("nearest", 1), ("bilinear", 4), ("bicubic", 16)])
def test_resampling(interpolation: str, neighbours: int) -> None:
    report = analyzed(layers.UpSampling2D(2, interpolation=interpolation), (4, 3), 6)
    assert_arithmetic(report, oracle.resampling(8 * 6 * 6, neighbours))
