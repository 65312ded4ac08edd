"""The reference layers are run on numbers that count; the tally is the textbook's formula, to the last operation."""

import random
from collections.abc import Callable
from math import ceil, prod
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats import layers as reference
from keras_cnnstats.counting import Counted


class Case(NamedTuple):
    """A reference layer, the layer of Keras that is its like, and what each is fed.

    Attributes:
        layer: makes the reference layer.
        shape: of one sample.
        like: makes the layers of Keras that compute the same; `None` where Keras has none.
    """

    layer: Callable[[], Any]
    shape: tuple[int, ...]
    like: Callable[[], list[Any]] | None


def same(name: str, shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Case:
    """A case of two layers with the same arguments."""
    return Case(
        lambda: getattr(reference, f"Reference{name}")(*args, **kwargs),
        shape,
        lambda: [getattr(layers, name)(*args, **kwargs)],
    )


CASES = {
    "convolution": same("Conv2D", (6, 5, 3), 4, 3),
    "same": same("Conv2D", (6, 5, 3), 4, 3, padding="same"),
    "same with a stride": same("Conv2D", (7, 6, 2), 3, 3, strides=2, padding="same"),
    "even kernel": same("Conv2D", (6, 6, 2), 3, (2, 4), padding="same"),
    "without bias": same("Conv2D", (6, 5, 3), 4, 3, use_bias=False),
    "groups": same("Conv2D", (6, 5, 4), 6, 3, groups=2),
    "dilation": same("Conv2D", (8, 8, 2), 3, 3, dilation_rate=2),
    "rectified": same("Conv2D", (5, 5, 2), 3, 3, activation="relu"),
    "squashed": same("Conv2D", (5, 5, 2), 3, 3, activation="tanh"),
    "channels first": same("Conv2D", (2, 5, 6), 3, 3, data_format="channels_first"),
    "an integer padding": Case(
        lambda: reference.ReferenceConv2D(4, 3, strides=2, padding=1),
        (5, 5, 3),
        lambda: [layers.ZeroPadding2D(1), layers.Conv2D(4, 3, strides=2)],
    ),
    "1-D": same("Conv1D", (9, 3), 4, 3),
    "causal": same("Conv1D", (9, 3), 4, 3, padding="causal", dilation_rate=2),
    "3-D": same("Conv3D", (4, 5, 4, 2), 3, 2),
    "depthwise": same("DepthwiseConv2D", (6, 6, 3), 3, depth_multiplier=2, padding="same"),
    "separable": same("SeparableConv2D", (6, 6, 2), 5, 3, padding="same"),
    "max pooling": same("MaxPooling2D", (7, 6, 2), 3, 2),
    "max pooling, same": same("MaxPooling2D", (7, 6, 2), 3, 2, padding="same"),
    "max pooling, 1-D": same("MaxPooling1D", (8, 3), 2),
    "max pooling, 3-D": same("MaxPooling3D", (4, 4, 6, 1), 2),
    "average pooling": same("AveragePooling2D", (7, 6, 2), 3, 2),
    "average pooling, same": same("AveragePooling2D", (7, 6, 2), 3, 2, padding="same"),
    "average pooling, 1-D": same("AveragePooling1D", (8, 3), 2),
    "average pooling, 3-D": same("AveragePooling3D", (4, 4, 6, 1), 2),
    "pixel shuffle": Case(lambda: reference.PixelShuffle(2), (3, 4, 8), None),
    "pixel unshuffle": Case(lambda: reference.PixelUnshuffle(2), (4, 6, 2), None),
    "sub-pixel convolution": Case(
        lambda: reference.SubPixelConv2D(2, 3, upscale_factor=3),
        (4, 5, 2),
        lambda: [layers.Conv2D(18, 3, padding="same")],
    ),
    "bicubic": Case(
        lambda: reference.BicubicUpSampling2D(2), (4, 5, 2), lambda: [layers.UpSampling2D(2, interpolation="bicubic")]
    ),
    "bicubic, corners aligned": Case(
        lambda: reference.BicubicUpSampling2D(3, align_corners=True),
        (4, 5, 2),
        lambda: [layers.UpSampling2D(3, interpolation="bicubic")],
    ),
    "softmax": Case(reference.StableSoftmax, (5, 7), lambda: [layers.Softmax()]),
    "softmax over two axes": Case(
        lambda: reference.StableSoftmax(axis=(1, 2)), (5, 7), lambda: [layers.Softmax(axis=(1, 2))]
    ),
    "dilated block": Case(
        lambda: reference.DilatedBlock1D(3, depth=3),
        (9, 2),
        lambda: [layers.Conv1D(3, 3, padding="same", dilation_rate=rate, activation="relu") for rate in (1, 2, 4)],
    ),
    "dilated block, 2-D": Case(
        lambda: reference.DilatedBlock2D(2, depth=2),
        (5, 6, 2),
        lambda: [layers.Conv2D(2, 3, padding="same", dilation_rate=rate, activation="relu") for rate in (1, 2)],
    ),
}


def built(case: Case) -> Any:
    layer = case.layer()
    layer.build((None, *case.shape))
    return layer


def totals(shape: tuple[int, ...], *stack: Any) -> cnnstats.Totals:
    x = keras.Input(shape)
    y = x
    for layer in stack:
        y = layer(y)
    return cnnstats.analyze(keras.Model(x, y)).totals


@pytest.mark.parametrize("name", CASES)
def test_tally_is_what_the_profiler_counts_of_it_and_of_its_like(name: str) -> None:
    case = CASES[name]
    layer = built(case)
    done = cnnstats.count_operations(layer, case.shape)
    counted = totals(case.shape, layer)
    assert (done.flops, done.transcendentals) == (counted.flops, counted.transcendentals)
    if case.like is not None:
        like = totals(case.shape, *case.like())
        assert (done.flops, done.transcendentals) == (like.flops, like.transcendentals)


@pytest.mark.parametrize("name", CASES)
def test_numbers_that_count_make_what_the_layer_makes(name: str) -> None:
    case = CASES[name]
    layer, values = built(case), np.random.default_rng(1).normal(size=case.shape)
    done = cnnstats.count_operations(layer, case.shape, values=values)
    np.testing.assert_allclose(done.output, keras.ops.convert_to_numpy(layer(values[None])), rtol=1e-4, atol=1e-5)


# The textbook's formulas, written out once more.


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_by_the_textbook(padding: str, stride: int, bias: bool, groups: int) -> None:
    rows, columns, channels, filters, kernel = 7, 8, 4, 6, (3, 2)
    layer = reference.ReferenceConv2D(filters, kernel, strides=stride, padding=padding, use_bias=bias, groups=groups)
    sizes = [
        ceil(size / stride) if padding == "same" else (size - taps) // stride + 1
        for size, taps in zip((rows, columns), kernel, strict=True)
    ]
    products, outputs = prod(kernel) * channels // groups, filters * prod(sizes)
    done = cnnstats.count_operations(layer, (rows, columns, channels))
    assert done.multiplications == products * outputs
    assert done.additions == (products - 1 + bias) * outputs
    assert done.flops == (products + products - 1 + bias) * outputs


@pytest.mark.parametrize("size", [2, 3])
def test_pooling_by_the_textbook(size: int) -> None:
    shape, outputs = (6, 6, 2), (6 // size) ** 2 * 2
    largest = cnnstats.count_operations(reference.ReferenceMaxPooling2D(size), shape)
    mean = cnnstats.count_operations(reference.ReferenceAveragePooling2D(size), shape)
    assert (largest.comparisons, largest.flops) == ((size**2 - 1) * outputs,) * 2
    assert (mean.additions, mean.divisions) == ((size**2 - 1) * outputs, outputs)


def test_softmax_by_the_textbook() -> None:
    done = cnnstats.count_operations(reference.StableSoftmax(), (10,))
    assert done[:6] == (0, 9, 10, 10, 9, 10)


def test_to_move_values_is_no_operation() -> None:
    assert cnnstats.count_operations(reference.PixelShuffle(2), (3, 3, 8))[:7] == (0,) * 7


class TestTransposedConvolution:
    """By zero insertion it takes a whole window at each output; the profiler counts from the input grid."""

    @staticmethod
    def done(**kwargs: Any) -> tuple[Counted, cnnstats.Report]:
        layer = reference.ReferenceConv2DTranspose(2, 3, **kwargs)
        x = keras.Input((3, 3, 2))
        return cnnstats.count_operations(layer, (3, 3, 2)), cnnstats.analyze(
            keras.Model(x, layers.Conv2DTranspose(2, 3, **{**kwargs, "padding": "valid"})(x))
        )

    def test_tally_is_the_formula_of_a_convolution_over_the_output(self) -> None:
        done, _ = self.done(strides=2, padding=1)
        outputs, products = 5 * 5 * 2, 3 * 3 * 2
        assert done.output.shape == (1, 5, 5, 2)
        assert done.flops == (products + products - 1 + 1) * outputs

    def test_products_of_the_inputs_are_those_that_the_profiler_counts(self) -> None:
        done, report = self.done(strides=2)
        assert done.multiplications - done.multiplications_with_padding == report.totals.macs == 9 * 9 * 2 * 2

    def test_the_profiler_names_the_formula(self) -> None:
        done, report = self.done(strides=2)
        (found,) = (each for each in report.disagreements if each.code == "F4")
        assert (found.expected, found.actual) == (done.flops, report.totals.flops)


def test_products_with_padding_are_told_apart() -> None:
    layer = reference.ReferenceConv2D(1, 3, padding="same")
    done = cnnstats.count_operations(layer, (4, 4, 1))
    inside = sum(min(i + 2, 4) - max(i - 1, 0) for i in range(4)) ** 2
    assert done.multiplications - done.multiplications_with_padding == inside == 100


# Its borders.


def test_a_layer_that_is_not_built_stays_so() -> None:
    layer = reference.ReferenceConv2D(2, 3)
    cnnstats.count_operations(layer, (4, 4, 1))
    assert not layer.built


def test_random_numbers_go_on_as_before() -> None:
    made = [layers.Dense(4), reference.ReferenceConv2D(2, 3)]
    before = random.getstate(), np.random.get_state()[1].tolist()
    for layer, shape in zip(made, [(5,), (4, 4, 1)], strict=True):
        cnnstats.count_operations(layer, shape)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_keras_computes_as_before_afterwards() -> None:
    x = np.ones((1, 4, 4, 1), "float32")
    layer = layers.Conv2D(2, 3)
    before = keras.ops.convert_to_numpy(layer(x))
    with pytest.raises(cnnstats.ModelError):
        cnnstats.count_operations(layer, (4, 4, 1))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(x)), before)


