"""From a Keras model to rows: which calls there are, under which paths, of which shapes."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.analysis.models import backbone, open_sizes, small_cnn, two_inputs


def paths(model: keras.Model, **arguments: object) -> list[tuple[str, int]]:
    return [(row.layer, row.call) for row in cnnstats.analyze(model, **arguments)]


def test_rows_stand_in_the_order_of_the_summary():
    assert paths(small_cnn()) == [("conv_a", 0), ("pool", 0), ("conv_b", 0), ("mean", 0), ("classes", 0)]


def test_layers_of_a_nested_model_stand_under_its_name():
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, layers.Flatten(name="flat")(backbone()(image)))
    assert paths(model) == [("backbone/conv1", 0), ("backbone/norm", 0), ("backbone/relu", 0), ("flat", 0)]
    assert cnnstats.analyze(model)["backbone/conv1"].receptive_field == (3, 3)


def test_the_path_of_a_nested_model_names_its_layers():
    image = keras.Input((16, 16, 3))
    report = cnnstats.analyze(keras.Model(image, layers.Flatten()(backbone()(image))))
    with pytest.raises(cnnstats.UnknownLayerError, match=r"a model of 3 layers.*Name one: `backbone/conv1`"):
        report["backbone"]


def test_a_shared_layer_has_a_row_for_each_call_and_its_parameters_once():
    image = keras.Input((32, 32, 8))
    shared = layers.Conv2D(8, 3, padding="same", use_bias=False, name="shared")
    model = keras.Model(image, shared(shared(shared(image))))
    report = cnnstats.analyze(model)
    assert paths(model) == [("shared", 0), ("shared", 1), ("shared", 2)]
    assert [row.params for row in report] == [576, 0, 0]
    assert [row.macs for row in report] == [589_824] * 3
    assert [row.receptive_field for row in report] == [(3, 3), (5, 5), (7, 7)]
    assert report["shared", 2].disagreements == ("P4",)


def test_a_shared_model_has_its_rows_for_each_call():
    left, right = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
    twin = backbone()
    model = keras.Model([left, right], layers.Subtract(name="difference")([twin(left), twin(right)]))
    report = cnnstats.analyze(model)
    assert [row.call for row in report] == [0, 0, 0, 1, 1, 1, 0]
    assert report.totals.params == model.count_params()


def test_weights_that_two_layers_share_count_once():
    image = keras.Input((4,))
    first, second = layers.Dense(4, use_bias=False, name="first"), layers.Dense(4, use_bias=False, name="second")
    model = keras.Model(image, second(first(image)))
    second._tracker.unlock()
    second._trainable_variables.clear()
    second._kernel = first._kernel
    assert cnnstats.analyze(model).totals.params == model.count_params() == 16


def test_operations_between_layers_are_rows():
    image = keras.Input((8, 8, 4))
    x = ops.relu(image + 2 * image)
    report = cnnstats.analyze(keras.Model(image, x))
    assert [row.type for row in report] == ["multiply", "add", "relu"]
    assert [row.flops for row in report] == [256, 256, 256]


def test_several_inputs_and_outputs():
    report = cnnstats.analyze(two_inputs())
    assert [name for name, _ in report.header.input_shapes] == ["image", "vector"]
    assert report["dense"].receptive_field == (0, 0), "the vector's branch sees nothing of the image"
    assert report.rows[-1].receptive_field == (np.inf, np.inf)


SHAPES = {
    "a shape": (65, 33, 3),
    "a list": [(65, 33, 3)],
    "by name": {"image": (65, 33, 3)},
    "NumPy integers": (np.int64(65), np.int32(33), 3),
    "an array": np.zeros((2, 65, 33, 3)),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_input_shape_in_every_form(shape):
    report = cnnstats.analyze(open_sizes(), input_shape=shape)
    assert [row.output_shape for row in report] == [(None, 33, 17, 8)] * 3
    assert report["stem"].macs == 33 * 17 * 27 * 8
    assert report["stem"].effective_padding == (1, 1)


def test_sizes_left_open_leave_the_field_and_mark_the_rest():
    report = cnnstats.analyze(open_sizes())
    row = report["sum"]
    assert (row.receptive_field, row.stride_product, row.effective_padding) == ((7, 7), (2, 2), (None, None))
    assert (row.macs, row.flops, row.source) == (None, None, "unknown")
    assert row.note == "its sizes are unknown: pass input_shape=(?, ?, 3)"
    assert report.totals.params == 808
    assert report.totals.is_lower_bound


def test_a_nested_model_takes_the_sizes_of_the_call():
    image = keras.Input((20, 20, 3))
    inner = open_sizes()
    report = cnnstats.analyze(keras.Model(image, inner(image)))
    assert report["open_sizes/stem"].output_shape == (None, 10, 10, 8)
    assert report["open_sizes/stem"].effective_padding == (0, 0)
    assert not report.totals.is_lower_bound


def test_the_batch_size_multiplies_the_work_alone():
    one, eight = cnnstats.analyze(small_cnn()), cnnstats.analyze(small_cnn(), batch_size=8)
    assert eight.totals.macs == 8 * one.totals.macs
    assert eight.totals.flops == 8 * one.totals.flops
    assert eight.totals.params == one.totals.params
    assert eight.header.batch_size == 8


def test_a_model_of_a_fixed_batch_is_counted_for_one_sample():
    fixed = keras.Sequential([keras.Input(batch_shape=(16, 8, 8, 3)), layers.Conv2D(4, 3)])
    report = cnnstats.analyze(fixed)
    assert report.totals.macs == 6 * 6 * 27 * 4
    assert report.rows[0].activation_bytes == 6 * 6 * 4 * 4
    assert report.rows[0].moved_bytes == (8 * 8 * 3 + 6 * 6 * 4 + 27 * 4 + 4) * 4
    four = cnnstats.analyze(fixed, batch_size=4)
    assert (four.totals.macs, four.rows[0].activation_bytes) == (4 * 6 * 6 * 27 * 4, 4 * 6 * 6 * 4 * 4)


def test_windows_moved_to_the_batch_axis_are_counted_all():
    """As shifted-window transformers do: 4 windows of 4x4 for each 8x8 image, each through the same dense layer."""
    image = keras.Input((8, 8, 6))
    x = ops.reshape(image, (-1, 2, 4, 2, 4, 6))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 16, 6))
    model = keras.Model(image, layers.Dense(5, use_bias=False)(x))
    assert cnnstats.analyze(model).totals.macs == 64 * 6 * 5


def test_a_function_of_keras_is_read_as_well():
    image = keras.KerasTensor((None, 8, 8, 3))
    function = keras.Function(image, layers.Conv2D(4, 3)(image))
    assert cnnstats.analyze(function).totals.macs == 6 * 6 * 27 * 4


def test_weights_of_no_call_keep_the_total_true():
    model = backbone()
    model.extra = layers.Dense(3)
    model.extra.build((None, 7))
    report = cnnstats.analyze(model)
    assert report.totals.params == model.count_params()
    assert report.rows[-1].params == 24


def test_channels_first():
    image = keras.Input((3, 20, 30))
    x = layers.Conv2D(8, (3, 5), strides=(1, 2), data_format="channels_first")(image)
    row = cnnstats.analyze(keras.Model(image, layers.MaxPooling2D(2, data_format="channels_first")(x))).rows[1]
    assert row.output_shape == (None, 8, 9, 6)
    assert row.receptive_field == (4, 7)
    assert row.stride_product == (2, 4)


RANKS = {
    "1-D": ((20, 4), layers.Conv1D, ("t",)),
    "2-D": ((20, 20, 4), layers.Conv2D, ("h", "w")),
    "3-D": ((9, 9, 9, 4), layers.Conv3D, ("d", "h", "w")),
}


@pytest.mark.parametrize(("shape", "convolution", "axes"), RANKS.values(), ids=RANKS)
def test_every_rank_has_its_axes(shape, convolution, axes):
    report = cnnstats.analyze(keras.Sequential([keras.Input(shape), convolution(2, 3)]))
    assert report.axes == axes
    assert report.rows[0].receptive_field == (3,) * len(axes)


def test_a_sequence_of_indices_has_a_time_axis():
    tokens = keras.Input((30,), dtype="int32")
    model = keras.Model(tokens, layers.Conv1D(4, 5)(layers.Embedding(100, 8)(tokens)))
    report = cnnstats.analyze(model)
    assert report.axes == ("t",)
    assert report.rows[-1].receptive_field == (5,)
    assert report.rows[0].params == 800


def test_a_flat_input_is_measured_from_the_first_map():
    vector = keras.Input((784,))
    x = layers.Reshape((28, 28, 1), name="unflatten")(vector)
    report = cnnstats.analyze(keras.Model(vector, layers.Conv2D(4, 3)(layers.Conv2D(4, 3)(x))))
    assert report.header.origin == "unflatten"
    assert report.rows[-1].receptive_field == (5, 5)


def test_features_have_no_axes():
    report = cnnstats.analyze(keras.Sequential([keras.Input((5,)), layers.Dense(3)]))
    assert report.axes == ()
    assert report.rows[0].receptive_field == ()


def test_a_frozen_model_freezes_what_is_nested_in_it():
    inner = backbone()
    inner.trainable = False
    image = keras.Input((16, 16, 3))
    report = cnnstats.analyze(keras.Model(image, layers.Conv2D(2, 1)(inner(image))))
    assert report.totals.trainable_params == 10
    assert report.totals.frozen_params == inner.count_params()
