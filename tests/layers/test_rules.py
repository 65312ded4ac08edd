"""The rules of the reference layers: each row is that of the layers of Keras that compute the same."""

from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats import layers as reference
from keras_cnnstats.rules import find
from tests.rules.zoo import FIRST, LINE, MAP, REFERENCE, Case, Sample, built, cases

SUMS = ("params", "trainable_params", "macs", "flops", "transcendentals", "train_flops")


class ReferenceCase(Case):
    """One sample of the reference layers."""

    __slots__ = ()

    @property
    def sample(self) -> Sample:
        return REFERENCE[self.target][self.name]


CASES = [ReferenceCase(*case) for case in cases(REFERENCE)]
TWINS = [case for case in CASES if case.target.__name__.startswith(("Reference", "Stable"))]


def model(shape: tuple[int | None, ...], *chain: Any) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *chain])


def totals(report: cnnstats.Report) -> dict[str, Any]:
    return {name: getattr(report.totals, name) for name in SUMS}


def seen(report: cnnstats.Report) -> tuple[Any, ...]:
    row = report.rows[-1]
    return row.output_shape, row.receptive_field, row.stride_product, row.effective_padding, row.local_receptive_field


def assert_same(ours: cnnstats.Report, theirs: cnnstats.Report) -> None:
    for convention in ("textbook", "macs", "2macs", "tf", "xla"):
        assert totals(ours.with_convention(convention)) == totals(theirs.with_convention(convention))
    assert seen(ours) == seen(theirs)


def test_every_public_layer_has_a_rule_and_an_entry_in_the_zoo() -> None:
    public = {getattr(reference, name) for name in reference.__all__}
    assert public == set(REFERENCE) == {each for each in public if find(each).source == "rule"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parameters_are_those_of_the_model_and_nothing_is_unknown(case: Case) -> None:
    report = cnnstats.analyze(built(case))
    assert {row.source for row in report.rows} == {"rule"}
    assert report.totals.params == built(case).count_params()
    assert report.totals.unknown_rows == 0
    assert [found for found in report.disagreements if not found.explained] == []


@pytest.mark.parametrize("case", TWINS, ids=str)
def test_row_is_that_of_the_layer_of_keras(case: Case) -> None:
    name = case.target.__name__.removeprefix("Reference").removeprefix("Stable")
    twin = model(case.sample.inputs[0], getattr(layers, name)(**case.sample.arguments))
    ours, theirs = cnnstats.analyze(built(case)), cnnstats.analyze(twin)
    assert_same(ours, theirs)
    assert [found.code for found in ours.disagreements] == [found.code for found in theirs.disagreements]


COMPOSED: dict[str, tuple[Any, list[Any]]] = {
    "sub_pixel": (
        reference.SubPixelConv2D(2, 3, 3, activation="relu"),
        [layers.Conv2D(18, 3, padding="same"), reference.PixelShuffle(3), layers.ReLU()],
    ),
    "dilated": (
        reference.DilatedBlock2D(6, 3, depth=3),
        [layers.Conv2D(6, 3, padding="same", dilation_rate=2**i, activation="relu") for i in range(3)],
    ),
    "bicubic": (reference.BicubicUpSampling2D(2), [layers.UpSampling2D(2, interpolation="bicubic")]),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_row_is_that_of_the_layers_it_is_made_of(name: str) -> None:
    layer, chain = COMPOSED[name]
    assert_same(cnnstats.analyze(model(MAP, layer)), cnnstats.analyze(model(MAP, *chain)))


PADDED: dict[str, tuple[Any, list[Any]]] = {
    "convolution": (
        reference.ReferenceConv2D(6, 3, strides=2, padding=(1, 2)),
        [layers.ZeroPadding2D((1, 2)), layers.Conv2D(6, 3, strides=2)],
    ),
    "depthwise": (
        reference.ReferenceDepthwiseConv2D(3, padding=2),
        [layers.ZeroPadding2D(2), layers.DepthwiseConv2D(3)],
    ),
    "pooling": (
        reference.ReferenceAveragePooling2D(3, 2, padding=1),
        [layers.ZeroPadding2D(1), layers.AveragePooling2D(3, 2)],
    ),
    "transposed": (
        reference.ReferenceConv2DTranspose(6, 3, strides=2, padding=1),
        [layers.Conv2DTranspose(6, 3, strides=2, use_bias=False), layers.Cropping2D(1)],
    ),
}


@pytest.mark.parametrize("name", PADDED)
def test_integer_padding_is_zeros_around_the_input(name: str) -> None:
    layer, chain = PADDED[name]
    ours, theirs = cnnstats.analyze(model(MAP, layer)), cnnstats.analyze(model(MAP, *chain))
    assert ours.totals.macs == theirs.totals.macs
    assert seen(ours) == seen(theirs)
    assert [found for found in ours.disagreements if not found.explained] == []


def test_padding_that_no_window_reaches_is_no_loss_of_the_input() -> None:
    report = cnnstats.analyze(model((28, 28, 1), reference.ReferenceConv2D(6, 3, strides=2, padding=1)))
    assert [found.code for found in report.disagreements if found.quantity == "coverage"] == []


def test_size_may_be_unknown() -> None:
    report = cnnstats.analyze(model((None, None, 3), reference.ReferenceConv2D(6, 3, padding=1)))
    (row,) = report.rows
    assert (row.receptive_field, row.effective_padding, row.macs) == ((3, 3), (1, 1), None)


def test_corner_alignment_by_hand() -> None:
    # 3 values become 6: output i lies at 2i/5, so that no output but the corners lies on a known value.
    report = cnnstats.analyze(model((3, 3, 1), reference.BicubicUpSampling2D(2, align_corners=True)))
    assert report.rows[-1].macs == 0
    assert report.totals.flops == 36 * (16 + 15)
    assert report.rows[-1].receptive_field == (4, 4)


def test_field_of_a_dilated_block_grows_by_powers_of_two() -> None:
    fields = [
        cnnstats.analyze(model(LINE, reference.DilatedBlock1D(4, 3, depth=depth))).rows[-1].receptive_field
        for depth in (1, 2, 3, 4)
    ]
    assert fields == [(1 + 2 * (2**depth - 1),) for depth in (1, 2, 3, 4)]


def test_data_format_changes_nothing() -> None:
    last = cnnstats.analyze(model(MAP, reference.ReferenceConv2D(6, 3, padding=1)))
    first = cnnstats.analyze(model((4, 9, 7), reference.ReferenceConv2D(6, 3, padding=1, **FIRST)))
    assert totals(last) == totals(first)
