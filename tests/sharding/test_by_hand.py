"""Models on a mesh of devices that need not be there: what each device holds and computes, by hand."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats

D = keras.distribution


def mesh(batch: int = 2, model: int = 4) -> Any:
    return D.DeviceMesh((batch, model), ("batch", "model"), [f"cpu:{number}" for number in range(batch * model)])


def parallel(divided: Mapping[str, tuple[str | None, ...]], batch: int = 2, model: int = 4) -> Any:
    layouts = D.LayoutMap(mesh(batch, model))
    for path, axes in divided.items():
        layouts[path] = axes
    return D.ModelParallel(layout_map=layouts, batch_dim_name="batch")


def perceptron(**arguments: Any) -> keras.Model:
    up, down = layers.Dense(128, "relu", name="up", **arguments), layers.Dense(64, name="down", **arguments)
    return keras.Sequential([keras.Input((64,)), up, down], name="net")


COLUMNS_THEN_ROWS = {".*up.kernel": (None, "model"), ".*up.bias": ("model",), ".*down.kernel": ("model", None)}


@pytest.fixture(autouse=True)
def _no_distribution() -> Iterator[None]:
    yield
    D.set_distribution(None)


def test_without_a_distribution_nothing_is_said() -> None:
    report = cnnstats.analyze(perceptron())
    assert (report.header.mesh, report.totals.share, report.rows[0].device_params) == ((), None, None)
    assert "device_params" not in report.to_dataframe().columns
    assert "evice" not in report.to_text()


def test_columns_then_rows() -> None:
    """2 x 4 devices: half of the 16 samples each, and a quarter of each kernel; the bias behind the sum is whole."""
    report = cnnstats.analyze(perceptron(), batch_size=16, distribution=parallel(COLUMNS_THEN_ROWS))
    up, down = report.rows
    assert (up.params, up.device_params) == (64 * 128 + 128, (64 * 128 + 128) // 4)
    assert (down.params, down.device_params) == (128 * 64 + 64, 128 * 64 // 4 + 64)
    assert (up.device_macs, down.device_macs) == (8 * 64 * 32, 8 * 32 * 64)
    # Each sum of 64 products with its bias and its rectifier; then 32 products of each sum, of which others have parts.
    assert up.device_flops == 8 * 32 * (64 + 63 + 1 + 1)
    assert down.device_flops == 8 * 64 * (32 + 31 + 1)
    assert report.totals.share.params == up.device_params + down.device_params
    assert report.totals.device_flops == up.device_flops + down.device_flops
    assert report.totals.share.param_bytes == 4 * report.totals.share.params
    assert (report.header.mesh, report.header.batch_axis) == ((("batch", 2), ("model", 4)), "batch")


def test_samples_alone_are_divided() -> None:
    distribution = D.DataParallel(device_mesh=D.DeviceMesh((8,), ("batch",), [f"cpu:{n}" for n in range(8)]))
    model = keras.applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3))
    report = cnnstats.analyze(model, batch_size=16, distribution=distribution)
    assert report.totals.share.params == report.totals.params
    assert (report.totals.unknown_device_rows, 8 * report.totals.device_flops) == (0, report.totals.flops)


def test_the_distribution_that_is_set_is_taken() -> None:
    D.set_distribution(parallel(COLUMNS_THEN_ROWS))
    report = cnnstats.analyze(keras.Sequential([keras.Input((4,)), layers.Dense(2)]), batch_size=2)
    assert report.header.devices == 8


def test_a_weight_that_lies_along_the_samples_axis_is_gathered() -> None:
    """An axis divides one loop of a call: the samples."""
    report = cnnstats.analyze(perceptron(), batch_size=16, distribution=parallel({".*kernel": ("batch", None)}))
    assert [row.device_macs for row in report.rows] == [8 * 64 * 128] * 2
    assert report.rows[0].device_params == 64 * 128 // 2 + 128


def test_channels_stay_divided_through_what_keeps_them() -> None:
    image = keras.Input((8, 8, 4))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, name="a")(image)))
    x = layers.Conv2D(8, 3, name="b")(layers.MaxPooling2D()(x))
    model = keras.Model(image, layers.Dense(4, name="c")(layers.GlobalAveragePooling2D()(x)))
    distribution = parallel({".*a.kernel": (None, None, None, "model"), ".*c.kernel": (None, "model")})
    report = cnnstats.analyze(model, batch_size=2, distribution=distribution)
    macs = {row.layer: row.device_macs for row in report.rows if row.macs}
    # a: channels made; b: channels that it sums over, so that what it makes is whole; c: channels made.
    assert macs == {"a": 36 * 4 * 9 * 4, "b": 8 * 9 * 4, "c": 8}
    assert [row.device_flops for row in report.rows if row.type == "ReLU"] == [36 * 4]
    assert report.totals.unknown_device_rows == 0


def test_statistics_of_divided_channels_are_folded_once() -> None:
    """Five operations for each channel, for XLA, which each device does for its own; then two for each value."""
    x = keras.Input((4, 4, 2))
    norm = layers.BatchNormalization()
    model = keras.Model(x, norm(layers.Conv2D(16, 1, use_bias=False, name="a")(x)))
    divided = {".*a.kernel": (None, None, None, "model")}
    whole, parts = [
        cnnstats.analyze(model, batch_size=2, convention="xla", distribution=parallel(each)).rows[1].device_flops
        for each in ({}, divided)
    ]
    assert (whole, parts) == (5 * 16 + 2 * 16 * 16, 5 * 4 + 2 * 16 * 4)


@pytest.mark.parametrize(("axes", "made"), [((None, "model"), 8 * 4), (("model", None), 32 * 4)])
def test_a_table_is_divided(axes: tuple[str | None, ...], made: int) -> None:
    """Columns stay divided through what follows; of rows each device looks up its own, and all are added."""
    x = keras.Input((10,), dtype="int32")
    model = keras.Model(x, layers.Dense(4, use_bias=False)(layers.Embedding(40, 32, name="table")(x)))
    report = cnnstats.analyze(model, batch_size=16, distribution=parallel({".*table.embeddings": axes}))
    assert [row.device_macs for row in report.rows] == [0, 8 * 10 * made]
    assert report.rows[0].device_params == 40 * 32 // 4


def test_what_cannot_be_told_is_unknown() -> None:
    """A softmax over values that lie on several devices; what is behind it does not become known again by itself."""
    x = keras.Input((16,))
    model = keras.Model(x, layers.Dense(3)(layers.Softmax()(layers.Dense(8, name="a")(x))))
    report = cnnstats.analyze(model, batch_size=2, distribution=parallel({".*a.kernel": (None, "model")}))
    assert [row.device_flops is None for row in report.rows] == [False, True, True]
    assert report.totals.unknown_device_rows == 2
    assert re.search(r"Device FLOPs +≥ 64 +2 of 3 layers unknown", report.to_text())


def test_samples_that_cannot_be_divided_are_unknown() -> None:
    report = cnnstats.analyze(perceptron(), batch_size=3, distribution=parallel({}))
    assert [row.device_flops for row in report.rows] == [None, None]


def test_attention_over_divided_heads() -> None:
    """The equations of a layer and of an operation say which loops are divided."""
    x = keras.Input((10, 16))
    query, key = [layers.EinsumDense("btd,dhk->bthk", (10, 8, 4), name=name)(x) for name in ("q", "k")]
    scores = keras.ops.einsum("bthk,bshk->bhts", query, key)
    model = keras.Model(x, scores * 0.5)
    distribution = parallel({".*(q|k).kernel": (None, "model", None)})
    report = cnnstats.analyze(model, batch_size=2, distribution=distribution)
    assert [row.device_macs for row in report.rows if row.macs] == [10 * 16 * 2 * 4] * 2 + [2 * 10 * 10 * 4]
    assert report.rows[-1].device_flops == 2 * 10 * 10


def test_a_layout_of_an_output_is_heeded() -> None:
    model = perceptron()
    distribution = parallel({f"{model.layers[0].path}/output": ("batch", "model")})
    report = cnnstats.analyze(model, batch_size=2, distribution=distribution)
    assert report.rows[1].device_macs == 128 * 64 // 4


def test_renderings_and_back() -> None:
    model = perceptron()
    report = cnnstats.analyze(model, batch_size=16, distribution=parallel(COLUMNS_THEN_ROWS))
    text = report.to_text()
    assert "each of 8 devices: batch 2 x model 4; samples are divided along batch" in text
    assert re.search(r"Device weight bytes +16,768 +\(16.8 kB\)", text)
    frame = report.to_dataframe()
    assert frame["device_params"].tolist() == [2080, 2112]
    assert frame["device_flops"].sum() == report.totals.device_flops
    assert cnnstats.Report.from_json(report.to_json()) == report
    assert report.at_depth(1).totals == report.totals
    assert report.with_convention("macs").totals.device_flops == report.totals.share.work.macs
    larger = report.with_input_shape((64,), batch_size=32)
    assert larger.rows[0].device_macs == 2 * report.rows[0].device_macs


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        ("mesh", "expected a keras.distribution.DataParallel or ModelParallel"),
        (parallel({".*up.kernel": (None, "model")}, 1, 3), "128 is no multiple of the 3 devices along `model`"),
        (parallel({".*up.kernel": ("model", "model")}), "each axis once"),
        (parallel({".*up.bias": (None, "model")}), "for each of its dimensions"),
    ],
)
def test_bad_distributions(distribution: Any, message: str) -> None:
    model = perceptron()
    with pytest.raises(cnnstats.DistributionError, match=message):
        cnnstats.analyze(model, distribution=distribution)
