"""A Llama-like model in plain Keras layers: 70 billion parameters by default."""

from typing import Any

PARAMETERS = 70_553_706_496
"""Of the default sizes: what the Llama 3 of that size has."""


def llama(
    *,
    blocks: int = 80,
    width: int = 8192,
    heads: int = 64,
    key_value_heads: int = 8,
    hidden: int = 28_672,
    vocabulary: int = 128_256,
    tokens: int = 4096,
) -> Any:
    """Returns a decoder of grouped attention and gated dense layers; positions, which have no weights, are left out."""
    import keras
    from keras import layers

    ids = keras.Input((tokens,), dtype="int32")
    x = layers.Embedding(vocabulary, width)(ids)
    for _ in range(blocks):
        y = layers.RMSNormalization()(x)
        attention = layers.GroupQueryAttention(width // heads, heads, key_value_heads, use_bias=False)
        x = layers.Add()([x, attention(y, y, use_causal_mask=True)])
        y = layers.RMSNormalization()(x)
        gate = layers.Dense(hidden, activation="silu", use_bias=False)(y)
        y = layers.Multiply()([gate, layers.Dense(hidden, use_bias=False)(y)])
        x = layers.Add()([x, layers.Dense(width, use_bias=False)(y)])
    x = layers.RMSNormalization()(x)
    return keras.Model(ids, layers.Dense(vocabulary, use_bias=False)(x))
