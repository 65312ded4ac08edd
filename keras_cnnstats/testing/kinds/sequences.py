"""Layers that look along a sequence: embeddings, attention and recurrence."""

from collections.abc import Callable

from keras_cnnstats.testing.kinds.registry import ANY, MAPS, kind, scalar
from keras_cnnstats.testing.pen import Pen, made_of, tensors
from keras_cnnstats.testing.records import Layer, Tensor, Value

RECURRENT = ("SimpleRNN", "LSTM", "GRU")


@kind("embedding", (1, 2), dtypes="int")
def embedding(pen: Pen, x: int) -> int | None:
    """Embedding, whose zeros may be masked: not with channels first, where Keras masks along the wrong axis."""
    sizes = {"input_dim": pen.integer(4, 20), "output_dim": pen.integer(1, 8)}
    is_masked = pen.maybe(5) and not pen.channels_first
    return pen.layer("Embedding", Tensor(x), **sizes, mask_zero=True if is_masked else None)


@kind("embedding", (1, 2), dtypes="int")
def one_hot(pen: Pen, x: int) -> int | None:
    """A one for each index."""
    return pen.operation("one_hot", Tensor(x), pen.integer(2, 8))


def partner(pen: Pen, x: int, accepts: Callable[[int], bool]) -> int:
    """Another tensor that is accepted, or the same."""
    other = pen.latest(lambda each: each != x and pen.dtype_of(each) == pen.dtype_of(x) and accepts(each))
    return x if other is None or pen.maybe(2) else other


def attended(pen: Pen, x: int) -> int:
    """What a sequence may look at."""
    return partner(pen, x, lambda each: longer_than_one(pen, each))


def longer_than_one(pen: Pen, x: int) -> bool:
    """Whether there is a choice: Keras warns of a softmax over one position."""
    return len(pen.shape(x)) == 2 and pen.shape(x)[0] > 1


@kind("attention", (2,))
def multi_head_attention(pen: Pen, x: int) -> int | None:
    """Multi-head attention to the sequence itself or to another one."""
    if not longer_than_one(pen, x):
        return None
    heads = pen.integer(1, 3)
    layer = made_of(
        "MultiHeadAttention",
        num_heads=heads,
        key_dim=pen.integer(1, 4),
        value_dim=pen.integer(1, 4) if pen.maybe(3) else None,
        use_bias=False if pen.maybe(3) else None,
        output_shape=pen.integer(1, 6) if pen.maybe(4) else None,
    )
    return pen.call(layer, Tensor(x), Tensor(attended(pen, x)), use_causal_mask=True if pen.maybe(3) else None)


@kind("attention", (3,))
def attention_over_axes(pen: Pen, x: int) -> int | None:
    """Multi-head attention over one or both axes of a map."""
    if min(pen.shape(x)[:2]) < 2:
        return None
    axes: Value = pen.either((1, 2), (1,), (2,))
    layer = made_of("MultiHeadAttention", num_heads=pen.integer(1, 2), key_dim=pen.integer(1, 3), attention_axes=axes)
    return pen.call(layer, Tensor(x), Tensor(x))


@kind("attention", (2,))
def group_query_attention(pen: Pen, x: int) -> int | None:
    """Attention whose heads share keys and values."""
    if not longer_than_one(pen, x):
        return None
    shared = pen.integer(1, 2)
    layer = made_of(
        "GroupQueryAttention",
        head_dim=pen.integer(1, 4),
        num_query_heads=shared * pen.integer(1, 3),
        num_key_value_heads=shared,
        use_bias=False if pen.maybe(3) else None,
    )
    return pen.call(layer, Tensor(x), Tensor(attended(pen, x)), use_causal_mask=True if pen.maybe(3) else None)


