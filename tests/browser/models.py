"""Models whose pages are looked at, analysed once."""

from functools import cache

import keras

import keras_cnnstats as cnnstats
from keras_cnnstats.reports import Report


@cache
def small() -> Report:
    """Two blocks with a branch, and a head."""
    layers = keras.layers
    image = keras.Input((32, 24, 3), name="image")
    x = stem = layers.Conv2D(8, 7, strides=2, padding="same", name="b1_conv")(image)
    x = layers.BatchNormalization(name="b1_bn")(x)
    x = layers.MaxPooling2D(3, 2, name="b2_pool")(x)
    x = layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="b2_conv")(x)
    x = layers.Add(name="b2_add")([x, layers.MaxPooling2D(3, 2, name="b2_short")(stem)])
    x = layers.UpSampling2D(2, name="up")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return cnnstats.analyze(keras.Model(image, layers.Dense(10, name="head")(x), name="small"))


@cache
def squeezed() -> Report:
    """A global side branch: each position sees the whole image, and a few positions locally."""
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 5, strides=2, padding="same", name="conv")(image)
    side = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    x = layers.Multiply(name="excite")([x, layers.Conv2D(8, 1, activation="sigmoid", name="gate")(side)])
    return cnnstats.analyze(keras.Model(image, layers.Conv2D(4, 3, name="last")(x), name="squeezed"))


@cache
def one_axis() -> Report:
    layers = keras.layers
    parts = [layers.Conv1D(8, 7, strides=2, name="a"), layers.Conv1D(8, 3, padding="causal", name="b")]
    return cnnstats.analyze(keras.Sequential([keras.Input((100, 2)), *parts], name="one_axis"))


@cache
def three_axes() -> Report:
    layers = keras.layers
    parts = [layers.Conv3D(2, (3, 5, 7), padding="same", name="a"), layers.MaxPooling3D((1, 2, 2), name="b")]
    return cnnstats.analyze(keras.Sequential([keras.Input((8, 20, 30, 1)), *parts], name="three_axes"))


@cache
def application(name: str) -> Report:
    return cnnstats.analyze(getattr(keras.applications, name)(weights=None))
