"""Receptive fields of well-known networks and cases, as published or worked out by others."""

from collections.abc import Callable
from functools import cache
from math import inf
from typing import Any, NamedTuple

import keras
import pytest
from keras import applications
from keras import layers as kl

import keras_cnnstats as cnnstats
from keras_cnnstats import Report, Row


@cache
def network(name: str, size: int | None = None) -> Report:
    """The report of a network of `keras.applications`, built without memory and without its head."""
    keras.utils.clear_session()
    shape = None if size is None else (size, size, 3)
    with cnnstats.abstract():
        model = getattr(applications, name)(weights=None, include_top=False, input_shape=shape)
    return cnnstats.analyze(model)


# Figures of google-research/receptive_field and of "Computing Receptive Fields of Convolutional Neural Networks"
# (Araujo, Norris, Sim, Distill 2019), which are those of the gradient too.


class Figures(NamedTuple):
    """What one row shows on both axes."""

    field: int
    stride: int
    padding: int


def figures(row: Row) -> Figures:
    """The figures of a row, which has to have the same on both axes."""
    (field, width), (stride, across), (padding, left) = row.receptive_field, row.stride_product, row.effective_padding
    assert (field, stride, padding) == (width, across, left)
    return Figures(field, stride, padding)  # type: ignore[arg-type]


VGG16 = [
    ("block1_conv1", 3, 1),
    ("block1_conv2", 5, 1),
    ("block1_pool", 6, 2),
    ("block2_conv1", 10, 2),
    ("block2_conv2", 14, 2),
    ("block2_pool", 16, 4),
    ("block3_conv1", 24, 4),
    ("block3_conv2", 32, 4),
    ("block3_conv3", 40, 4),
    ("block3_pool", 44, 8),
    ("block4_conv1", 60, 8),
    ("block4_conv2", 76, 8),
    ("block4_conv3", 92, 8),
    ("block4_pool", 100, 16),
    ("block5_conv1", 132, 16),
    ("block5_conv2", 164, 16),
    ("block5_conv3", 196, 16),
    ("block5_pool", 212, 32),
]


@pytest.mark.parametrize(("layer", "field", "stride"), VGG16, ids=[layer for layer, *_ in VGG16])
def test_vgg16(layer: str, field: int, stride: int) -> None:
    row = network("VGG16", 224)[layer]
    assert (row.receptive_field, row.stride_product) == ((field, field), (stride, stride))


def test_vgg16_padding() -> None:
    assert figures(network("VGG16", 224)["block5_pool"]) == (212, 32, 90)


def test_inception_v3_block_without_pooling() -> None:
    """The 1x1 branch of the last mixed block sees what the block before it does; the last block itself sees 1311."""
    assert figures(network("InceptionV3", 299)["conv2d_85"]) == (1183, 32, 554)


@pytest.mark.parametrize(
    ("name", "size", "field"),
    [("InceptionV3", 299, 1311), ("ResNet50", 224, 483), ("MobileNetV2", 224, 491)],
    ids=["InceptionV3", "ResNet50", "MobileNetV2"],
)
def test_field_of_the_last_map(name: str, size: int, field: int) -> None:
    last = network(name, size).rows[-1]
    assert (last.receptive_field, last.stride_product) == ((field, field), (32, 32))


def test_local_field_without_squeeze_and_excite() -> None:
    last = network("EfficientNetB1", 240).rows[-1]
    assert (last.receptive_field, last.local_receptive_field) == ((inf, inf), (1183, 1183))


@pytest.mark.parametrize(("name", "size"), [("NASNetMobile", 224), ("Xception", 299)])
def test_misaligned_network(name: str, size: int) -> None:
    if name == "NASNetMobile" and keras.backend.backend() == "torch":
        pytest.skip("Keras does not build it on PyTorch")
    assert [row.layer for row in network(name, size) if row.aligned is False]


@pytest.mark.parametrize(
    ("name", "size"), [("VGG16", 224), ("ResNet50", 224), ("MobileNetV2", 224), ("InceptionV3", 299)]
)
def test_aligned_network(name: str, size: int) -> None:
    assert [row.layer for row in network(name, size) if row.aligned is not True] == []


# Cases that other tools get wrong


def path(*steps: Callable[[Any], Any], shape: tuple[int | None, ...] = (32, 32, 3)) -> Report:
    x = inputs = keras.Input(shape)
    for step in steps:
        x = step(x)
    return cnnstats.analyze(keras.Model(inputs, x))


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        pytest.param(lambda: [kl.Conv2D(2, 3, dilation_rate=2)], (5, 5), id="3x3 with dilation 2"),
        pytest.param(lambda: [kl.Conv2D(2, 5), kl.Conv2D(2, 3)], (7, 7), id="5x5, then 3x3"),
        pytest.param(
            lambda: [kl.Conv2DTranspose(2, 4, strides=2), kl.Conv2D(2, 3)], (3, 3), id="transposed 4x4 by 2, then 3x3"
        ),
        pytest.param(lambda: [kl.Conv2D(2, (1, 7))], (1, 7), id="1x7"),
    ],
)
def test_case_that_others_get_wrong(steps: Callable[[], list[Any]], field: tuple[int, int]) -> None:
    assert path(*steps()).rows[-1].receptive_field == field


