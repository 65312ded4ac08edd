"""What models may do to the processes that build them, and what is left when a sweep ends."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import keras
import pandas as pd
import psutil
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.sweeping import child, children, makers
from tests.sweeping import builders
from tests.sweeping.making import Making

ROOT = Path(__file__).parents[2]


def test_the_same_rows_as_in_this_process(worker):
    space = {
        "plain": builders.plain,
        "strided": (builders.strided, {"depth": 3}),
        "volume": (builders.of_rank, {"rank": 3}),
        "enlarging": builders.enlarging,
        "attending": builders.attending,
        "unknown": builders.unknown,
        "enormous": builders.enormous,
        "bad": builders.raising,
        "leaving": builders.leaving,
    }
    here, there = cnnstats.sweep(space, processes=0), cnnstats.sweep(space, executor=worker)
    pd.testing.assert_frame_equal(here.drop(columns="seconds"), there.drop(columns="seconds"))


def test_what_builders_print_is_no_answer(worker, capfd):
    frame = cnnstats.sweep({"chatty": builders.chatty, "plain": builders.plain}, executor=worker)
    assert frame["error"].to_list() == ["", ""]
    assert capfd.readouterr().out == ""


def test_keras_is_told_what_it_was_told_here(worker):
    assert keras.config.image_data_format() == "channels_last"
    keras.config.set_dtype_policy("mixed_float16")
    try:
        space = {"a": builders.told_of_keras, "meddling": builders.meddling, "b": builders.told_of_keras}
        frame = cnnstats.sweep(space, executor=worker, batch=3)
    finally:
        keras.config.set_dtype_policy("float32")
    assert frame["error"].to_list() == ["ValueError: float32 channels_last mixed_float16", "", frame["error"][0]]


def test_no_model_stays_in_memory(worker):
    space = [(f"{width}", builders.strided, {"width": width}) for width in range(1, 6)]
    frame = cnnstats.sweep([*space, ("counting", builders.counting)], executor=worker, batch=6)
    assert frame["error"].to_list() == [""] * 5 + ["ValueError: 0 models are there"]


def test_a_crash_costs_one_row(worker):
    space = {
        "before": builders.plain,
        "crashing": builders.crashing,
        "killed": builders.killed,
        "after": (builders.plain, {"width": 3}),
    }
    frame = cnnstats.sweep(space, executor=worker, batch=4, timeout=60)
    assert frame["error"].to_list() == [
        "",
        "worker died: it ended with exit code 3",
        "worker died: SIGKILL, as when memory runs out",
        "",
    ]
    assert frame["params"].to_list()[3] == 84


def test_a_model_that_hangs_costs_one_row(worker):
    space = {"hanging": builders.hanging, "after": builders.plain}
    frame = cnnstats.sweep(space, executor=worker, batch=2, timeout=2)
    assert frame["error"].to_list() == ["TimeoutError: not done after 2 seconds", ""]
    assert frame["seconds"].to_list()[0] == 2


@pytest.mark.slow
def test_a_builder_that_is_not_there_in_the_other_process(worker):
    batch = children.Batch(
        (child.Task("gone", b"cno_such_module\nbuild\n.", pickle.dumps({"keras": {}})),), timeout=None, backend=None
    )
    (row,) = worker.submit(children.worked, batch).result()
    assert row["error"].startswith("its builder cannot be read in another process: ModuleNotFoundError")


def test_processes_that_do_not_start_end_the_sweep(monkeypatch, capfd):
    monkeypatch.setattr(children, "_CODE", "raise SystemExit('broken here')")
    with pytest.raises(cnnstats.SweepError, match="no process can be started that builds models: 3 ended"):
        cnnstats.sweep({"a": builders.plain}, processes=1)
    assert "broken here" in capfd.readouterr().err


def test_why_a_process_does_not_start_is_said(monkeypatch, capfd, tmp_path):
    (tmp_path / "keras.py").write_text("raise ImportError('no backend here')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    child = children.Child(None)
    assert not child.is_there
    assert "ImportError: no backend here" in capfd.readouterr().err


def test_a_process_that_still_starts_ends_with_who_started_it(tmp_path):
    (tmp_path / "keras.py").write_text("import time; time.sleep(1000)")
    process = subprocess.Popen(
        [sys.executable, "-c", children._CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        start_new_session=True,
    )
    try:
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_soon_gone(pid: int) -> bool:
    for _ in range(100):
        if not running(pid):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_what_a_builder_has_started_ends_with_it(worker, tmp_path):
    said = tmp_path / "said"
    frame = cnnstats.sweep([("starting", builders.grandchild, {"path": str(said)})], executor=worker, timeout=2)
    assert frame["error"].to_list() == ["TimeoutError: not done after 2 seconds"]
    assert all(is_soon_gone(int(pid)) for pid in said.read_text().split())


@pytest.mark.slow
def test_two_processes_and_none_left_behind():
    mine = psutil.Process()
    before = set(mine.children(recursive=True))
    space = [(f"{width}", builders.plain, {"width": width}) for width in range(1, 31)]
    frame = cnnstats.sweep(space, processes=2)
    assert frame["params"].to_list() == [28 * width for width in range(1, 31)]
    assert set(mine.children(recursive=True)) <= before


SCRIPT = """
import sys
import keras_cnnstats as cnnstats
from tests.sweeping import builders
from tests.sweeping.making import Making

