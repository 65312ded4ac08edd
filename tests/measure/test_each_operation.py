"""What the backend counts of an operation by itself is what its rule counts."""

from typing import Any

import pytest
from keras import layers, ops

from tests.measure.raw import BACKEND
from tests.measure.works import measured_work, ruled_work

EACH = (
    "abs ceil cos elu erf exp expm1 floor hard_sigmoid leaky_relu log log1p log_softmax negative reciprocal relu relu6 "
    "round rsqrt sigmoid sign sin softmax softsign sqrt square tan tanh max mean min prod sum"
)
MAPS: dict[str, Any] = {
    **{name: getattr(ops, name) for name in EACH.split()},
    "add": lambda x: x + x,
    "subtract": lambda x: x - 2.0,
    "multiply": lambda x: x * x,
    "divide": lambda x: x / 3.0,
    "maximum": lambda x: ops.maximum(x, x),
    "power": lambda x: ops.power(x, 1.5),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "clip": lambda x: ops.clip(x, 0, 1),
    "sum over the channels": lambda x: ops.sum(x, axis=-1),
    "mean over positions": lambda x: ops.mean(x, axis=(1, 2)),
    "concatenate": lambda x: ops.concatenate([x, x], 1),
    "slice": lambda x: x[:, 1:3],
    "pad": lambda x: ops.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]]),
    "cast": lambda x: ops.cast(x, "float16"),
    "tile": lambda x: ops.tile(x, (1, 2, 1, 1)),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "einsum": lambda x: ops.einsum("bhwc,bhvc->bhwv", x, x),
    "max_pool": lambda x: ops.max_pool(x, 3, 2, "same"),
    "average_pool": lambda x: ops.average_pool(x, 3, 2, "valid"),
    "Dense": layers.Dense(5),
    "EinsumDense": layers.EinsumDense("bhwc,cd->bhwd", (None, None, 6)),
    "Conv2D": layers.Conv2D(5, 3),
    "Conv2D, same": layers.Conv2D(5, 3, padding="same"),
    "Conv2D, strided": layers.Conv2D(5, 3, strides=2, padding="same"),
    "Conv2D, dilated": layers.Conv2D(5, 3, dilation_rate=2),
    "Conv2D, dilated, same": layers.Conv2D(5, 3, dilation_rate=2, padding="same"),
    "Conv2D, groups": layers.Conv2D(4, 3, groups=2),
    "DepthwiseConv2D": layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "SeparableConv2D": layers.SeparableConv2D(5, 3),
    "Conv2DTranspose": layers.Conv2DTranspose(5, 3, strides=2),
    "Conv2DTranspose, same": layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
}


@pytest.mark.parametrize("name", MAPS)
def test_backend_counts_what_the_rule_counts(name: str) -> None:
    shape = (1, 9, 7, 4)
    ruled, measured = ruled_work(MAPS[name], shape), measured_work(MAPS[name], shape)
    assert (measured.macs, measured.outputs) == (ruled.macs, ruled.outputs)
    # A backend may add a bias as it adds any map.
    assert measured.arithmetic + measured.biases == ruled.arithmetic + ruled.biases
    assert measured.transcendentals == ruled.transcendentals
    if BACKEND != "torch" or "Transpose" not in name:  # PyTorch computes all outputs, and Keras crops them
        assert measured.inside == ruled.inside


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch")
def test_softmax_that_allows_for_a_line_of_masked_scores_is_a_softmax() -> None:
    import torch

    shape = (1, 9, 7, 4)
    assert measured_work(lambda x: torch.ops.aten._safe_softmax(x, -1), shape) == measured_work(ops.softmax, shape)


def test_dilated_convolution_of_one_dimension() -> None:
    layer = layers.Conv1D(3, 3, padding="causal", dilation_rate=2)
    assert ruled_work(layer, (1, 9, 4)).macs == measured_work(layer, (1, 9, 4)).macs == 9 * 3 * 4 * 3


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU])
def test_recurrence_runs_over_all_steps(make: Any) -> None:
    layer = make(5)
    assert ruled_work(layer, (1, 9, 4)).macs == measured_work(layer, (1, 9, 4)).macs
