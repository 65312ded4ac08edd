"""Models of mixed precision, quantised and adapted ones: parameters, state, bytes, products by type, and their work."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import layers
from keras.quantizers import AbsMaxQuantizer, AWQConfig, GPTQConfig, Int4QuantizationConfig, Int8QuantizationConfig

import keras_cnnstats as cnnstats

BACKEND = keras.backend.backend()


def chain(shape: tuple[int, ...], *stack: layers.Layer, dtype: str = "float32") -> keras.Model:
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def dense(shape: tuple[int, ...] = (5,), units: int = 7, **arguments: Any) -> keras.Model:
    return chain(shape, layers.Dense(units, **arguments))


def einsum() -> keras.Model:
    return chain((3, 6), layers.EinsumDense("abc,cde->abde", (3, 4, 5), bias_axes="de"))


def back() -> keras.Model:
    """The heads brought together again: two axes are summed over."""
    return chain((3, 4, 5), layers.EinsumDense("abde,dec->abc", (3, 7), bias_axes="c"))


def tokens() -> keras.Model:
    return chain((5,), layers.Embedding(11, 6), dtype="int32")


def convolution() -> keras.Model:
    return chain((6, 6, 3), layers.Conv2D(4, 3))


WEIGHTS_ALONE = Int8QuantizationConfig(activation_quantizer=None)
BLOCKS = Int4QuantizationConfig(block_size=4)
ONE_SCALE = Int4QuantizationConfig(block_size=None)


def both() -> Int4QuantizationConfig:
    """Inputs of 8 bits, weights of 4."""
    return Int4QuantizationConfig(activation_quantizer=AbsMaxQuantizer(axis=-1), block_size=None)


def quantised(model: keras.Model, mode: str | None = None, config: Any = None, rank: int = 0, alpha: int = 0) -> Any:
    """The model with its last layer quantised, then adapted."""
    layer = model.layers[-1]
    if mode or config:
        layer.quantize(mode, config=config)
    if rank:
        layer.enable_lora(rank, lora_alpha=alpha or None)
    return model


def calibrated(model: keras.Model, config: Any) -> keras.Model:
    """The model with its last layer as calibration leaves it; the values do not matter here."""
    layer = model.layers[-1]
    layer.quantize(config.mode, config=config)
    setattr(layer, f"is_{config.mode}_calibrated", True)
    del layer._kernel
    return model


GPTQ = GPTQConfig(dataset=None, tokenizer=None, group_size=4)
GPTQ_8 = GPTQConfig(dataset=None, tokenizer=None, group_size=4, weight_bits=8)
AWQ = AWQConfig(dataset=None, tokenizer=None, group_size=4)


# Parameters: what the layer has without being quantised; apart from them what its quantiser keeps; what is stored


class Held(NamedTuple):
    params: int
    trainable: int
    state: int
    stored: dict[str, int]


# A dense layer from 5 to 7: 35 + 7 parameters. A row of 7 weights is packed in 4 bytes.
# Blocks of 4 make 2 groups of 5 rows: 14 scales, 14 zero points of a byte, 5 numbers of groups.
# float8: three scales and three histories of 1024.
HELD = {
    "plain": (lambda: dense(), Held(42, 42, 0, {"float32": 168})),
    "int8": (lambda: quantised(dense(), "int8"), Held(42, 7, 7, {"float32": 28 + 28, "int8": 35})),
    "int4, one scale": (
        lambda: quantised(dense(), config=ONE_SCALE),
        Held(42, 7, 7, {"float32": 28 + 28, "int8": 20}),
    ),
    "int4, blocks": (
        lambda: quantised(dense(), config=BLOCKS),
        Held(42, 7, 33, {"float32": 28 + 56 + 20, "int8": 20 + 14}),
    ),
    "float8": (lambda: quantised(dense(), "float8"), Held(42, 42, 3 * 1025, {"float32": 4 * (42 + 3 * 1025)})),
    "gptq": (lambda: calibrated(dense(), GPTQ), Held(42, 7, 33, {"float32": 28 + 56 + 20, "uint8": 20 + 14})),
    "gptq, 8 bits": (lambda: calibrated(dense(), GPTQ_8), Held(42, 7, 33, {"float32": 104, "uint8": 35 + 14})),
    "awq": (lambda: calibrated(dense(), AWQ), Held(42, 7, 38, {"float32": 104 + 20, "uint8": 34})),
    "low rank": (lambda: quantised(dense(), rank=2), Held(42 + 24, 7 + 24, 0, {"float32": 4 * 66})),
    "low rank, int8": (
        lambda: quantised(dense(), "int8", rank=2),
        Held(42 + 24, 7 + 24, 7, {"float32": 4 * (7 + 24 + 7), "int8": 35}),
    ),
    "heads, int4": (
        lambda: quantised(einsum(), config=ONE_SCALE),
        Held(140, 20, 20, {"float32": 160, "int8": 60}),
    ),
    "embedding": (lambda: tokens(), Held(66, 66, 0, {"float32": 264})),
    "embedding, int8": (lambda: quantised(tokens(), "int8"), Held(66, 0, 11, {"float32": 44, "int8": 66})),
    "embedding, int4": (
        lambda: quantised(tokens(), config=BLOCKS),
        Held(66, 0, 22 + 22 + 6, {"float32": 88 + 24, "int8": 33 + 22}),
    ),
}


@pytest.mark.parametrize(("make", "held"), HELD.values(), ids=HELD)
def test_parameters_are_logical_and_state_is_apart(make: Callable[[], keras.Model], held: Held) -> None:
    report = cnnstats.analyze(make())
    row = report.rows[-1]
    assert Held(row.params, row.trainable_params, row.quantizer_params, dict(row.stored)) == held
    assert (report.totals.params, report.totals.quantizer_params) == (held.params, held.state)
    assert dict(report.totals.stored) == held.stored
    assert row.param_bytes == sum(held.stored.values())


@pytest.mark.parametrize("make", [make for make, _ in HELD.values()], ids=HELD)
def test_bytes_are_those_of_the_variables(make: Callable[[], keras.Model]) -> None:
    model = make()
    nbytes = sum(keras.ops.convert_to_numpy(weight.value).nbytes for weight in model.weights)
    assert cnnstats.analyze(model).totals.param_bytes == nbytes


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_the_parameters_of_a_dense_layer_stay(mode: str) -> None:
    model = dense((64,), 32)
    assert cnnstats.analyze(model).totals.params == 2080
    assert cnnstats.analyze(quantised(model, mode)).totals.params == 2080


def test_before_calibration_the_layer_computes_with_its_kernel() -> None:
    model = dense()
    model.layers[-1].quantize("gptq", config=GPTQ)
    row = cnnstats.analyze(model).rows[-1]
    assert (row.params, row.macs_by_type) == (42, {"float32": 35})
    # What calibration will fill: the packed weights too.
    assert row.quantizer_params == 20 + 33


# What products are products of

TYPES = {
    "plain": (lambda: dense(), {"float32": 35}),
    "float16": (lambda: dense(dtype="mixed_float16"), {"float16": 35}),
    "bfloat16": (lambda: dense(dtype="mixed_bfloat16"), {"bfloat16": 35}),
    "int8": (lambda: quantised(dense(), "int8"), {"int8": 35}),
    "int8 weights": (lambda: quantised(dense(), config=WEIGHTS_ALONE), {"float32 x int8": 35}),
    "int8 weights, bfloat16": (
        lambda: quantised(dense(dtype="mixed_bfloat16"), config=WEIGHTS_ALONE),
        {"bfloat16 x int8": 35},
    ),
    "int4, float16": (lambda: quantised(dense(dtype="mixed_float16"), "int4"), {"float16 x int4": 35}),
    "int4, int8 inputs": (lambda: quantised(dense(), config=both()), {"int8 x int4": 35}),
    "float8": (lambda: quantised(dense(), "float8"), {"float8_e4m3fn": 35}),
    "gptq": (lambda: calibrated(dense(), GPTQ), {"float32 x int4": 35}),
    "gptq, 8 bits": (lambda: calibrated(dense(), GPTQ_8), {"float32 x int8": 35}),
    "awq": (lambda: calibrated(dense(), AWQ), {"float32 x int4": 35}),
    "low rank": (lambda: quantised(dense(), rank=2), {"float32": 35 + 5 * 2 * 7}),
    "low rank, int8": (lambda: quantised(dense(), "int8", rank=2), {"int8": 35, "float32": 5 * 2 + 2 * 7}),
    "low rank, heads": (
        lambda: quantised(einsum(), "int8", rank=2),
        {"int8": 360, "float32": 3 * (6 * 4 * 2 + 4 * 2 * 5)},
    ),
    "low rank, convolution": (lambda: quantised(convolution(), rank=2), {"float32": 16 * 27 * 4 + 27 * 2 * 4}),
    "low rank, table": (lambda: quantised(tokens(), rank=2), {"float32": 11 * 2 * 6}),
    "low rank, int8 table": (lambda: quantised(tokens(), "int8", rank=2), {"float32": 5 * 2 * 6}),
    "no products": (lambda: tokens(), {}),
}


@pytest.mark.parametrize(("make", "expected"), TYPES.values(), ids=TYPES)
def test_macs_by_type(make: Callable[[], keras.Model], expected: dict[str, int]) -> None:
    report = cnnstats.analyze(make())
    assert report.rows[-1].macs_by_type == report.totals.macs_by_type == expected
    assert report.totals.macs == sum(expected.values())


def test_each_layer_multiplies_in_its_own_dtype() -> None:
    model = chain(
        (8, 8, 3),
        layers.Conv2D(4, 3, dtype="mixed_float16"),
        layers.Flatten(dtype="mixed_float16"),
        layers.Dense(5, dtype="float32"),
        layers.Dense(2, dtype="bfloat16"),
    )
    report = cnnstats.analyze(model)
    assert report.totals.macs_by_type == {"float16": 36 * 27 * 4, "float32": 144 * 5, "bfloat16": 10}


def test_operations_multiply_in_the_dtype_of_their_result() -> None:
    x = keras.Input((4, 6), dtype="float16")
    y = keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1)))
    assert cnnstats.analyze(keras.Model(x, y)).totals.macs_by_type == {"float16": 4 * 4 * 6}
    a, b = keras.Input((4, 6), dtype="int8"), keras.Input((6, 4), dtype="int8")
    report = cnnstats.analyze(keras.Model([a, b], keras.ops.matmul(a, b)))
    assert report.totals.macs_by_type == {"int8": 4 * 4 * 6}


def test_a_kernel_is_adapted_once_a_call_and_not_once_a_sample() -> None:
    model = quantised(dense(), rank=2)
    assert [cnnstats.analyze(model, batch_size=n).totals.macs for n in (1, 10)] == [35 + 70, 350 + 70]


def test_the_weights_of_unknown_work_have_no_type() -> None:
    class Own(keras.quantizers.Quantizer):
        def __call__(self, x: Any, **_: Any) -> Any:
            return x, 1.0

        def get_config(self) -> dict[str, Any]:
            return {}

    model = quantised(dense(), config=Int8QuantizationConfig(activation_quantizer=Own()))
    row = cnnstats.analyze(model).rows[-1]
    assert row.macs is row.macs_by_type is None
    assert row.note == "no cost is known for the quantizer `Own` of its inputs"


# The work of the definition, counted one step after the other


class Tally:
    """Counts the steps of loops."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self, times: int = 1) -> None:
        self.steps += times

    def product_of_sums(self, inputs: int, outputs: int) -> None:
        """Each output: the first product, and for each further one a product and a sum."""
        for _ in range(outputs):
            for place in range(inputs):
                self.step(1 if place == 0 else 2)

    def quantised(self, values: int) -> None:
        """clip(round(x * (127 / (max(abs(x)) + epsilon))))"""
        for place in range(values):
            self.step()  # abs
            self.step(place > 0)  # compared with the largest before
        self.step(2)  # + epsilon, 127 /
        for _ in range(values):
            self.step(4)  # *, round, two limits

    def each(self, values: int, steps: int) -> None:
        for _ in range(values):
            self.step(steps)


