"""Classifiers with heads of all kinds, small enough to convert many of them."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from keras_cnnstats import layers as reference


class Classifier(NamedTuple):
    """A classifier to convert.

    Attributes:
        build: makes it, with weights drawn at random.
        larger: shape of a larger input, without the batch axis.
        stride: positions of the input from one position of the converted output to the next; `None` where padding
            makes the scores of a position differ from those of a crop.
    """

    build: Callable[[], Any]
    larger: tuple[int, ...]
    stride: int | None


def e3() -> Any:
    """The 28x28 grey image that becomes 20 maps 24x24, pooled to 12x12, then 100 units."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(20, 5, activation="relu", name="maps"),
            layers.MaxPooling2D(2, name="pooled"),
            layers.Flatten(name="flat"),
            layers.Dense(100, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="scores"),
        ],
        name="e3",
    )


def features(*more: Any, size: tuple[int, int] = (13, 11), padding: str = "valid") -> Any:
    """Convolutions without a head, and what follows them."""
    return keras.Sequential(
        [
            keras.Input((*size, 3)),
            layers.Conv2D(4, 3, padding=padding, activation="relu"),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.Conv2D(6, 3, padding=padding),
            *more,
        ]
    )


def vgg_like() -> Any:
    return features(
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(16, activation="relu"),
        layers.Dense(5, activation="softmax"),
        padding="same",
    )


def every_layer() -> Any:
    """Between dense layers, all that can be done at each position."""
    return features(
        layers.Dropout(0.1),
        layers.Flatten(),
        layers.Activation("relu"),
        layers.Dropout(0.3),
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("gelu"),
        layers.Dense(7),
        layers.LayerNormalization(),
        layers.PReLU(alpha_initializer="uniform"),
        layers.GaussianNoise(0.1),
        layers.Dense(6),
        layers.UnitNormalization(),
        layers.LeakyReLU(),
        layers.Dense(5),
        layers.RMSNormalization(),
        layers.Softmax(),
        layers.Flatten(),
        layers.Dense(4, activation="log_softmax"),
        layers.Activation("softmax"),
    )


def pooled(kind: str, **kwargs: Any) -> Callable[[], Any]:
    def build() -> Any:
        return features(getattr(layers, f"Global{kind}Pooling2D")(**kwargs), layers.Dense(5, activation="softmax"))

    return build


def as_convolutions() -> Any:
    """The head of MobileNet: a pooling that keeps its axes, 1x1 convolutions, and only then a vector."""
    return features(
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.Dropout(0.1),
        layers.Conv2D(5, 1, padding="same"),
        layers.Reshape((5,)),
        layers.Activation("softmax"),
    )


def through_a_map() -> Any:
    return features(
        layers.GlobalMaxPooling2D(), layers.Reshape((1, 1, 6)), layers.Conv2D(5, 1), layers.Flatten(), layers.Dense(3)
    )


def reshaped() -> Any:
    return features(layers.Reshape((-1,)), layers.Dense(5))


def functional() -> Any:
    """Branches that meet before the head, and two outputs behind it."""
    x = inputs = keras.Input((9, 8, 3), name="image")
    x = layers.Conv2D(4, 3, name="first")(x)
    x = layers.Concatenate()([layers.Conv2D(2, 1)(x), keras.ops.relu(x) * 2.0])
    x = hidden = layers.Dense(7, activation="tanh", name="hidden")(layers.Flatten()(x))
    return keras.Model(
        {"image": inputs}, {"class": layers.Dense(3, activation="softmax")(x), "box": layers.Dense(4)(hidden)}
    )


def squeeze_and_excite() -> Any:
    """A pooling over all positions in the middle of the network is no head, and stays as it is."""
    inputs = keras.Input((9, 9, 3))
    x = layers.Conv2D(4, 3)(inputs)
    weights = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(weights)])
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def backbone(pooling: bool = False, size: tuple[int | None, int | None] = (13, 11)) -> Any:
    inputs = keras.Input((*size, 3))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.Conv2D(4, 3, strides=2)(x)
    x = layers.GlobalAveragePooling2D()(x) if pooling else x
    return keras.Model(inputs, x, name="backbone")


def nested() -> Any:
    return keras.Sequential([keras.Input((13, 11, 3)), backbone(), layers.Flatten(), layers.Dense(5)])


