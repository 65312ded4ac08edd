"""Several devices: the batch of all of them counts once. Several processes: one writes, the others are silent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks import coordinator
from tests.callbacks.networks import classifier, images

MIRRORED = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    model = classifier(jit_compile=False)
"""

DATA_PARALLEL = """
import jax, keras
assert len(jax.devices()) == 2
keras.distribution.set_distribution(keras.distribution.DataParallel())
model = classifier()
"""

TRAINS = """
import json, sys
import keras_cnnstats as cnnstats
logger = cnnstats.StatsLogger(sys.argv[1])
x, y = images(35 if "Mirrored" in sys.argv[2] else 40)
model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[logger])
print(json.dumps([cnnstats.analyze(model).totals.train_flops, logger.analyses]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "begins", "samples"),
    [("tensorflow", MIRRORED, 35), ("jax", DATA_PARALLEL, 40)],
    ids=["mirrored", "jax"],
)
def test_the_batch_of_all_devices_counts_once(backend, begins, samples, tmp_path: Path):
    pytest.importorskip(backend)
    file = tmp_path / "run.jsonl"
    script = f"from tests.callbacks.networks import classifier, images\n{begins}\n{TRAINS}"
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(file), begins],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "StatsLogger" not in done.stderr
    cost, analyses = json.loads(done.stdout.splitlines()[-1])
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["stats_samples"] for row in rows] == [samples, samples]
    assert [row["stats_epoch_flops"] for row in rows] == [samples * cost] * 2
    assert analyses == 1


@pytest.fixture
def is_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is one of several, and not the one that writes."""
    for module in ("logger", "stages"):
        monkeypatch.setattr(f"keras_cnnstats.callbacks.{module}.is_coordinator", lambda: False)


@pytest.mark.usefixtures("is_a_worker")
def test_a_process_that_is_not_the_coordinator_remembers_earlier_epochs(tmp_path: Path):
    # All processes have to stop at the same step: the others would wait for the one that did.
    file, model = tmp_path / "run.csv", classifier()
    epoch = 16 * (cnnstats.analyze(model).totals.train_flops or 0)
    logger = cnnstats.StatsLogger(file, max_flops=2.5 * epoch)
    history = model.fit(*images(16), batch_size=8, epochs=5, verbose=0, callbacks=[logger])
    assert history.history["stats_total_flops"] == [epoch, 2 * epoch, 2.5 * epoch]
    assert not file.exists()


@pytest.mark.usefixtures("is_a_worker")
def test_a_process_that_is_not_the_coordinator_is_silent(capsys, tmp_path: Path):
    file, model = tmp_path / "run.csv", classifier()
    logger = cnnstats.StatsLogger(file, log_dir=tmp_path / "board", max_flops=1)
    history = model.fit(*images(20), batch_size=8, verbose=0, callbacks=[logger])
    assert not file.exists()
    assert not list((tmp_path / "board").glob("*")) if (tmp_path / "board").exists() else True
    assert capsys.readouterr().out == ""
    assert history.history["stats_samples"] == [8]


@pytest.mark.parametrize(
    ("setting", "is_chief"),
    [
        ("", True),
        ("{}", True),
        ('{"cluster": {"worker": ["a", "b"]}, "task": {"type": "worker", "index": 0}}', True),
        ('{"cluster": {"worker": ["a", "b"]}, "task": {"type": "worker", "index": 1}}', False),
        ('{"cluster": {"chief": ["c"], "worker": ["a"]}, "task": {"type": "worker", "index": 0}}', False),
        ('{"cluster": {"chief": ["c"], "worker": ["a"]}, "task": {"type": "chief", "index": 0}}', True),
        ('{"cluster": {"ps": ["p"]}, "task": {"type": "ps", "index": 0}}', False),
        ("{broken", True),
        ("[]", True),
        ('{"task": {"index": null}}', True),
        ('{"cluster": null}', True),
    ],
)
def test_the_coordinator_of_tensorflow(monkeypatch, setting, is_chief):
    monkeypatch.setenv("TF_CONFIG", setting)
    assert coordinator._is_chief() is is_chief


def test_where_pytorch_trains_in_several_processes(monkeypatch):
    torch: Any = pytest.importorskip("torch")
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    assert not coordinator.is_coordinator()