def int8(tally: Tally, positions: int) -> None:
    for _ in range(positions):
        tally.quantised(5)
        tally.product_of_sums(5, 7)
        tally.each(7, 2 + 1)  # * of the two scales, /, bias


def weights_alone(tally: Tally, positions: int) -> None:
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1 + 1)  # / by the scale, bias


def blocks(tally: Tally, positions: int) -> None:
    tally.each(35, 2)  # (w - zero) * scale
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def awq(tally: Tally, positions: int) -> None:
    tally.each(35, 1)  # / by the scale of the channel
    blocks(tally, positions)


def float8(tally: Tally, positions: int) -> None:
    tally.each(35, 4)  # /, two limits, *
    for _ in range(positions):
        tally.each(5, 4)
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def low_rank(tally: Tally, positions: int) -> None:
    tally.product_of_sums(2, 35)
    tally.each(35, 2)  # * of alpha / rank, +
    for _ in range(positions):
        tally.product_of_sums(5, 7)
        tally.each(7, 1)


def low_rank_int8(tally: Tally, positions: int) -> None:
    int8(tally, positions)
    for _ in range(positions):
        tally.product_of_sums(5, 2)
        tally.product_of_sums(2, 7)
        tally.each(7, 2)


DEFINED = {
    "int8": (lambda m: quantised(m, "int8"), int8),
    "int8 weights": (lambda m: quantised(m, config=WEIGHTS_ALONE), weights_alone),
    "int4, int8 inputs": (lambda m: quantised(m, config=both()), int8),
    "int4, one scale": (lambda m: quantised(m, config=ONE_SCALE), weights_alone),
    "int4, blocks": (lambda m: quantised(m, config=BLOCKS), blocks),
    "gptq": (lambda m: calibrated(m, GPTQ), blocks),
    "awq": (lambda m: calibrated(m, AWQ), awq),
    "float8": (lambda m: quantised(m, "float8"), float8),
    "low rank": (lambda m: quantised(m, rank=2), low_rank),
    "low rank, int8": (lambda m: quantised(m, "int8", rank=2), low_rank_int8),
}


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("positions", [1, 4])
@pytest.mark.parametrize(("adapt", "steps"), DEFINED.values(), ids=DEFINED)
def test_the_definition_step_by_step(
    adapt: Callable[[keras.Model], keras.Model], steps: Callable[[Tally, int], None], positions: int, batch_size: int
) -> None:
    tally = Tally()
    steps(tally, positions * batch_size)
    shape = (5,) if positions == 1 else (positions, 5)
    assert cnnstats.analyze(adapt(dense(shape)), batch_size=batch_size).totals.flops == tally.steps