# No `if __name__ == "__main__"`, and a builder of the script's own.
def build(width):
    return builders.slow(0.2, width)

space = [(f"{width}", build, {"width": width}) for width in range(1, 13)]
space.insert(4, ("grandchild", builders.grandchild, {"path": sys.argv[2]}))
cnnstats.sweep(space, processes=1, output=sys.argv[1], batch=1, timeout=float(sys.argv[3]))
"""


def started(folder: Path, timeout: float) -> "subprocess.Popen[bytes]":
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    return subprocess.Popen(
        [sys.executable, str(folder / "script.py"), str(folder / "space.csv"), str(folder / "said"), str(timeout)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("ending", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_sweep_that_is_killed_leaves_nothing_behind_and_goes_on(tmp_path, ending):
    pytest.importorskip("cloudpickle")
    process = started(tmp_path, 600)
    said = tmp_path / "said"
    for _ in range(1200):
        if said.exists() and said.read_text():
            break
        time.sleep(0.1)
    # It is in the middle of a model that hangs.
    builder = int(said.read_text().split()[0])
    assert running(builder)
    process.send_signal(ending)
    process.communicate(timeout=60)
    assert is_soon_gone(builder)
    assert is_soon_gone(int(said.read_text().split()[1]))
    done = (tmp_path / "space.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in done[1:]] == ["1", "2", "3", "4"]
    second = started(tmp_path, 4)
    assert second.communicate(timeout=120) == (None, b"")
    assert second.returncode == 0
    lines = (tmp_path / "space.csv").read_text().splitlines()
    assert lines[:5] == done
    assert [line.split(",")[0] for line in lines[1:]] == [
        "1", "2", "3", "4", "grandchild", *(f"{width}" for width in range(5, 13)),
    ]  # fmt: skip
    assert is_soon_gone(int(said.read_text().split()[1]))


@pytest.mark.slow
def test_a_pool_of_processes_as_executor():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        space = {"a": builders.plain, "crashing": builders.crashing, "b": (builders.plain, {"width": 3})}
        frame = cnnstats.sweep(space, executor=executor, processes=2, batch=3)
    assert frame["error"].to_list() == ["", "worker died: it ended with exit code 3", ""]


class Losing(Executor):
    """Loses what it was given where it is more than one model, or a certain one."""

    def __init__(self, worker: Executor, lost: str) -> None:
        self.worker, self.lost, self.batches = worker, lost, []

    def submit(self, function: Any, batch: Any) -> Any:
        names = [task.name for task in batch.tasks]
        self.batches.append(names)
        if self.lost not in names:
            return self.worker.submit(function, batch)
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("the worker is gone"))
        return future


@pytest.mark.slow
def test_a_batch_that_is_lost_is_tried_again_model_by_model(worker):
    losing = Losing(worker, "2")
    space = [(f"{number}", builders.plain, {"width": number + 1}) for number in range(5)]
    frame = cnnstats.sweep(space, executor=losing, processes=1, batch=3)
    assert losing.batches == [["0", "1", "2"], ["3", "4"], ["0"], ["1"], ["2"]]
    assert frame["error"].to_list() == ["", "", "worker died: RuntimeError: the worker is gone", "", ""]


class Broken(Executor):
    def submit(self, *_: Any) -> Any:
        raise BrokenExecutor("a child process terminated abruptly")


def test_an_executor_that_is_broken():
    with pytest.raises(cnnstats.SweepError, match="executor: it takes no more work: BrokenExecutor"):
        cnnstats.sweep({"a": builders.plain}, executor=Broken())


class Bare(Executor):
    """Workers without the package."""

    def submit(self, *_: Any) -> Any:
        future: Future[Any] = Future()
        future.set_exception(ModuleNotFoundError("No module named 'keras_cnnstats'"))
        return future


def test_workers_without_the_package():
    with pytest.raises(cnnstats.SweepError, match="They need keras_cnnstats, keras and a backend"):
        cnnstats.sweep({"a": builders.plain, "b": builders.plain}, executor=Bare())


@pytest.mark.parametrize(("seconds", "size"), [(0.001, 256), (0.02, 25), (0.4, 1), (30, 1)])
def test_a_batch_is_what_takes_half_a_second(seconds, size):
    workers = makers.Workers(Broken(), {}, None, 1, None)
    workers._seconds, workers._count = seconds * 10, 10
    assert workers._size == size


@pytest.mark.parametrize(("seconds", "batches"), [(1e-4, 20), (5e-3, 30), (0.6, 2000)])
def test_what_is_cheap_is_handed_out_together(seconds, batches):
    """Batches, not models, are what a scheduler is asked for: it costs milliseconds for each."""
    executor = Making(seconds)
    space = ((f"model {number}", builders.plain, {"width": number + 1}) for number in range(2000))
    assert len(cnnstats.sweep(space, executor=executor, processes=2)) == 2000
    assert sum(executor.batches) == 2000
    assert batches / 2 < len(executor.batches) <= batches


def test_the_bar_is_shown_where_it_is_asked_for(worker, capfd):
    cnnstats.sweep({"a": builders.plain, "bad": builders.raising}, executor=worker, progress=True)
    assert "Sweeping, 1 failed" in capfd.readouterr().err
    cnnstats.sweep({"a": builders.plain}, executor=worker)
    assert capfd.readouterr().err == ""


def test_who_hands_out_needs_no_keras():
    code = "import keras_cnnstats.sweeping, sys; raise SystemExit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
