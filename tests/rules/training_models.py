"""Small models whose step of training is held against XLA's count: a name, how it is built, and what XLA counts more.

XLA counts what Keras and JAX do; where that is not what the definition says, the term has a name and its exact size.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import keras
from keras import Sequential, layers, ops

BATCH = 2
MAP = (9, 7, 3)


class Example(NamedTuple):
    """A model, with what XLA counts more than the `xla` convention, by name.

    Attributes:
        build: builds the model.
        terms: the differences of the whole step.
        contractions: how much of that is in contractions.
    """

    build: Callable[[], keras.Model]
    terms: Mapping[str, int] = MappingProxyType({})
    contractions: int = 0


def plain() -> keras.Model:
    return Sequential(
        [
            keras.Input(MAP),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(6, activation="softmax"),
        ]
    )


def strided() -> keras.Model:
    return Sequential(
        [
            keras.Input(MAP),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(5, 2, strides=(1, 2), padding="same", use_bias=False),
            layers.Conv2D(2, 1, strides=2),
            layers.GlobalAveragePooling2D(),
        ]
    )


def separable() -> keras.Model:
    return Sequential(
        [
            keras.Input(MAP),
            layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu6"),
            layers.SeparableConv2D(5, 3, activation="silu"),
            layers.AveragePooling2D(2),
        ]
    )


def grouped() -> keras.Model:
    return Sequential(
        [
            keras.Input((9, 7, 4)),
            layers.Conv2D(6, 3, groups=2, padding="same"),
            layers.Conv2D(4, 2, dilation_rate=2, activation="leaky_relu"),
            layers.Conv2D(4, 3, dilation_rate=2, padding="same"),
        ]
    )


def transposed() -> keras.Model:
    return Sequential(
        [
            keras.Input((4, 3, 3)),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(2, 2, strides=3, use_bias=False),
        ]
    )


def dense() -> keras.Model:
    return Sequential(
        [
            keras.Input((10,)),
            layers.Dense(8, activation="gelu"),
            layers.Dense(7, activation="tanh"),
            layers.Dense(6, activation="sigmoid", use_bias=False),
            layers.Dense(5, activation="softmax"),
        ]
    )


def residual() -> keras.Model:
    image = keras.Input(MAP)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    x = y = layers.ReLU()(x)
    y = layers.Conv2D(4, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def squeeze_and_excite() -> keras.Model:
    image = keras.Input(MAP)
    x = layers.Conv2D(6, 3, activation="silu")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(2, 1, activation="relu")(gate)
    gate = layers.Conv2D(6, 1, activation="sigmoid")(gate)
    x = layers.Multiply()([x, gate])
    return keras.Model(image, layers.Conv2D(3, 1)(x))


def frozen_backbone() -> keras.Model:
    backbone = Sequential(
        [
            keras.Input(MAP),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
        ]
    )
    backbone.trainable = False
    return Sequential([keras.Input(MAP), backbone, layers.Dense(6, activation="relu"), layers.Dense(5)])


def frozen_middle() -> keras.Model:
    model = Sequential(
        [
            keras.Input(MAP),
            layers.Conv2D(4, 3),
            layers.Conv2D(5, 3),
            layers.BatchNormalization(),
            layers.Conv2D(6, 3),
        ]
    )
    model.layers[1].trainable = model.layers[2].trainable = False
    return model


def shared() -> keras.Model:
    first, second = keras.Input((6,)), keras.Input((6,))
    hidden = layers.Dense(6, activation="tanh")
    x = layers.Subtract()([hidden(hidden(first)), hidden(second)])
    return keras.Model([first, second], layers.Dense(3)(x))


def stopped() -> keras.Model:
    vector = keras.Input((6,))
    x = layers.Dense(5)(vector)
    constant = ops.stop_gradient(layers.Dense(5)(x))
    return keras.Model(vector, layers.Dense(4)(x * constant))


def attention() -> keras.Model:
    tokens = keras.Input((5, 8))
    x = layers.Dense(8)(tokens)
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(2, 3)(y, y)
    y = layers.LayerNormalization()(x)
    y = layers.Dense(8)(layers.Dense(16, activation="gelu")(y))
    return keras.Model(tokens, layers.Add()([x, y]))


def cross_attention() -> keras.Model:
    asking, asked = keras.Input((5, 8)), keras.Input((7, 6))
    encoder = layers.Dense(6)
    encoder.trainable = False
    x = layers.MultiHeadAttention(2, 3)(layers.Dense(8)(asking), encoder(asked))
    return keras.Model([asking, asked], layers.Dense(4)(x))


def lstm() -> keras.Model:
    return Sequential(
        [
            keras.Input((4, 5)),
            layers.LSTM(6, unroll=True, return_sequences=True),
            layers.LSTM(3, unroll=True),
            layers.Dense(2),
        ]
    )


def gru() -> keras.Model:
    return Sequential([keras.Input((4, 5)), layers.Dense(5), layers.GRU(6, unroll=True), layers.Dense(2)])


def causal() -> keras.Model:
    return Sequential(
        [keras.Input((11, 3)), layers.Conv1D(4, 3, padding="causal"), layers.Conv1D(2, 2, padding="causal")]
    )


def unused_branch() -> keras.Model:
    image = keras.Input(MAP)
    x = layers.Conv2D(4, 3)(image)
    biggest = layers.Conv2D(2, 1)(x)
    place = ops.argmax(biggest, axis=-1)
    return keras.Model(image, [layers.Conv2D(3, 1)(x), place])


def adapted(model: keras.Model, *names: str, mode: str | None = None, rank: int = 2) -> keras.Model:
    """The model with some of its layers quantised, and adapted by a product of rank 2 that is doubled."""
    for name in names:
        layer = model.get_layer(name)
        if mode:
            layer.quantize(mode)
        if rank:
            layer.enable_lora(rank, lora_alpha=4)
    return model


def low_rank(mode: str | None = None, rank: int = 2) -> keras.Model:
    hidden = [layers.Dense(8, activation="tanh"), layers.Dense(7, activation="relu", name="adapted"), layers.Dense(3)]
    return adapted(Sequential([keras.Input((5, 10)), *hidden]), "adapted", mode=mode, rank=rank)


def low_rank_alone() -> keras.Model:
    model = low_rank()
    model.layers[0].trainable = model.layers[2].trainable = False
    return model


def low_rank_convolution() -> keras.Model:
    convolution = layers.Conv2D(5, 2, activation="relu", name="adapted")
    return adapted(
        Sequential([keras.Input(MAP), layers.Conv2D(4, 3), convolution, layers.Conv2D(2, 2, groups=1)]), "adapted"
    )


def low_rank_heads(mode: str | None = None) -> keras.Model:
    apart = layers.EinsumDense("abc,cde->abde", (3, 4, 5), bias_axes="de", name="apart")
    together = layers.EinsumDense("abde,dec->abc", (3, 7), bias_axes="c", name="together")
    model = Sequential([keras.Input((3, 6)), layers.Dense(6), apart, together, layers.Dense(2)])
    return adapted(model, "apart", "together", mode=mode)


def low_rank_attention() -> keras.Model:
    tokens = keras.Input((5, 8))
    x = layers.Dense(8)(tokens)
    attending = layers.MultiHeadAttention(2, 3)
    model = keras.Model(tokens, layers.Dense(4)(x + attending(x, x)))
    for dense in (attending.query_dense, attending.value_dense, attending.output_dense):
        dense.enable_lora(2)
    return model


def low_rank_embedding() -> keras.Model:
    tokens = keras.Input((5,), dtype="int32")
    return adapted(keras.Model(tokens, layers.Dense(3)(layers.Embedding(11, 6, name="adapted")(tokens))), "adapted")


def trained(model: keras.Model, *names: str) -> keras.Model:
    """The model with all weights frozen but those of the names given."""
    for weight in model.weights:
        weight.trainable = weight.name in names
    return model


def all_kinds() -> keras.Model:
    return Sequential(
        [
            keras.Input((9, 7, 4)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3),
            layers.LayerNormalization(),
            layers.Conv2DTranspose(4, 2),
            layers.GroupNormalization(2),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


EXAMPLES: dict[str, Example] = {
    "plain": Example(plain),
    "strided": Example(strided),
    "separable": Example(separable),
    "grouped": Example(grouped),
    "transposed": Example(transposed),
    "dense": Example(dense),
    "residual": Example(residual),
    "squeeze and excite": Example(squeeze_and_excite),
    "frozen backbone": Example(frozen_backbone),
    "frozen middle": Example(frozen_middle),
    "shared": Example(shared),
    "stopped": Example(stopped),
    "attention": Example(attention),
    "cross-attention": Example(cross_attention),
    "lstm": Example(lstm),
    "gru": Example(gru),
    "low rank": Example(low_rank),
    "low rank alone": Example(low_rank_alone),
    "low rank convolution": Example(low_rank_convolution),
    "low rank heads": Example(low_rank_heads),
    "low rank attention": Example(low_rank_attention),
    # 5 indices of two samples: 6 steps for each, and 6 values that are taken, or none.
    "low rank embedding": Example(low_rank_embedding, {"indices that may lie outside": 2 * 5 * (6 + 6)}),
    "low rank of 8 bits": Example(lambda: low_rank("int8")),
    "low rank heads of 8 bits": Example(lambda: low_rank_heads("int8")),
    "bias beside 8 bits": Example(lambda: low_rank("int8", rank=0)),
    "biases alone": Example(lambda: trained(all_kinds(), "bias")),
    "kernels alone": Example(lambda: trained(all_kinds(), "kernel")),
    "scales alone": Example(lambda: trained(all_kinds(), "gamma")),
    "shifts alone": Example(lambda: trained(all_kinds(), "beta")),
    # 3 taps of 12 products in two contractions, and 1 of 8 in three; two operations each, for two samples.
    "causal": Example(
        causal,
        {"the taps in the zeros that JAX is given": 2 * 2 * (2 * 3 * 12 + 3 * 8), "a zero that changes its dtype": 2},
        contractions=2 * 2 * (2 * 3 * 12 + 3 * 8),
    ),
    "unused branch": Example(unused_branch, {"places, and what is no number, in an argmax": 20 * 2 * 35}),
}