# Inputs of unknown size


def strided_blocks(size: int | None) -> keras.Model:
    """Strided 'same' windows, and residual blocks on what they make."""
    x = inputs = keras.Input((size, size, 3))
    x = kl.Conv2D(2, 7, strides=2, padding="same", name="stem")(x)
    x = kl.MaxPooling2D(3, strides=2, padding="same", name="pool")(x)
    y = kl.Conv2D(2, 3, padding="same", name="a1")(x)
    x = kl.Add(name="a")([x, kl.Conv2D(2, 3, padding="same", name="a2")(y)])
    y = kl.DepthwiseConv2D(3, padding="same", name="b1")(x)
    x = kl.Add(name="b")([x, y])
    return keras.Model(inputs, kl.Conv2D(2, 3, name="last")(x))


def valid_blocks(size: int | None) -> keras.Model:
    """Windows whose padding does not depend on the size."""
    x = inputs = keras.Input((size, size, 3))
    x = kl.Conv2D(2, 4, strides=2, name="stem")(kl.ZeroPadding2D(((1, 2), (2, 1)), name="pad")(x))
    x = kl.MaxPooling2D(2, name="pool")(kl.Conv2D(2, 3, padding="same", dilation_rate=2, name="wide")(x))
    x = kl.Add(name="sum")([x, kl.Conv2D(2, (1, 5), padding="same", name="across")(x)])
    return keras.Model(inputs, kl.Conv2DTranspose(2, 3, strides=2, padding="same", name="up")(x))


SIZES = pytest.mark.parametrize("size", [64, 63, 50, 47], ids=["64", "63", "50", "47"])


@SIZES
def test_field_and_stride_of_unknown_sizes_stand(size: int) -> None:
    known = {row.layer: (row.receptive_field, row.stride_product) for row in cnnstats.analyze(strided_blocks(size))}
    unknown = {row.layer: (row.receptive_field, row.stride_product) for row in cnnstats.analyze(strided_blocks(None))}
    assert unknown == known


@SIZES
def test_where_sizes_do_not_matter_nothing_is_unknown(size: int) -> None:
    known = {row.layer: row.fields for row in cnnstats.analyze(valid_blocks(size))}
    assert {row.layer: row.fields for row in cnnstats.analyze(valid_blocks(None))} == known


def test_padding_of_a_strided_same_window_is_unknown() -> None:
    paddings = {row.layer: row.effective_padding for row in cnnstats.analyze(strided_blocks(None))}
    assert set(paddings.values()) == {(None, None)}


def test_padding_of_a_strided_same_window_depends_on_the_size() -> None:
    padding = {size: cnnstats.analyze(strided_blocks(size))["stem"].effective_padding for size in (64, 63)}
    assert padding == {64: (2, 2), 63: (3, 3)}


def test_blocks_behind_an_unknown_padding_are_aligned() -> None:
    assert [row.layer for row in cnnstats.analyze(strided_blocks(None)) if row.aligned is not True] == []


@SIZES
def test_sizes_given_later_are_as_good(size: int) -> None:
    later = cnnstats.analyze(strided_blocks(None), input_shape=(size, size, 3))
    assert [row.fields for row in later] == [row.fields for row in cnnstats.analyze(strided_blocks(size))]


def test_shortcut_that_strides_by_itself_may_be_misaligned() -> None:
    """A strided 3x3 and a strided 1x1, both 'same': aligned on odd sizes, and on even ones half a pixel apart."""

    def build(size: int | None) -> keras.Model:
        x = keras.Input((size, size, 3))
        a = kl.Conv2D(2, 3, strides=2, padding="same")(x)
        return keras.Model(x, kl.Add(name="sum")([a, kl.Conv2D(2, 1, strides=2, padding="same")(x)]))

    aligned = {size: cnnstats.analyze(build(size))["sum"].aligned for size in (64, 63, None)}
    assert aligned == {64: False, 63: True, None: None}


@pytest.mark.parametrize(("name", "field"), [("VGG16", 212), ("MobileNetV2", 491), ("ResNet50", 483)])
def test_network_of_unknown_size(name: str, field: int) -> None:
    last = network(name).rows[-1]
    assert (last.receptive_field, last.stride_product) == ((field, field), (32, 32))