def test_large_numbers_have_an_infinite_exponential() -> None:
    done = cnnstats.count_operations(layers.Activation("sigmoid"), (2,), values=[-1000.0, 1000.0])
    assert done.output.tolist() == [[0.0, 1.0]]
    assert done.transcendentals == 2


class Twice(layers.Layer):
    """Returns two maps."""

    def call(self, x: Any) -> Any:
        return [x + 1.0, x * 2.0]

    def compute_output_shape(self, shape: Any) -> Any:
        return [shape, shape]


class Nothing(layers.Layer):
    """Returns no map."""

    def call(self, _x: Any) -> Any:
        return None

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


@pytest.mark.parametrize(("layer", "returned"), [(Twice(), "list"), (Nothing(), "NoneType")], ids=["two", "none"])
def test_a_layer_that_does_not_return_one_map_says_so(layer: Any, returned: str) -> None:
    with pytest.raises(
        cnnstats.ModelError, match=f"`{type(layer).__name__}` returns {returned}. Expected a layer that"
    ):
        cnnstats.count_operations(layer, (3,))


class Unsaved(layers.Layer):
    """Is given a function, which Keras cannot save by itself."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def test_a_layer_that_cannot_be_copied_says_so_and_is_counted_once_it_is_built() -> None:
    layer = Unsaved(lambda x: x * 2.0)
    with pytest.raises(cnnstats.ModelError, match="`Unsaved` is not built, and cannot be made anew"):
        cnnstats.count_operations(layer, (3,))
    layer.build((None, 3))
    assert cnnstats.count_operations(layer, (3,)).multiplications == 3


def test_a_layer_of_dense_products_is_counted_too() -> None:
    done = cnnstats.count_operations(layers.Dense(4, activation="relu"), (5,))
    assert done[:5] == (20, 16 + 4, 0, 0, 4)


@pytest.mark.parametrize(
    ("layer", "shape", "values", "message"),
    [
        (layers.Conv2D(2, 3), (4, 4, 1), None, "`Conv2D` calls `conv`"),
        ("convolution", (4, 4, 1), None, "expected a layer. Received: str"),
        (reference.ReferenceConv2D(2, 3), (4, None, 1), None, "in integers of at least 1. Received: (4, None, 1)"),
        (reference.ReferenceConv2D(2, 3), (), None, "expected the shape of one sample"),
        (reference.ReferenceConv2D(2, 3), (2, 2, 1), None, "`ReferenceConv2D` does not take (2, 2, 1)"),
        (reference.ReferenceConv2D(2, 3), (4, 4, 1), [1.0], "expected values of shape (4, 4, 1). Received: (1,)"),
    ],
    ids=["many at once", "no layer", "open", "empty", "too small", "other values"],
)
def test_bad_input_says_what_was_expected(layer: Any, shape: Any, values: Any, message: str) -> None:
    with pytest.raises(cnnstats.ModelError) as raised:
        cnnstats.count_operations(layer, shape, values=values)
    assert message in str(raised.value)
