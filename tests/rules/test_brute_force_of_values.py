"""Products, functions of values and resampling against the brute-force oracle."""

from functools import partial
from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.rules import oracle
from tests.rules.brute import Sizes, analyzed, assert_arithmetic, assert_contraction

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
    ("equation", "letters"),
    [("ab...,bc->ac...", "abxy,bc->acxy"), ("...x,xc->...c", "abyx,xc->abyc")],
    ids=["behind", "in front"],
)
def test_einsum_dense_with_an_ellipsis(equation: str, letters: str) -> None:
    sizes = dict(zip(letters.split(",")[0], (1, 3, 32, 40), strict=True)) | {"c": 8}
    report = analyzed(layers.EinsumDense(equation, 8), (3, 32), 40)
    assert_contraction(report, oracle.einsum(letters, sizes, bias=False))


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


@pytest.mark.parametrize(
    ("equation", "a", "b", "letters"),
    [
        ("...ij,...jk->...ik", (4, 5), (5, 6), "bij,bjk->bik"),
        ("...ij,...jk->...ik", (1, 4, 5), (8, 5, 6), "hij,hjk->hik"),
        ("...ij,...jk->...ik", (8, 4, 5), (1, 5, 6), "hij,hjk->hik"),
        ("b...ij,b...jk->b...ik", (1, 3, 4, 5), (8, 3, 5, 6), "hgij,hgjk->hgik"),
        ("bi,bi->", (5,), (5,), "i,i->"),
    ],
)
def test_einsum(equation: str, a: Sizes, b: Sizes, letters: str) -> None:
    """Axes of one position under an ellipsis are repeated; without a result, the samples are added up too."""
    inputs = [keras.Input(a), keras.Input(b)]
    report = cnnstats.analyze(keras.Model(inputs, keras.ops.einsum(equation, *inputs)))
    sizes = {"b": 1, "h": 8, "g": 3, "i": 4, "j": 5, "k": 6} | ({"i": 5} if equation == "bi,bi->" else {})
    assert_contraction(report, oracle.einsum(letters, sizes, bias=False))


def test_einsum_of_a_fixed_batch_to_one_value() -> None:
    inputs = [keras.Input(batch_shape=(8, 5)) for _ in range(2)]
    model = keras.Model(inputs, keras.ops.einsum("bi,bi->", *inputs))
    assert cnnstats.analyze(model, batch_size=8).totals.macs == 40


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


@pytest.mark.parametrize(
    ("sizes", "positions", "interpolation", "taps"),
    [
        # Twice the ratio, and a pixel less where the kernel ends on one.
        ((224, 224), (56, 56), "bilinear", 8 * 8),
        ((9, 7), (3, 14), "bilinear", 5 * 2),
        ((12, 12), (3, 6), "bicubic", 16 * 8),
        ((12, 12), (3, 6), "nearest", 1),
    ],
)
def test_resampling_against_aliasing(sizes: Sizes, positions: Sizes, interpolation: str, taps: int) -> None:
    layer = layers.Resizing(*positions, interpolation=interpolation, antialias=True)
    assert_arithmetic(analyzed(layer, sizes, 3), oracle.resampling(positions[0] * positions[1] * 3, taps))


def test_resampling_against_aliasing_is_unknown_where_a_size_is() -> None:
    image = keras.Input((None, None, 3))
    (row,) = cnnstats.analyze(keras.Model(image, layers.Resizing(5, 6, antialias=True)(image))).rows
    assert row.work is None
