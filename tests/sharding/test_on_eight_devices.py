"""What is said of each device, held against eight host devices of JAX: what lies on them, and what XLA compiles."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats

ROOT = Path(__file__).parents[2]
SAMPLES = 16


def perceptron(bias: bool = False) -> keras.Model:
    layers = keras.layers
    up, down = layers.Dense(128, use_bias=bias, name="up"), layers.Dense(64, use_bias=bias, name="down")
    return keras.Sequential([keras.Input((64,)), up, layers.ReLU(), down])


def network(bias: bool = False) -> keras.Model:
    layers = keras.layers
    first, second = [layers.Conv2D(size, 3, use_bias=bias, name=name) for size, name in ((16, "a"), (8, "b"))]
    return keras.Sequential([keras.Input((8, 8, 4)), first, layers.ReLU(), second])


def normalized() -> keras.Model:
    layers = keras.layers
    first, second = [layers.Conv2D(size, 3, use_bias=False, name=name) for size, name in ((16, "a"), (8, "b"))]
    norm = layers.BatchNormalization(name="norm")
    return keras.Sequential([keras.Input((8, 8, 4)), first, norm, layers.ReLU(), second])


def heads(bias: bool = False) -> keras.Model:
    """A projection into heads and back, as attention has it."""
    layers, axes = keras.layers, {"bias_axes": "hk"} if bias else {}
    into = layers.EinsumDense("btd,dhk->bthk", (10, 8, 4), name="into", **axes)
    back = layers.EinsumDense("bthk,hkd->btd", (10, 16), name="back", **({"bias_axes": "d"} if bias else {}))
    return keras.Sequential([keras.Input((10, 16)), into, layers.ReLU(), back])


def words() -> keras.Model:
    layers = keras.layers
    up = layers.Dense(64, use_bias=False, name="up")
    return keras.Sequential([keras.Input((10,), dtype="int32"), layers.Embedding(40, 32, name="table"), up])


MODELS: dict[str, Callable[[], keras.Model]] = {
    "perceptron": perceptron,
    "biased perceptron": lambda: perceptron(bias=True),
    "network": network,
    "biased network": lambda: network(bias=True),
    "normalized": normalized,
    "heads": heads,
    "biased heads": lambda: heads(bias=True),
    "words": words,
}
Layouts = dict[str, tuple[str | None, ...]]

DENSE: Layouts = {".*up.kernel": (None, "model"), ".*down.kernel": ("model", None)}
MADE: Layouts = {".*a.kernel": (None, None, None, "model")}
SUMMED: Layouts = MADE | {".*b.kernel": (None, None, "model", None)}
CHANNELS: Layouts = {f".*norm.{name}": ("model",) for name in ("gamma", "beta", "moving_mean", "moving_variance")}
HEADS: Layouts = {".*into.kernel": (None, "model", None), ".*back.kernel": ("model", None, None)}
CASES: dict[str, tuple[str, Layouts | None]] = {
    "samples alone": ("perceptron", {}),
    "columns, then rows": ("perceptron", DENSE),
    "columns alone": ("perceptron", {".*up.kernel": (None, "model")}),
    "columns, then columns": ("perceptron", {".*kernel": (None, "model")}),
    "samples of a convolution": ("network", {}),
    "channels made": ("network", MADE),
    "channels made, then channels summed over": ("network", SUMMED),
    "channels made twice": ("network", {".*[ab].kernel": (None, None, None, "model")}),
    "biased, columns, then rows": ("biased perceptron", DENSE | {".*up.bias": ("model",)}),
    "biased, columns twice": ("biased perceptron", {".*kernel": (None, "model"), ".*bias": ("model",)}),
    "biased, whole biases": ("biased perceptron", DENSE),
    "biased, channels made, then summed over": ("biased network", SUMMED | {".*a.bias": ("model",)}),
    "biased, channels made twice": (
        "biased network",
        {".*[ab].kernel": (None, None, None, "model"), ".*bias": ("model",)},
    ),
    "normalized, divided": ("normalized", SUMMED | CHANNELS),
    "normalized, whole": ("normalized", SUMMED),
    "heads": ("heads", HEADS),
    "biased heads": ("biased heads", HEADS | {".*into.bias": ("model", None)}),
    "rows of a table": ("words", {".*table.embeddings": ("model", None)}),
    "columns of a table": ("words", {".*table.embeddings": (None, "model"), ".*up.kernel": ("model", None)}),
    "table whole": ("words", {".*up.kernel": (None, "model")}),
    "data parallel": ("biased perceptron", None),
    "data parallel, normalized": ("normalized", None),
}
"""A model, and how its weights are divided: `None` under `DataParallel`."""


def compiled(name: str, divided: Layouts | None) -> dict[str, Any]:
    """What lies on each device, what XLA says that it computes, and what the report says of both."""
    import jax
    import numpy as np

    distribution = distributed(divided)
    with distribution.scope():
        model = MODELS[name]()
        report = cnnstats.analyze(model, batch_size=SAMPLES, convention="xla")
        shape = (SAMPLES, *model.input_shape[1:])
        layout = distribution.get_data_layout(shape)
        fed = jax.device_put(np.zeros(shape, model.inputs[0].dtype), layout.backend_layout)
        variables = model.trainable_variables, model.non_trainable_variables
        learned, other = [[each.value for each in some] for some in variables]
        call = jax.jit(lambda learned, other, fed: model.stateless_call(learned, other, fed)[0])
        program = call.lower(learned, other, fed).compile()
    held: dict[int, list[int]] = {device.id: [0, 0] for device in jax.devices()}
    for weight in model.weights:
        for shard in weight.value.addressable_shards:
            held[shard.device.id][0] += int(shard.data.size)
            held[shard.device.id][1] += int(shard.data.nbytes)
    return {
        "held": list(held.values()),
        "flops": flops_of(program),
        "adds": "all-reduce(" in program.as_text(),
        "said": [report.totals.share.params, report.totals.share.param_bytes],
        "device_flops": report.totals.device_flops,
        "unknown": report.totals.unknown_device_rows,
    }


def flops_of(program: Any) -> int:
    costs = program.cost_analysis()
    return int((costs[0] if isinstance(costs, list) else costs)["flops"])


def distributed(divided: Layouts | None) -> Any:
    distribution = keras.distribution
    devices = distribution.list_devices("cpu")
    if divided is None:
        return distribution.DataParallel(device_mesh=distribution.DeviceMesh((8,), ("batch",), devices))
    mesh = distribution.DeviceMesh((2, 4), ("batch", "model"), devices)
    layouts = distribution.LayoutMap(mesh)
    for path, axes in divided.items():
        layouts[path] = axes
    return distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """All cases, in a process of their own: the number of devices is settled when JAX starts."""
    pytest.importorskip("jax")
    environment = os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [sys.executable, "-m", "tests.sharding.test_on_eight_devices"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("case", CASES)
def test_each_device_holds_so_much(measured: dict[str, dict[str, Any]], case: str) -> None:
    found = measured[case]
    assert found["held"] == [found["said"]] * 8


INDICES = SAMPLES // 2 * 10

SUMS = {"perceptron": 8 * 64, "network": 8 * 16 * 8, "heads": 8 * 10 * 16, "words": INDICES * 64}
"""Values that devices add up where each has summed over a part: XLA counts one for each."""

SUMS |= {f"biased {name}": count for name, count in SUMS.items()}
SUMS |= {"normalized": SUMS["network"], "rows of a table": INDICES * 32}

PLACES = {
    # Where a weight is whole and what it meets is divided, each device works out where its part begins.
    "columns alone": 3,
    "channels made": 3,
    "biased, whole biases": 3,
    "normalized, whole": 6,
    # Each index is held against the ends of the table, and a bad one is masked in each value that is looked up.
    "table whole": INDICES * (6 + 32),
    "columns of a table": INDICES * (6 + 8),
    # And against the ends of the part that a device has, and masked once more.
    "rows of a table": INDICES * (6 + 32 + 8 + 32) + 4,
}


@pytest.mark.parametrize("case", CASES)
def test_each_device_computes_so_much(measured: dict[str, dict[str, Any]], case: str) -> None:
    """To the last FLOP, but for what is named."""
    found = measured[case]
    added = SUMS.get(case, SUMS[CASES[case][0]]) if found["adds"] else 0
    assert found["unknown"] == 0
    assert found["flops"] - found["device_flops"] == added + PLACES.get(case, 0)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({case: compiled(*CASES[case]) for case in CASES}))