@kind("attention", (2,))
def plain_attention(pen: Pen, x: int) -> int | None:
    """Attention without projections, multiplied or added."""
    if not longer_than_one(pen, x):
        return None
    other = partner(pen, x, lambda each: longer_than_one(pen, each) and pen.shape(each)[-1] == pen.shape(x)[-1])
    if pen.maybe(2):
        layer = made_of("AdditiveAttention", use_scale=False if pen.maybe(2) else None)
    else:
        score = pen.either(None, "concat")
        layer = made_of("Attention", use_scale=True if pen.maybe(2) else None, score_mode=score)
    return pen.call(layer, tensors(x, other), use_causal_mask=True if pen.maybe(3) else None)


def recurrent(pen: Pen, backwards: bool = True) -> Layer:
    """A recurrent layer, now and then one that begins at the end."""
    name = pen.either(*RECURRENT)
    return made_of(
        name,
        units=pen.integer(1, 6),
        return_sequences=True if pen.maybe(2) else None,
        use_bias=False if pen.maybe(4) else None,
        go_backwards=True if backwards and pen.maybe(5) else None,
        reset_after=False if name == "GRU" and pen.maybe(2) else None,
        unroll=True if pen.maybe(6) else None,
    )


@kind("recurrence", (2,))
def recurrence(pen: Pen, x: int) -> int | None:
    """SimpleRNN, LSTM and GRU."""
    return pen.call(recurrent(pen), Tensor(x))


@kind("recurrence", (2,))
def bidirectional(pen: Pen, x: int) -> int | None:
    """A recurrent layer forwards and backwards."""
    mode = pen.either(None, "sum", "mul", "ave")
    return pen.layer("Bidirectional", Tensor(x), layer=recurrent(pen, backwards=False), merge_mode=mode)


@kind("recurrence", (2,))
def cells(pen: Pen, x: int) -> int | None:
    """RNN over one cell, or over several on top of each other."""
    count = 1 if pen.dtype else pen.integer(1, 2)  # TensorFlow cannot trace several in mixed precision
    made = [made_of(f"{pen.either(*RECURRENT)}Cell", units=pen.integer(1, 4)) for _ in range(count)]
    cell = made[0] if len(made) == 1 else tuple(made)
    return pen.layer("RNN", Tensor(x), cell=cell, return_sequences=True if pen.maybe(2) else None)


@kind("recurrence", (2,))
def with_states(pen: Pen, x: int) -> int | None:
    """A recurrent layer that returns its states, of which one is used."""
    name = pen.either(*RECURRENT)
    made = pen.layer(name, Tensor(x), units=pen.integer(1, 4), return_sequences=True, return_state=True)
    return None if made is None else pen.operation(f"{{}}[{pen.integer(0, 1)}]", Tensor(made))


@kind("recurrence", MAPS)
def time_distributed(pen: Pen, x: int) -> int | None:
    """A layer for each step of time."""
    if len(pen.shape(x)) == 2:
        layer = made_of("Dense", units=pen.integer(1, 6), activation=pen.either(None, "relu"))
    else:
        layer = made_of(
            f"Conv{len(pen.shape(x)) - 2}D", filters=pen.integer(1, 4), kernel_size=pen.integer(1, 2), padding="same"
        )
    return pen.layer("TimeDistributed", Tensor(x), layer=layer)


@kind("recurrence", (3, 4))
def convolutional_lstm(pen: Pen, x: int) -> int | None:
    """ConvLSTM1D and 2D."""
    rank = len(pen.shape(x)) - 2
    return pen.layer(
        f"ConvLSTM{rank}D",
        Tensor(x),
        filters=pen.integer(1, 3),
        kernel_size=scalar(tuple(pen.integer(1, min(3, size)) for size in pen.shape(x)[1:-1])),
        padding=pen.either(None, "same"),
        return_sequences=True if pen.maybe(2) else None,
    )


@kind("embedding", ANY, dtypes="int")
def as_numbers(pen: Pen, x: int) -> int | None:
    """Indices as floating-point numbers."""
    return pen.operation("cast", Tensor(x), "float32")