# The work that TensorFlow's registry and XLA count

COUNTED: dict[str, Callable[[], keras.Model]] = {
    f"{name}, {how}": lambda make=make, adapt=adapt: adapt(make())
    for name, make in {
        "dense": dense,
        "positions": lambda: dense((3, 10), 14),
        "heads": einsum,
        "heads back": back,
    }.items()
    for how, adapt in {
        "int8": lambda m: quantised(m, "int8"),
        "int8 weights": lambda m: quantised(m, config=WEIGHTS_ALONE),
        "int4": lambda m: quantised(m, "int4"),
        "int4, one scale": lambda m: quantised(m, config=ONE_SCALE),
        "int4, int8 inputs": lambda m: quantised(m, config=both()),
        "int4, blocks": lambda m: quantised(m, config=BLOCKS),
        "float8": lambda m: quantised(m, "float8"),
        "gptq": lambda m: calibrated(m, GPTQ),
        "gptq, 8 bits": lambda m: calibrated(m, GPTQ_8),
        "awq": lambda m: calibrated(m, AWQ),
        "low rank": lambda m: quantised(m, rank=2),
        "low rank, scaled": lambda m: quantised(m, rank=2, alpha=8),
        "low rank, int8": lambda m: quantised(m, "int8", rank=2),
        "low rank, int8, scaled": lambda m: quantised(m, "int8", rank=2, alpha=8),
        "low rank, int4": lambda m: quantised(m, "int4", rank=2),
    }.items()
} | {"convolution, low rank": lambda: quantised(convolution(), rank=2)}