def nested_with_pooling() -> Any:
    """The backbone was built for maps of any size; how large they are is known only outside."""
    inner = backbone(pooling=True, size=(None, None))
    inner.trainable = False
    inputs = keras.Input((13, 11, 3))
    return keras.Model(inputs, layers.Dense(5)(inner(inputs)))


def nested_head() -> Any:
    head = keras.Sequential(
        [keras.Input((5 * 4 * 4,)), layers.Dense(8, activation="relu"), layers.Dense(5)], name="head"
    )
    return keras.Sequential([keras.Input((13, 11, 3)), backbone(), layers.Flatten(), head])


def all_nested() -> Any:
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Rescaling(1 / 2), e3()])


def twice() -> Any:
    """One dense layer, called two times."""
    again = layers.Dense(8, activation="tanh")
    inputs = keras.Input((9, 8, 3))
    x = layers.Dense(8)(layers.Flatten()(layers.Conv2D(2, 3)(inputs)))
    return keras.Model(inputs, again(again(x)))


def image_alone() -> Any:
    return keras.Sequential([keras.Input((6, 5, 2)), layers.Flatten(), layers.Dense(4)])


def text() -> Any:
    return keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(20, 5),
            layers.Conv1D(6, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3),
        ]
    )


def volume() -> Any:
    return keras.Sequential(
        [keras.Input((5, 6, 4, 2)), layers.Conv3D(3, 2), layers.Flatten(), layers.Dense(4, activation="sigmoid")]
    )


def channels_first(flattened: str, last: str = "softmax") -> Callable[[], Any]:
    def build() -> Any:
        return keras.Sequential(
            [
                keras.Input((3, 9, 8)),
                reference.ReferenceConv2D(4, 3, data_format="channels_first"),
                layers.Flatten(data_format=flattened),
                layers.Dense(8, activation="softmax"),
                layers.BatchNormalization(),
                layers.LayerNormalization(),
                layers.PReLU(alpha_initializer="uniform"),
                layers.Dense(5),
                layers.Activation(last),
            ]
        )

    return build


CLASSIFIERS: dict[str, Classifier] = {
    "E3": Classifier(e3, (34, 31, 1), 2),
    "VGG-like": Classifier(vgg_like, (21, 17, 3), None),
    "every layer": Classifier(every_layer, (17, 14, 3), 2),
    "average": Classifier(pooled("Average"), (17, 14, 3), 2),
    "maximum": Classifier(pooled("Max"), (17, 14, 3), 2),
    "average that keeps its axes": Classifier(pooled("Average", keepdims=True), (17, 14, 3), 2),
    "head of convolutions": Classifier(as_convolutions, (17, 14, 3), 2),
    "vector to map to vector": Classifier(through_a_map, (17, 14, 3), 2),
    "reshape for flatten": Classifier(reshaped, (17, 14, 3), 2),
    "functional": Classifier(functional, (11, 12, 3), 1),
    "squeeze and excite": Classifier(squeeze_and_excite, (12, 10, 3), None),
    "nested": Classifier(nested, (17, 14, 3), 2),
    "nested with pooling": Classifier(nested_with_pooling, (17, 14, 3), 2),
    "nested head": Classifier(nested_head, (17, 14, 3), 2),
    "all nested": Classifier(all_nested, (34, 31, 1), 2),
    "shared": Classifier(twice, (11, 11, 3), 1),
    "image alone": Classifier(image_alone, (8, 9, 2), 1),
    "text": Classifier(text, (15,), 1),
    "volume": Classifier(volume, (7, 6, 6, 2), 1),
    "channels first": Classifier(channels_first("channels_first"), (3, 11, 9), 1),
    "channels first, flattened as stored": Classifier(channels_first("channels_last"), (3, 11, 9), 1),
    "channels first, each value": Classifier(channels_first("channels_first", "relu"), (3, 11, 9), 1),
}


@contextmanager
def dtype_policy(name: str) -> Any:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def made(classifier: Classifier, policy: str = "float32") -> Any:
    """The classifier, with all its weights drawn at random, statistics and biases too."""
    with dtype_policy(policy):
        model = classifier.build()
    generator = np.random.default_rng(1)
    model.set_weights(
        [generator.uniform(0.1, 0.6, size=weight.shape) - 0.25 * (len(weight.shape) > 1) for weight in model.weights]
    )
    return model


def images(model: Any, shape: tuple[int, ...]) -> np.ndarray:
    generator = np.random.default_rng(2)
    if "int" in model.inputs[0].dtype:
        return generator.integers(0, 20, size=(2, *shape))
    return generator.normal(size=(2, *shape))
