"""Small models that several tests look at."""

import keras
from keras import layers


def small_cnn() -> keras.Model:
    """Two convolutions, a pooling, a dense layer: 32x32x3 to 10."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3), name="image"),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="conv_a"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(16, 3, strides=2, padding="same", name="conv_b"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="small_cnn",
    )


def open_sizes() -> keras.Model:
    """Rows and columns left open, a strided window whose padding depends on them, and a residual behind it."""
    image = keras.Input((None, None, 3), name="image")
    stem = layers.Conv2D(8, 3, strides=2, padding="same", name="stem")(image)
    branch = layers.Conv2D(8, 3, padding="same", name="branch")(stem)
    return keras.Model(image, layers.Add(name="sum")([stem, branch]), name="open_sizes")


def backbone() -> keras.Model:
    """A functional model to nest in others."""
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="conv1")(image)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, layers.ReLU(name="relu")(x), name="backbone")


def two_inputs() -> keras.Model:
    """An image and a vector, in a dictionary."""
    image, vector = keras.Input((8, 8, 3), name="image"), keras.Input((5,), name="vector")
    x = layers.GlobalAveragePooling2D(name="mean")(layers.Conv2D(4, 3, name="conv")(image))
    y = layers.Dense(4, name="dense")(vector)
    outputs = {"sum": x + y, "vector": y}
    return keras.Model({"image": image, "vector": vector}, outputs, name="two_inputs")
