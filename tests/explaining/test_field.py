"""The receptive field of an output, held against pixels that are poked."""

import keras
import numpy as np
import pytest

from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.explaining import Box, explain
from keras_cnnstats.layers import PixelShuffle

L = keras.layers
SIZE = (13, 11)


def chain(*layers, shape=(*SIZE, 1)):
    """A model of the layers, whose weights are positive so that nothing that is seen cancels out."""
    model = keras.Sequential([keras.Input(shape), *layers])
    model.set_weights([np.full(weight.shape, 0.1) for weight in model.weights])
    return model


def branches():
    x = keras.Input((*SIZE, 1))
    y = keras.ops.add(L.Conv2D(1, 3, padding="same")(x), L.Conv2D(1, (1, 5), padding="same")(x))
    model = keras.Model(x, L.Conv2D(1, 2, name="last")(y))
    model.set_weights([np.full(weight.shape, 0.1) for weight in model.weights])
    return model


MODELS = {
    "one window": lambda: chain(L.Conv2D(1, 3, name="last")),
    "strides": lambda: chain(
        L.Conv2D(2, 3, strides=2, padding="same"), L.Conv2D(1, (2, 3), strides=(1, 2), name="last")
    ),
    "pooling": lambda: chain(L.Conv2D(1, 3, padding="same"), L.MaxPooling2D(2), L.AveragePooling2D(2, name="last")),
    "dilation": lambda: chain(L.Conv2D(1, 3, dilation_rate=2), L.Conv2D(1, (1, 2), name="last")),
    "transposed": lambda: chain(L.Conv2D(1, 3, strides=2), L.Conv2DTranspose(1, 3, strides=2, name="last")),
    "upsampling": lambda: chain(L.MaxPooling2D(2), L.UpSampling2D(2), L.Conv2D(1, 2, name="last")),
    "shuffle": lambda: chain(L.Conv2D(4, 3, strides=2), PixelShuffle(2, name="last")),
    "branches": branches,
}


def poked(model, position):
    """The box around all pixels that change the output when they change."""
    rows, columns = SIZE
    plain = np.ones((1, rows, columns, 1), "float32")
    pokes = np.tile(plain, (rows * columns, 1, 1, 1))
    pokes.reshape(rows * columns, -1)[np.diag_indices(rows * columns)] = 100
    before, after = (keras.ops.convert_to_numpy(model(x))[:, *position, 0] for x in (plain, pokes))
    seen = np.argwhere(np.abs(after - before).reshape(rows, columns) > 1e-3)
    return (*seen.min(axis=0).tolist(), *seen.max(axis=0).tolist())


@pytest.mark.parametrize("position", [(0, 0), (1, 2), (-1, -1)], ids=str)
@pytest.mark.parametrize("case", MODELS)
def test_field_is_what_pokes_find(case, position):
    model = MODELS[case]()
    _, rows, columns, _ = model.output_shape
    position = (position[0] % rows, position[1] % columns)
    shown = explain(model, np.ones((*SIZE, 1)), "last", position=position)
    assert shown.clipped_field == poked(model, position)


def test_field_reaches_over_the_edges():
    model = chain(L.Conv2D(1, 3, padding="same"), L.Conv2D(1, 3, padding="same", name="last"))
    shown = explain(model, np.ones((*SIZE, 1)), "last", position=(0, 10))
    assert shown.field == Box(top=-2, left=8, bottom=2, right=12)
    assert shown.clipped_field == Box(top=0, left=8, bottom=2, right=10)


def test_window_is_on_the_layers_own_input():
    model = chain(L.MaxPooling2D(2), L.Conv2D(1, 3, strides=2, name="last"))
    shown = explain(model, np.ones((*SIZE, 1)), "last", position=(1, 0))
    assert shown.window == Box(top=2, left=0, bottom=4, right=2)
    assert shown.field == Box(top=4, left=0, bottom=9, right=5)


def test_steps_are_a_map_of_one_row():
    model = chain(L.Conv1D(1, 3, padding="causal", name="last"), shape=(9, 1))
    shown = explain(model, np.ones((9, 1)), "last", position=1)
    assert (shown.field, shown.clipped_field) == (Box(0, -1, 0, 1), Box(0, 0, 0, 1))


def test_channels_first_fields_are_on_rows_and_columns():
    layer = PixelShuffle(1, data_format="channels_first")
    layer.build((None, 3, 5, 7))
    shown = explain(layer, np.ones((3, 5, 7)), position=(4, 6))
    assert shown.image.shape == (5, 7, 3)
    assert shown.field == Box(4, 6, 4, 6)


def test_dense_sees_all():
    model = chain(L.Flatten(), L.Dense(2, name="last"))
    shown = explain(model, np.ones((*SIZE, 1)), "last", position=())
    assert shown.field == shown.clipped_field == Box(0, 0, 12, 10)
    assert shown.output is None


def test_outputs_in_no_rows_any_more_are_refused():
    model = chain(L.Conv2D(1, 3), L.Flatten(name="last"))
    with pytest.raises(InputShapeError, match="in no rows and columns any more"):
        explain(model, np.ones((*SIZE, 1)), "last", position=())


def test_an_output_in_the_padding_sees_nothing_inside():
    model = chain(L.ZeroPadding2D(3), L.Conv2D(1, 2, name="last"))
    shown = explain(model, np.ones((*SIZE, 1)), "last", position=(0, 0))
    assert shown.field == Box(-3, -3, -2, -2)
    assert shown.clipped_field is None
