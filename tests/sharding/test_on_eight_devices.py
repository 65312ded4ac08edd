"""What is said of each device, held against eight host devices of JAX: what lies on them, and what XLA compiles."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats

ROOT = Path(__file__).parents[2]

DENSE = {".*up.kernel": (None, "model"), ".*down.kernel": ("model", None)}
CASES: dict[str, tuple[str, dict[str, tuple[str | None, ...]]]] = {
    "samples alone": ("perceptron", {}),
    "columns, then rows": ("perceptron", DENSE),
    "columns alone": ("perceptron", {".*up.kernel": (None, "model")}),
    "columns, then columns": ("perceptron", {".*kernel": (None, "model")}),
    "samples of a convolution": ("network", {}),
    "channels made": ("network", {".*a.kernel": (None, None, None, "model")}),
    "channels made, then channels summed over": (
        "network",
        {".*a.kernel": (None, None, None, "model"), ".*b.kernel": (None, None, "model", None)},
    ),
    "channels made twice": ("network", {".*[ab].kernel": (None, None, None, "model")}),
}


def perceptron() -> keras.Model:
    layers = keras.layers
    up, down = layers.Dense(128, use_bias=False, name="up"), layers.Dense(64, use_bias=False, name="down")
    return keras.Sequential([keras.Input((64,)), up, layers.ReLU(), down])


def network() -> keras.Model:
    layers = keras.layers
    first, second = [layers.Conv2D(size, 3, use_bias=False, name=name) for size, name in ((16, "a"), (8, "b"))]
    return keras.Sequential([keras.Input((8, 8, 4)), first, layers.ReLU(), second])


def compiled(name: str, divided: dict[str, tuple[str | None, ...]]) -> dict[str, Any]:
    """What lies on the first device, what XLA says that it computes, and what the report says of both."""
    import jax
    import numpy as np

    distribution = keras.distribution
    mesh = distribution.DeviceMesh((2, 4), ("batch", "model"), distribution.list_devices("cpu"))
    layouts = distribution.LayoutMap(mesh)
    for path, axes in divided.items():
        layouts[path] = axes
    with distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch").scope():
        model = {"perceptron": perceptron, "network": network}[name]()
        report = cnnstats.analyze(model, batch_size=16, convention="xla")
        shape = (16, *model.input_shape[1:])
        layout = distribution.TensorLayout(("batch", *(None,) * (len(shape) - 1)), mesh)
        image = jax.device_put(np.zeros(shape, "float32"), layout.backend_layout)
        values = [variable.value for variable in model.variables]
        call = jax.jit(lambda values, image: model.stateless_call(values, [], image)[0])
        program = call.lower(values, image).compile()
    costs = program.cost_analysis()
    shards = [variable.value.addressable_shards[0].data for variable in model.weights]
    return {
        "held": sum(int(shard.size) for shard in shards),
        "bytes": sum(int(shard.nbytes) for shard in shards),
        "flops": int((costs[0] if isinstance(costs, list) else costs)["flops"]),
        "collectives": program.as_text().count("all-reduce("),
        "params": report.totals.share.params,
        "param_bytes": report.totals.share.param_bytes,
        "device_flops": report.totals.device_flops,
    }


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
    assert (found["params"], found["param_bytes"]) == (found["held"], found["bytes"])


SUMS = {"perceptron": 8 * 64, "network": 8 * 4 * 4 * 8}
"""Values that devices add up where each has summed over a part: XLA counts one for each."""

PLACES = {"columns alone": 3, "channels made": 3}
"""Where a kernel is whole and its input is divided, each device works out where its part of the kernel begins."""


@pytest.mark.parametrize("case", CASES)
def test_each_device_computes_so_much(measured: dict[str, dict[str, Any]], case: str) -> None:
    """To the last FLOP, but for what is named."""
    found = measured[case]
    added = SUMS[CASES[case][0]] if found["collectives"] else 0
    assert found["flops"] - found["device_flops"] == added + PLACES.get(case, 0)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({case: compiled(*CASES[case]) for case in CASES}))
