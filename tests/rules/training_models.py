"""Small models whose step of training is held against XLA's count: a name, how it is built, and what XLA counts more.

XLA counts what Keras and JAX do; where that is not what the definition says, the term has a name and its exact size.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

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


def gated_attention() -> keras.Model:
    tokens = keras.Input((5, 8))
    x = layers.Dense(8)(tokens)
    x = layers.MultiHeadAttention(2, 3, use_gate=True)(x, x)
    x = layers.GroupQueryAttention(3, 4, 2, use_gate=True)(x, x)
    return keras.Model(tokens, layers.Dense(4)(x))


def with_states(layer: layers.Layer, states: int) -> keras.Model:
    """A recurrent layer whose states before the first step learn, too."""
    sequence, start = keras.Input((4, 5)), keras.Input((3,))
    given = [layers.Dense(6)(start) for _ in range(states)]
    return keras.Model([sequence, start], layers.Dense(2)(layer(layers.Dense(5)(sequence), initial_state=given)))


def both_directions(mode: str | None) -> keras.Model:
    return with_states(layers.Bidirectional(layers.LSTM(6, unroll=True), merge_mode=mode), 4)


def stack_of_cells() -> keras.Model:
    sequence, start = keras.Input((4, 5)), keras.Input((3,))
    given = [[layers.Dense(6)(start), layers.Dense(6)(start)], [layers.Dense(7)(start)]]
    stack = layers.RNN([layers.LSTMCell(6), layers.SimpleRNNCell(7)], unroll=True)
    return keras.Model([sequence, start], layers.Dense(2)(stack(layers.Dense(5)(sequence), initial_state=given)))


def returned(layer: layers.Layer, *places: int) -> keras.Model:
    """A recurrent layer of which the outputs and the states at some places are read."""
    sequence = keras.Input((4, 5))
    results = layer(layers.Dense(5)(sequence))
    return keras.Model(sequence, [layers.Dense(2)(results[place]) for place in places])


def returned_by_lstm(*places: int, return_sequences: bool = True) -> keras.Model:
    return returned(layers.LSTM(6, unroll=True, return_sequences=return_sequences, return_state=True), *places)


def of_operation(function: Callable[..., Any], *shapes: tuple[int, ...], targets: str = "float32") -> keras.Model:
    """An operation on maps that learn; of several the first are targets, which do not."""
    fed = [keras.Input(shape, dtype=targets) for shape in shapes[:-1]] + [keras.Input(shapes[-1])]
    return keras.Model(fed, function(*fed[:-1], layers.Dense(shapes[-1][-1])(fed[-1])))


def of_maps(function: Callable[..., Any], *shapes: tuple[int, ...]) -> keras.Model:
    """An operation on maps that all learn."""
    fed = [keras.Input(shape) for shape in shapes]
    return keras.Model(fed, function(*[layers.Dense(each.shape[-1])(each) for each in fed]))


class Standardized(layers.Layer):
    """A scale and a shift that are learned, behind statistics that are given."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.gamma, self.beta = (self.add_weight(shape=shape[-1:], name=name) for name in ("gamma", "beta"))
        self.mean, self.variance = (
            self.add_weight(shape=shape[-1:], initializer="ones", trainable=False, name=name)
            for name in ("mean", "variance")
        )

    def call(self, x: Any) -> Any:
        return ops.batch_normalization(x, self.mean, self.variance, -1, self.beta, self.gamma)


def given_statistics() -> keras.Model:
    return Sequential([keras.Input(MAP), layers.Conv2D(4, 3), Standardized(), layers.Conv2D(2, 2)])


def spectral(layer: layers.Layer) -> keras.Model:
    return Sequential([keras.Input(MAP), layers.Conv2D(4, 3), layers.SpectralNormalization(layer), layers.Dense(2)])


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
    "gated attention": Example(gated_attention),
    "states of an lstm": Example(lambda: with_states(layers.LSTM(6, unroll=True), 2)),
    "states of a gru": Example(lambda: with_states(layers.GRU(6, unroll=True), 1)),
    "states of both directions": Example(lambda: both_directions("concat")),
    "states of both directions, added": Example(lambda: both_directions("sum")),
    # Keras also runs the first step by itself, to see what it makes; nobody reads that.
    "states of a stack": Example(stack_of_cells, contractions=2 * 2 * (4 * 6 * (5 + 6) + 7 * (6 + 7))),
    "returned by an lstm": Example(lambda: returned_by_lstm(0, 1, 2)),
    "states alone of an lstm": Example(lambda: returned_by_lstm(1, 2)),
    "one state alone of an lstm": Example(lambda: returned_by_lstm(1)),
    "last output and states of an lstm": Example(lambda: returned_by_lstm(0, 1, 2, return_sequences=False)),
    "returned by a gru": Example(lambda: returned(layers.GRU(6, unroll=True, return_state=True), 0, 1)),
    "returned by both directions": Example(
        lambda: returned(layers.Bidirectional(layers.LSTM(6, unroll=True, return_state=True)), 0, 1, 2, 3, 4)
    ),
    "binary crossentropy": Example(lambda: of_operation(ops.binary_crossentropy, (5, 4), (5, 4))),
    "binary crossentropy of logits": Example(
        lambda: of_operation(partial(ops.binary_crossentropy, from_logits=True), (5, 4), (5, 4))
    ),
    "crossentropy": Example(lambda: of_operation(ops.categorical_crossentropy, (5, 4), (5, 4))),
    "crossentropy of logits": Example(
        lambda: of_operation(partial(ops.categorical_crossentropy, from_logits=True), (5, 4), (5, 4))
    ),
    "crossentropy of classes": Example(
        lambda: of_operation(ops.sparse_categorical_crossentropy, (5,), (5, 4), targets="int32")
    ),
    "crossentropy of classes, of logits": Example(
        lambda: of_operation(
            partial(ops.sparse_categorical_crossentropy, from_logits=True), (5,), (5, 4), targets="int32"
        )
    ),
    "differences": Example(lambda: of_maps(partial(ops.diff, n=2, axis=1), (6, 4))),
    "trapezoids": Example(lambda: of_maps(partial(ops.trapezoid, axis=1), (6, 4))),
    "distances": Example(lambda: of_maps(ops.cdist, (5, 4), (6, 4))),
    "distances of one side": Example(lambda: of_operation(ops.cdist, (6, 4), (5, 4))),
    "crossed": Example(lambda: of_maps(ops.cross, (5, 3), (5, 3))),
    "length of the sum": Example(lambda: of_maps(partial(ops.normalize, order=1), (5, 4))),
    "length of cubes": Example(lambda: of_maps(partial(ops.normalize, order=3), (5, 4))),
    "gray": Example(lambda: of_maps(ops.image.rgb_to_grayscale, MAP)),
    "bessel": Example(lambda: of_maps(ops.i0, (5, 4))),
    "given statistics": Example(given_statistics),
    "spectral dense": Example(lambda: spectral(layers.Dense(5, activation="relu"))),
    "spectral convolution": Example(lambda: spectral(layers.Conv2D(5, 2))),
}
