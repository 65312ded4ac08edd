"""A run of two stages that is killed in the middle and resumed leaves one file without a gap or a double row."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pandas as pd
import pytest

import keras_cnnstats as cnnstats
from tests.callbacks.networks import classifier, compiled, images


class KilledError(Exception):
    pass


class Killed(keras.callbacks.Callback):
    """Ends the run in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.now == self.epoch and batch == 1:
            raise KilledError


def stage(file: Path, model: keras.Model, first: int, last: int, *callbacks: Any) -> cnnstats.StatsLogger:
    """A fit as a script would write it, with a logger of its own."""
    logger = cnnstats.StatsLogger(file, append=True)
    x, y = images(24)
    model.fit(x, y, batch_size=8, initial_epoch=first, epochs=last, verbose=0, callbacks=[*callbacks, logger])
    return logger


def thawed(model: keras.Model, trainable: bool) -> keras.Model:
    model.get_layer("features").trainable = trainable
    compiled(model)
    return model


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("checkpoint", [2, 3])
def test_two_stages(suffix, checkpoint, tmp_path: Path):
    file, model = tmp_path / f"run{suffix}", classifier()
    stage(file, thawed(model, False), 0, 2)
    with pytest.raises(KilledError):
        stage(file, thawed(model, True), 2, 6, Killed(epoch=4))
    with open(file, "a") as torn:
        torn.write("0,4,0.3")
    # The checkpoint that it goes on from may be older than the last epoch in the file.
    logger = stage(file, thawed(model, True), checkpoint, 6)
    written = pd.read_csv(file) if suffix == ".csv" else pd.read_json(file, lines=True)
    assert written["epoch"].tolist() == list(range(6))
    assert written["stage"].tolist() == [0] * 6
    head, whole = written["stats_train_flops"][0], written["stats_train_flops"][5]
    assert written["stats_train_flops"].tolist() == [head] * 2 + [whole] * 4
    assert written["stats_total_flops"].tolist() == [24 * head * n for n in (1, 2)] + [
        24 * (2 * head + whole * n) for n in (1, 2, 3, 4)
    ]
    assert logger.to_dataframe()["stats_total_flops"].tolist() == written["stats_total_flops"].tolist()


@pytest.mark.slow
def test_stages_that_both_begin_at_epoch_0(tmp_path: Path):
    file, model = tmp_path / "run.csv", classifier()
    stage(file, model, 0, 2)
    stage(file, model, 0, 2)
    written = pd.read_csv(file)
    assert list(zip(written["stage"], written["epoch"], strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert written["stats_total_flops"].is_monotonic_increasing


@pytest.mark.slow
def test_a_budget_counts_what_was_spent_before(tmp_path: Path):
    file, model = tmp_path / "run.csv", classifier()
    cost = cnnstats.analyze(model).totals.train_flops
    stage(file, model, 0, 2)
    logger = cnnstats.StatsLogger(file, append=True, max_flops=cost * (48 + 16))
    model.fit(*images(24), batch_size=8, initial_epoch=2, epochs=9, verbose=0, callbacks=[logger])
    assert [row["stats_samples"] for row in logger.rows] == [24, 24, 16]


SCRIPT = """
import os, signal, sys
import keras, keras_cnnstats as cnnstats
from tests.callbacks.networks import classifier, images

class Killed(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if os.path.exists(sys.argv[1]) and open(sys.argv[1]).read().count("\\n") == 2:
            os.kill(os.getpid(), signal.SIGKILL)

logger = cnnstats.StatsLogger(sys.argv[1], append=True)
classifier().fit(*images(24), batch_size=8, epochs=9, verbose=0, callbacks=[Killed(), logger])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills as Unix does")
def test_each_epoch_is_on_disk_when_the_process_is_killed(tmp_path: Path):
    file = tmp_path / "run.jsonl"
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(file)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [json.loads(line)["epoch"] for line in file.read_text().splitlines()] == [0, 1]
