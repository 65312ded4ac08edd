"""The `tf` convention against TensorFlow's own registry of statistics, for the whole zoo and for six networks.

The model is traced at batch 1, and what TensorFlow registers for each node of the trace is summed up, the nodes inside
functions too, into which its profiler does not look. Where the sums part, the reason has a name and a formula below.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from tests.rules.zoo import LAYERS, ZOO, Case, Sample, analyzed, built, cases

tf = pytest.importorskip("tensorflow")
tf_ops = pytest.importorskip("tensorflow.python.framework.ops")

CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
LOOPS = {"While", "StatelessWhile"}


def nodes(graph: Any) -> Iterator[tuple[Any, Any]]:
    """Each node of a trace with the graph that it stands in; for a call of a function the nodes of its body."""
    for operation in graph.get_operations():
        if operation.type in CALLS:
            yield from nodes(graph._get_function(operation.get_attr("f").name).graph)
        else:
            yield graph, operation.node_def


def bodies(graph: Any) -> list[Any]:
    """The graphs of one turn of each loop."""
    loops = [operation for operation in graph.get_operations() if operation.type in LOOPS]
    return [graph._get_function(loop.get_attr("body").name).graph for loop in loops]


def trace(model: keras.Model) -> Any:
    """The graph of the model's call on one sample."""
    signature = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    traced = tf.function(
        lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0], training=False), autograph=False
    )
    return traced.get_concrete_function(*signature).graph


def registered(whole: Any) -> Counter[str]:
    """FLOPs that TensorFlow registers, by type of node; nothing for loops."""
    counts: Counter[str] = Counter()
    for graph, node in nodes(whole):
        counts[node.op] += int(tf_ops.get_stats_for_node_def(graph, node, "flops").value or 0)
    return +counts


# Where TensorFlow's registry says something else than the operation's definition, and how much


class Term(NamedTuple):
    """What TensorFlow registers more (or less) than the `tf` convention, and why."""

    excess: Callable[[Sample], int]
    reason: str


def spatial(sample: Sample) -> tuple[int, ...]:
    shape = sample.inputs[0]
    return shape[1:] if sample.arguments.get("data_format") == "channels_first" else shape[:-1]  # type: ignore[return-value]


def channels(sample: Sample) -> int:
    return sample.inputs[0][0 if sample.arguments.get("data_format") == "channels_first" else -1] or 0


def elements(sample: Sample) -> int:
    return prod(size or 0 for size in sample.inputs[0])


