"""An explanation as text."""

import keras
import numpy as np

from keras_cnnstats.explaining import explain

EXPECTED = """\
conv (Conv2D), channel 1
output = relu(sum of 2 inputs * kernels - 0.5)
╭───────────────┬───────────┬────────────┬───────────┬───────────────────────────────────╮
│ Array         │ Shape     │   Smallest │   Largest │ What                              │
├───────────────┼───────────┼────────────┼───────────┼───────────────────────────────────┤
│ image         │ (3, 4, 2) │          1 │         1 │ what was given                    │
│ inputs        │ (3, 4, 2) │          1 │         1 │ the channels that the filter sees │
│ kernels       │ (2, 2, 2) │          1 │         1 │ the kernel of each                │
│ intermediates │ (3, 4, 2) │          1 │         4 │ each convolved with its kernel    │
│ sum           │ (3, 4)    │        1.5 │       7.5 │ their sum, and the bias           │
│ output        │ (3, 4)    │        1.5 │       7.5 │ its activation                    │
╰───────────────┴───────────┴────────────┴───────────┴───────────────────────────────────╯
output (2, 3) sees rows 2 to 3, columns 3 to 4, partly outside"""


def test_text_lists_the_arrays():
    layer = keras.layers.Conv2D(2, 2, padding="same", activation="relu", name="conv")
    layer.build((None, 3, 4, 2))
    layer.set_weights([np.ones((2, 2, 2, 2)), np.array([0, -0.5])])
    shown = explain(layer, np.ones((3, 4, 2)), channel=1, position=(2, 3))
    assert str(shown) == repr(shown) == EXPECTED


def test_text_of_a_pooling_names_the_winners():
    text = str(explain(keras.layers.MaxPooling1D(2, name="pool"), np.ones((4, 1)), position=1))
    assert "row and column of the input that won" in text
    assert text.endswith("output (1) sees steps 2 to 3")
    assert "shares" not in text


def test_a_name_does_not_act_on_the_terminal():
    layer = keras.layers.Conv2D(1, 1, name="a\x1b[31m")
    layer.build((None, 2, 2, 1))
    assert "\x1b" not in str(explain(layer, np.ones((2, 2))))
