"""A report with nested models folded into one row each: the same totals, by other rows."""

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats import Report


class Opaque(keras.layers.Layer):
    def call(self, x):  # noqa: ARG002
        raise ValueError("nobody knows")

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape)


def nested(middle=keras.layers.ReLU):
    layers = keras.layers
    inner = keras.Sequential([keras.Input((14, 14, 4)), layers.Conv2D(4, 3, padding="same"), middle()], name="inner")
    outer = keras.Sequential([keras.Input((14, 14, 4)), inner, layers.Conv2D(4, 1, name="last")], name="outer")
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="stem")(image)
    x = outer(outer(x))
    return keras.Model(image, layers.Dense(2, name="head")(layers.Flatten(name="flat")(x)))


@pytest.fixture(scope="module")
def report():
    return cnnstats.analyze(nested())


def test_a_nested_model_is_one_row_for_each_call(report):
    folded = report.at_depth(1)
    assert [(row.layer, row.call, row.type) for row in folded.rows] == [
        ("stem", 0, "Conv2D"),
        ("outer", 0, "3 calls"),
        ("outer", 1, "3 calls"),
        ("flat", 0, "Flatten"),
        ("head", 0, "Dense"),
    ]
    # 3 * 3 * 4 * 4 and 4 * 4 products at each of 14 * 14 positions.
    assert folded["outer"].macs == folded["outer", 1].macs == 196 * (144 + 16)
    assert (folded["outer"].params, folded["outer", 1].params) == (148 + 20, 0)
    assert folded["outer", 1].receptive_field == report["outer/last", 1].receptive_field == (7, 7)


def test_two_levels(report):
    names = [row.layer for row in report.at_depth(2).rows]
    assert names == ["stem", "outer/inner", "outer/last", "outer/inner", "outer/last", "flat", "head"]


@pytest.mark.parametrize("depth", [1, 2, 3, 50])
@pytest.mark.parametrize("convention", ["textbook", "xla"])
def test_the_totals_are_the_same(report, depth, convention):
    given = report.with_convention(convention)
    folded = given.at_depth(depth)
    assert folded.totals._replace(rows=0) == given.totals._replace(rows=0)
    assert sum(row.flops for row in folded.rows) == given.totals.flops
    assert sum(row.train_flops for row in folded.rows) == given.totals.train_flops
    assert (depth < 3) == (folded != given)


def test_zero_weights_add_up():
    report = cnnstats.analyze(nested(), sparsity=True)
    assert report.at_depth(1).totals._replace(rows=0) == report.totals._replace(rows=0)


def test_what_is_unknown_stays_a_row():
    report = cnnstats.analyze(nested(Opaque))
    folded = report.at_depth(1)
    unknown = [row for row in folded.rows if row.work is None]
    assert len(unknown) == report.totals.unknown_rows == 2
    assert all(row.layer.startswith("outer/inner/opaque") for row in unknown)
    assert folded.totals.macs == report.totals.macs


def test_rows_read_rows_before_them(report):
    folded = report.at_depth(1)
    assert [row.inputs for row in folded.rows] == [(), (0,), (1,), (2,), (3,)]
    assert Report.from_json(folded.to_json()) == folded


def test_a_real_network_folds():
    layers = keras.layers
    base = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), include_top=False)
    model = keras.Sequential([keras.Input((96, 96, 3)), base, layers.GlobalAveragePooling2D(), layers.Dense(10)])
    report = cnnstats.analyze(model)
    folded = report.at_depth(1)
    assert len(folded) == 3
    assert folded.totals._replace(rows=0) == report.totals._replace(rows=0)
    assert folded.last_map.receptive_field == report.last_map.receptive_field == (491, 491)


@pytest.mark.parametrize("depth", [0, -1, 1.5, "1", None, True])
def test_no_depth(report, depth):
    with pytest.raises(cnnstats.UnknownLayerError, match="how many levels"):
        report.at_depth(depth)


def test_the_last_map_of_a_model_without_any():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    assert cnnstats.analyze(model).last_map is None
