"""Quantised and adapted layers against the work that TensorFlow's registry and XLA count."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.quantised import (
    ADAPTED,
    BLOCKS,
    WEIGHTS_ALONE,
    back,
    both,
    convolution,
    dense,
    einsum,
    quantised,
    tokens,
)

LAYERS: dict[str, Callable[[], keras.Model]] = {
    "dense": dense,
    "positions": lambda: dense((3, 10), 14),
    "heads": einsum,
    "heads back": back,
}

COUNTED: dict[str, Callable[[], keras.Model]] = {
    f"{name}, {way}": lambda make=make, adapt=adapt: adapt(make())
    for name, make in LAYERS.items()
    for way, adapt in ADAPTED.items()
    if way != "plain"
} | {"convolution, low rank": lambda: quantised(convolution(), rank=2)}

TABLES = (
    "plain", "int8", "int4", "int4, one scale", "int4, blocks", "low rank", "low rank, int8", "low rank, int4"
)  # fmt: skip
"""Those that an embedding knows."""


def reverse(tied: bool, mode: str | None = None, config: Any = None) -> keras.Model:
    table = layers.ReversibleEmbedding(11, 6, tie_weights=tied)
    table.build(None)
    if mode or config:
        table.quantize(mode, config=config)
    x = keras.Input((5, 6))
    return keras.Model(x, table(x, reverse=True))


REVERSED: dict[str, Callable[[], keras.Model]] = {
    f"{'tied' if tied else 'untied'}, {how}": lambda tied=tied, mode=mode, config=config: reverse(tied, mode, config)
    for tied in (True, False)
    for how, (mode, config) in {
        "plain": (None, None),
        "int8": ("int8", None),
        "int8 weights": (None, WEIGHTS_ALONE),
        "int4": ("int4", None),
        "int4, blocks": (None, BLOCKS),
        "int4, int8 inputs": (None, both()),
    }.items()
}


def registered(model: keras.Model) -> int:
    """FLOPs of a trace that TensorFlow's profiler registers."""
    import tensorflow as tf
    from tensorflow.python.framework.ops import get_stats_for_node_def

    signature = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    traced = tf.function(lambda x: model(x, training=False), autograph=False).get_concrete_function(*signature).graph

    def counted(graph: Any) -> int:
        total = 0
        for operation in graph.get_operations():
            if operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
                total += counted(graph._get_function(operation.get_attr("f").name).graph)
            else:
                total += int(get_stats_for_node_def(graph, operation.node_def, "flops").value or 0)
        return total

    return counted(traced)


def compiled(model: keras.Model) -> int:
    """FLOPs of a trace that XLA's cost analysis counts."""
    import jax

    def call(trained: Any, kept: Any, x: Any) -> Any:
        return model.stateless_call(trained, kept, x, training=False)[0]

    x = jax.ShapeDtypeStruct((1, *model.inputs[0].shape[1:]), model.inputs[0].dtype)
    weights = [[weight.value for weight in some] for some in (model.trainable_variables, model.non_trainable_variables)]
    return int(jax.jit(call).lower(*weights, x).cost_analysis()["flops"])


MEASURES = {"tensorflow": ("tf", registered), "jax": ("xla", compiled)}
pytestmark = pytest.mark.skipif(keras.backend.backend() not in MEASURES, reason="PyTorch counts no arithmetic")


@pytest.mark.parametrize("name", [*COUNTED, *REVERSED])
def test_the_other_counters_count_the_same(name: str) -> None:
    model = (COUNTED | REVERSED)[name]()
    convention, measure = MEASURES[keras.backend.backend()]
    assert cnnstats.analyze(model, convention=convention).totals.flops == measure(model)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_takes_as_much_more_as_the_other_counters_say(name: str) -> None:
    convention, measure = MEASURES[keras.backend.backend()]
    model, plain = ADAPTED[name](tokens()), tokens()
    assert cnnstats.analyze(model, convention=convention).totals.flops == measure(model) - measure(plain)
