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


def nodes(graph: Any) -> Iterator[tuple[Any, Any]]:
    """Each node of a trace with the graph that it stands in; for a call of a function the nodes of its body."""
    for operation in graph.get_operations():
        if operation.type in CALLS:
            yield from nodes(graph._get_function(operation.get_attr("f").name).graph)
        else:
            yield graph, operation.node_def


def registered(model: keras.Model) -> Counter[str]:
    """FLOPs that TensorFlow registers for one sample, by type of node."""
    signature = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    traced = tf.function(
        lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0], training=False), autograph=False
    )
    counts: Counter[str] = Counter()
    for graph, node in nodes(traced.get_concrete_function(*signature).graph):
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


GRID = "TensorFlow rearranges a dilated convolution to a grid without holes, of more positions than the output has"
CROPPED = "the registry divides the output positions, those of the rim too, by the strides"
VOLUMES = "Conv3DBackpropInputV2 has no statistics"
TILE = "the repeats of a Tile are multiplied by the shape"

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
    (layers.EinsumDense, "ellipsis"): Term(
        lambda sample: -2 * elements(sample) * sample.arguments["output_shape"],
        "an Einsum that TensorFlow does not turn into a matrix product has no statistics",
    ),
    (layers.Embedding, "tokens"): Term(
        lambda sample: 2 * elements(sample), "each index is compared with 0, and the number of rows added to it"
    ),
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


TRACEABLE = [case for case in cases(ZOO) if case not in UNTRACEABLE]


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
@pytest.mark.parametrize("case", TRACEABLE, ids=str)
def test_tf_convention_is_what_tensorflow_registers(case: Case) -> None:
    by_node = registered(built(case))
    term = EXPLAINED.get((case.target, case.name))
    excess = term.excess(case.sample) if term else 0
    ours = analyzed(case).with_convention("tf").totals.flops
    assert ours + excess == by_node.total(), dict(by_node)


@pytest.mark.parametrize(("target", "name"), EXPLAINED, ids=lambda part: getattr(part, "__name__", part))
def test_every_explained_difference_is_one(target: Any, name: str) -> None:
    assert EXPLAINED[target, name].excess(Case(target, name).sample) != 0


@pytest.mark.parametrize("case", [Case(*key) for key in UNTRACEABLE], ids=str)
def test_what_tensorflow_cannot_tell(case: Case) -> None:
    with pytest.raises((ValueError, AttributeError), match=re.escape(UNTRACEABLE[case.target, case.name])):
        registered(built(case))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["ResNet50", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "DenseNet121", "InceptionV3"]
)
def test_network_is_what_tensorflow_registers(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None)
    by_node = registered(model)
    assert cnnstats.analyze(model, convention="tf").totals.flops == by_node.total(), dict(by_node)