TABLES: dict[str, Callable[[], keras.Model]] = {
    how: lambda adapt=adapt: adapt(tokens())
    for how, adapt in {
        "plain": lambda m: m,
        "int8": lambda m: quantised(m, "int8"),
        "int4": lambda m: quantised(m, "int4"),
        "int4, one scale": lambda m: quantised(m, config=ONE_SCALE),
        "int4, blocks": lambda m: quantised(m, config=BLOCKS),
        "low rank": lambda m: quantised(m, rank=2),
        "low rank, int8": lambda m: quantised(m, "int8", rank=2),
        "low rank, int4": lambda m: quantised(m, "int4", rank=2),
    }.items()
}


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


@pytest.mark.skipif(BACKEND not in MEASURES, reason="PyTorch counts no arithmetic")
@pytest.mark.parametrize("name", [*COUNTED, *REVERSED])
def test_the_other_counters_count_the_same(name: str) -> None:
    model = (COUNTED | REVERSED)[name]()
    convention, measure = MEASURES[BACKEND]
    assert cnnstats.analyze(model, convention=convention).totals.flops == measure(model)


@pytest.mark.skipif(BACKEND not in MEASURES, reason="PyTorch counts no arithmetic")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_takes_as_much_more_as_the_other_counters_say(name: str) -> None:
    convention, measure = MEASURES[BACKEND]
    model, plain = TABLES[name](), tokens()
    assert cnnstats.analyze(model, convention=convention).totals.flops == measure(model) - measure(plain)