def each_axis(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def space_to_batch(sample: Sample) -> int:
    """Products over the grid that a dilated convolution is rearranged to, less those that it needs.

    Each axis, padded for the whole window, is rounded up to a multiple of the dilation and cut into as many phases,
    each of which is convolved without holes and without a stride.
    """
    arguments, sizes = sample.arguments, spatial(sample)
    rank = len(sizes)
    k: int = arguments["kernel_size"]
    d: int = arguments["dilation_rate"]
    padded = [size + (k - 1) * d * (arguments.get("padding", "valid") != "valid") for size in sizes]
    grid = prod(d * (-(-size // d) - k + 1) for size in padded)
    stride: int = arguments.get("strides", 1)
    if arguments.get("padding", "valid") == "valid":
        needed = prod((size - (k - 1) * d - 1) // stride + 1 for size in sizes)
    else:
        needed = prod(-(-size // stride) for size in sizes)
    excess: int = 2 * (grid - needed) * prod([k] * rank)
    return excess


def dense_dilation(sample: Sample) -> int:
    products: int = channels(sample) * sample.arguments["filters"] // sample.arguments.get("groups", 1)
    return space_to_batch(sample) * products


def depthwise_dilation(sample: Sample) -> int:
    multiplier: int = sample.arguments.get("depth_multiplier", 1)
    return space_to_batch(sample) * channels(sample) * multiplier


def from_outputs(sample: Sample) -> int:
    """`output positions / strides * kernel` products in place of `input positions * kernel`."""
    arguments, sizes = sample.arguments, spatial(sample)
    rank = len(sizes)
    k: int = arguments["kernel_size"]
    s: int = arguments.get("strides", 1)
    products: int = prod([k] * rank) * channels(sample) * arguments["filters"]
    outputs = prod((size - 1) * s + max(k, s) for size in sizes)
    return 2 * (outputs * products // prod([s] * rank) - prod(sizes) * products)


def no_products(sample: Sample) -> int:
    taps = prod(each_axis(sample.arguments["kernel_size"], len(spatial(sample))))
    filters: int = sample.arguments["filters"]
    return -2 * prod(spatial(sample)) * taps * channels(sample) * filters


def einsums_of_heads(sample: Sample) -> int:
    """The products of queries with keys and of scores with values."""
    (queries, _), (keys, _) = sample.inputs[:2]
    heads: int = sample.arguments.get("num_heads") or sample.arguments["num_query_heads"]
    size: int = sample.arguments.get("key_dim") or sample.arguments["head_dim"]
    return -2 * heads * (queries or 0) * (keys or 0) * (size + sample.arguments.get("value_dim", size))


def einsums_of_operation(sample: Sample) -> int:
    (queries, heads, size), (keys, _, _) = sample.inputs[:2]  # type: ignore[misc]
    return -4 * (heads or 0) * (queries or 0) * (keys or 0) * (size or 0)


def einsums_along(*axes: int) -> Callable[[Sample], int]:
    """Nothing is registered for the six contractions of a map; and the queries are scaled, not the scores."""

    def excess(sample: Sample) -> int:
        heads, size = sample.arguments["num_heads"], sample.arguments["key_dim"]
        positions, length = prod(spatial(sample)), prod(sample.inputs[0][axis - 1] or 0 for axis in axes)
        projections = 4 * positions * channels(sample) * heads * size
        scores = positions * length * heads
        return -2 * (projections + 2 * scores * size) + positions * heads * size - scores

    return excess


def pairs(sample: Sample) -> int:
    """Pairs of a query and a key."""
    return (sample.inputs[0][0] or 0) * (sample.inputs[1][0] or 0)


GRID = "TensorFlow rearranges a dilated convolution to a grid without holes, of more positions than the output has"
CROPPED = "the registry divides the output positions, those of the rim too, by the strides"
VOLUMES = "Conv3DBackpropInputV2 has no statistics"
TILE = "the repeats of a Tile are multiplied by the shape"
EINSUM = "an Einsum that TensorFlow does not turn into a matrix product has no statistics"
REPEATED = f"{EINSUM}; the repeats of keys and of values are multiplied by the shape"
ROOT = f"{EINSUM}; 1 is divided by the root of the size"
INDICES = "each index is compared with 0, and the size of the axis added to it"
BAND = "the places on one side of a diagonal are computed in 4 steps"
CAUSAL = "the causal mask is a comparison of places"

DILATED = ("dilated", "dilated_same")
EXPLAINED: dict[tuple[Any, str], Term] = {
    **{
        (layer, name): Term(dense_dilation, GRID)
        for layer in (layers.Conv1D, layers.Conv2D, layers.Conv3D)
        for name in DILATED
    },
    (layers.Conv1D, "causal_dilated"): Term(dense_dilation, GRID),
    (layers.Conv2D, "grouped_dilated"): Term(dense_dilation, GRID),
    **{
        (layer, name): Term(depthwise_dilation, GRID)
        for layer in (layers.DepthwiseConv1D, layers.DepthwiseConv2D, layers.SeparableConv1D, layers.SeparableConv2D)
        for name in DILATED
    },
    (layers.DepthwiseConv2D, "dilated_strided"): Term(depthwise_dilation, GRID),
    (layers.DepthwiseConv2D, "dilated_strided_same"): Term(
        lambda sample: depthwise_dilation(sample) + 16, f"{GRID}; its padding is computed in 16 steps"
    ),
    **{
        (layer, name): Term(from_outputs, CROPPED)
        for layer in (layers.Conv1DTranspose, layers.Conv2DTranspose)
        for name in ("valid", "strided")
    },
    **{(layers.Conv3DTranspose, name): Term(no_products, VOLUMES) for name in LAYERS[layers.Conv3DTranspose]},
    (layers.UpSampling1D, "double"): Term(lambda _: 1, TILE),
    (layers.UpSampling2D, "nearest"): Term(lambda _: 2, TILE),
    (layers.UpSampling2D, "columns"): Term(lambda _: 2, TILE),
    (layers.UpSampling3D, "double"): Term(lambda _: 3, TILE),
    (layers.RepeatVector, "vector"): Term(lambda _: 1, TILE),
    (layers.TimeDistributed, "enlarged"): Term(lambda sample: 2 * (sample.inputs[0][0] or 0), f"{TILE}, in each frame"),
    (layers.EinsumDense, "ellipsis"): Term(
        lambda sample: -2 * elements(sample) * sample.arguments["output_shape"], EINSUM
    ),
    **{
        (layers.MultiHeadAttention, name): Term(einsums_of_heads, EINSUM)
        for name in LAYERS[layers.MultiHeadAttention]
        if name not in ("scores", "map", "rows", "columns")
    },
    (layers.MultiHeadAttention, "scores"): Term(
        lambda _: 2 * (5 * 3 - 5 * 7),
        "the queries are scaled, 5 of 3 values in 2 heads, and not the scores, 5 by 7",
    ),
    (layers.MultiHeadAttention, "map"): Term(einsums_along(1, 2), EINSUM),
    (layers.MultiHeadAttention, "rows"): Term(einsums_along(1), EINSUM),
    (layers.MultiHeadAttention, "columns"): Term(einsums_along(2), EINSUM),
    **{
        (layers.GroupQueryAttention, name): Term(lambda sample: einsums_of_heads(sample) + 2, REPEATED)
        for name in LAYERS[layers.GroupQueryAttention]
    },
    (layers.Attention, "causal"): Term(pairs, CAUSAL),
    (layers.AdditiveAttention, "causal"): Term(pairs, CAUSAL),
    (layers.AdditiveAttention, "bare"): Term(
        lambda sample: pairs(sample) * channels(sample), "without a scale all values are multiplied by 1"
    ),
    **{
        (ops.dot_product_attention, name): Term(lambda sample: einsums_of_operation(sample) + 1, ROOT)
        for name in ZOO[ops.dot_product_attention]
    },
    (ops.einsum, "pairs"): Term(lambda _: -2 * 5 * 3 * 10, EINSUM),
    (ops.einsum, "ellipsis"): Term(lambda _: -2 * 2 * 5 * 3 * 10, EINSUM),
    **{
        (ops.inner, name): Term(
            lambda _, products=products: 2 - 2 * products,  # type: ignore[misc]
            "whether a factor is a scalar is asked when it runs, and the branches have no statistics",
        )
        for name, products in {"dense": 10 * 7, "vector": 5 * 10}.items()
    },
    (ops.split, "places"): Term(lambda _: 2, "sizes are the differences of places"),
    (ops.repeat, "rows"): Term(lambda _: 1, TILE),
    (ops.take, "rows"): Term(lambda sample: 2 * sample.arguments["indices"].size, INDICES),
    (ops.take_along_axis, "rows"): Term(lambda sample: 2 * sample.arguments["indices"].size, INDICES),
    (ops.triu, "above"): Term(lambda sample: 4 * elements(sample), BAND),
    (ops.tril, "below"): Term(lambda sample: 4 * elements(sample), BAND),
    (layers.Embedding, "tokens"): Term(lambda sample: 2 * elements(sample), INDICES),
    (layers.ActivityRegularization, "map"): Term(
        lambda sample: 2 * elements(sample) + 1, "the penalty is computed at each call, also where nothing is trained"
    ),
}

UNTRACEABLE: dict[tuple[Any, str], str] = {
    (layers.Conv2DTranspose, "channels_first"): "Only NHWC format is supported in flops computations",
    # Defects of Keras 3.15: symbolically these are built, and they cannot run.
    (layers.AdaptiveMaxPooling2D, "one"): "Negative dimension size caused by subtracting 10 from 9",
    (layers.AdaptiveAveragePooling2D, "one"): "Negative dimension size caused by subtracting 10 from 9",
    (ops.conv_transpose, "line"): "'NoneType' object has no attribute 'lower'",
    (ops.conv_transpose, "map"): "'NoneType' object has no attribute 'lower'",
}
"""What TensorFlow cannot tell, by what it says."""


LOOPED = (
    layers.SimpleRNN, layers.LSTM, layers.GRU, layers.RNN, layers.Bidirectional,
    layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D,
)  # fmt: skip
"""Layers whose steps are a loop, of which the registry sees one turn."""

RECURRENCES = [case for case in cases(ZOO) if case.target in LOOPED]
TRACEABLE = [case for case in cases(ZOO) if case not in UNTRACEABLE and case.target not in LOOPED]


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
@pytest.mark.parametrize("case", TRACEABLE, ids=str)
def test_tf_convention_is_what_tensorflow_registers(case: Case) -> None:
    by_node = registered(trace(built(case)))
    term = EXPLAINED.get((case.target, case.name))
    excess = term.excess(case.sample) if term else 0
    ours = analyzed(case).with_convention("tf").totals.flops
    assert ours + excess == by_node.total(), dict(by_node)


@pytest.mark.parametrize("case", RECURRENCES, ids=str)
def test_steps_of_a_recurrence_are_what_tensorflow_registers_for_its_loop(case: Case) -> None:
    """A turn of the loop is a step and adds 1 to two counters.

    Keras also runs one step before the loop, for the shapes of what it returns, and does nothing with it; two steps
    where the cells are stacked.
    """
    whole = trace(built(case))
    step = sum(registered(body).total() - 2 for body in bodies(whole))
    thrown_away = 2 if case.target is layers.RNN and case.name in ("list", "stacked") else 1
    behind = registered(whole).total() - thrown_away * step
    steps = case.sample.inputs[0][0] or 0
    ours = analyzed(case).with_convention("tf").totals.flops
    assert ours == steps * (step - excess_of_a_step(case)) + behind


def excess_of_a_step(case: Case) -> int:
    """The grid of a dilated convolution of one frame, to four values for each filter."""
    if "dilation_rate" not in case.sample.arguments:
        return 0
    frame = Sample((case.sample.inputs[0][1:],), case.sample.arguments)
    return 4 * dense_dilation(frame)


@pytest.mark.parametrize(("target", "name"), EXPLAINED, ids=lambda part: getattr(part, "__name__", part))
def test_every_explained_difference_is_one(target: Any, name: str) -> None:
    assert EXPLAINED[target, name].excess(Case(target, name).sample) != 0


@pytest.mark.parametrize("case", [Case(*key) for key in UNTRACEABLE], ids=str)
def test_what_tensorflow_cannot_tell(case: Case) -> None:
    with pytest.raises((ValueError, AttributeError), match=re.escape(UNTRACEABLE[case.target, case.name])):
        registered(trace(built(case)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["ResNet50", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "DenseNet121", "InceptionV3"]
)
def test_network_is_what_tensorflow_registers(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None)
    by_node = registered(trace(model))
    assert cnnstats.analyze(model, convention="tf").totals.flops == by_node.total(), dict(by_node)