# Mixed precision: activations in the dtype that is computed in, weights in that of the variables

POLICIES = [("mixed_float16", 4, 2), ("mixed_bfloat16", 4, 2), ("bfloat16", 2, 2), ("float32", 4, 4)]
NO_FLOAT64 = pytest.mark.skipif(BACKEND == "jax", reason="JAX has float64 only where it is switched on")


@pytest.mark.parametrize(
    ("policy", "weight", "activation"), [*POLICIES, pytest.param("float64", 8, 8, marks=NO_FLOAT64)]
)
def test_bytes_go_by_what_is_stored_and_what_is_computed(policy: str, weight: int, activation: int) -> None:
    model = chain((8, 8, 3), layers.Conv2D(4, 3, dtype=policy), layers.BatchNormalization(dtype=policy))
    report = cnnstats.analyze(model)
    assert report.totals.param_bytes == weight * report.totals.params == weight * (112 + 16)
    assert [row.activation_bytes for row in report] == [activation * 6 * 6 * 4] * 2


def test_without_autocast_the_inputs_stay_what_they_are() -> None:
    row = cnnstats.analyze(chain((5,), layers.Dense(7, autocast=False))).rows[0]
    assert (row.macs_by_type, row.activation_bytes, row.param_bytes) == ({"float32": 35}, 28, 168)


# Whole models


def network() -> keras.Model:
    """A convolution, then attention over its positions, an embedding beside them, and dense layers."""
    image, words = keras.Input((8, 8, 3)), keras.Input((6,), dtype="int32")
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 2, strides=2)(image))
    y = layers.Embedding(20, 8)(words)
    x = layers.MultiHeadAttention(2, 4)(x, y)
    x = layers.TimeDistributed(layers.Dense(8, activation="relu"))(x)
    x = layers.GroupQueryAttention(4, 4, 2)(x, x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model([image, words], layers.Dense(3)(x))


SKIPPED = "ignore:(Layer .* does not have a `quantize` method|Invalid quantization mode):UserWarning"
"""Keras warns of each layer that it leaves as it is."""

MODES = {"int8": "int8", "int4": "float32 x int4", "float8": "float8_e4m3fn"}


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("mode", MODES)
def test_a_quantised_network_keeps_its_parameters_and_products(mode: str) -> None:
    model = network()
    before = cnnstats.analyze(model).totals
    model.quantize(mode)
    report = cnnstats.analyze(model, strict=True)
    assert (report.totals.params, report.totals.macs) == (before.params, before.macs)
    assert sum(report.totals.macs_by_type.values()) == report.totals.macs
    assert report.totals.quantizer_params > 0
    assert [each.code for each in report.disagreements if not each.explained] == []
    assert MODES[mode] in report.totals.macs_by_type


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_an_adapted_network_has_its_thin_matrices_beside(mode: str | None) -> None:
    model = network()
    before = cnnstats.analyze(model).totals
    if mode:
        model.quantize(mode)
    adapted = [layer for layer in model._flatten_layers() if hasattr(layer, "enable_lora")]
    for layer in adapted:
        layer.enable_lora(4)
    report = cnnstats.analyze(model, strict=True)
    thin = [weight for layer in adapted for weight in layer.weights if weight.name.startswith("lora")]
    assert report.totals.params == before.params + sum(int(np.prod(weight.shape)) for weight in thin)
    assert report.totals.macs > before.macs
    assert [each.code for each in report.disagreements if not each.explained] == []
    assert "P7" in {each.code for each in report.disagreements}


class Block(layers.Layer):
    """Two dense layers and heads, as calibration wants them: a layer of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = layers.MultiHeadAttention(2, 8)
        self.wide, self.narrow = layers.Dense(24, activation="relu"), layers.Dense(16)

    def call(self, x: Any) -> Any:
        return self.narrow(self.wide(x + self.heads(x, x)))


@pytest.mark.filterwarnings(SKIPPED)
@pytest.mark.parametrize("config", [GPTQConfig, AWQConfig])
def test_a_calibrated_network(config: Any) -> None:
    words = keras.Input((6,), dtype="int32")
    table, block = layers.Embedding(20, 16), Block()
    model = keras.Model(words, layers.Dense(3)(layers.GlobalAveragePooling1D()(block(table(words)))))
    before = cnnstats.analyze(model).totals
    model.quantize(
        config=config(
            dataset=[np.arange(6, dtype="int32")[None] % 20],
            tokenizer=lambda x: x,
            num_samples=1,
            sequence_length=6,
            group_size=8,
            quantization_layer_structure={"pre_block_layers": [table], "sequential_blocks": [block]},
        )
    )
    report = cnnstats.analyze(model, strict=True)
    assert (report.totals.params, report.totals.macs) == (before.params, before.macs)
    # Heads, a wide and a narrow layer; the embedding and the last layer stay.
    assert report.totals.macs_by_type["float32 x int4"] == 6 * (4 * 16 * 16 + 16 * 24 + 24 * 16)
    assert [each.code for each in report.disagreements if not each.explained] == []


# What is printed and stored


def test_types_are_printed_where_they_are_not_the_models_own() -> None:
    assert "int8 MACs" not in str(cnnstats.analyze(dense()))
    model = chain((5,), layers.Dense(7), layers.Dense(3))
    model.layers[0].quantize("int8")
    text = str(cnnstats.analyze(model))
    assert "int8 MACs" in text
    assert "float32 MACs" in text
    assert "Quantiser state" in text


@pytest.mark.parametrize("make", [make for make, _ in HELD.values()], ids=HELD)
def test_it_survives_json(make: Callable[[], keras.Model]) -> None:
    report = cnnstats.analyze(make())
    again = cnnstats.Report.from_json(report.to_json())
    assert again == report
    assert again.totals == report.totals


def test_state_has_a_column() -> None:
    frame = cnnstats.analyze(quantised(dense(), "int8")).to_dataframe()
    assert list(frame["quantizer_params"]) == [7]
    assert list(frame["params"]) == [42]
