"""A sweep on a Dask cluster of this machine, whose workers are killed in the middle."""

import os
import signal
import threading
import time

import psutil
import pytest

import keras_cnnstats as cnnstats
from tests.sweeping import builders

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's own


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


KILLED_AT = (6, 18)
"""Rows that are in the file when one worker is killed, and when the other is."""


WAYS = {"killed from outside alone": {}, "and by models": {"crashing": builders.crashing, "hanging": builders.hanging}}
ERRORS = {"crashing": "worker died: it ended with exit code 3", "hanging": "TimeoutError: not done after 5 seconds"}


@pytest.mark.parametrize("way", [pytest.param(way, marks=pytest.mark.slow if WAYS[way] else ()) for way in WAYS])
def test_workers_that_are_killed_cost_nothing(cluster, tmp_path, way):
    output = tmp_path / "space.csv"
    space = [(f"{number}", builders.slow, {"seconds": 0.1, "width": number + 1}) for number in range(30)]
    space[9:9] = WAYS[way].items()
    killed, started = {}, []

    def kill() -> None:
        with distributed.Client(cluster) as client:
            workers = list(client.run(os.getpid).values())
            for rows, pid in zip(KILLED_AT, workers, strict=True):
                while not output.exists() or (done := output.read_text().count("\n") - 1) < rows:
                    time.sleep(0.05)
                started.extend(psutil.Process(pid).children(recursive=True))
                os.kill(pid, signal.SIGKILL)
                killed[pid] = done

    killer = threading.Thread(target=kill)
    with distributed.Client(cluster) as client:
        killer.start()
        frame = cnnstats.sweep(space, executor=client.get_executor(), processes=2, batch=3, timeout=5, output=output)
        killer.join()
    errors = frame[frame["error"] != ""].set_index("name")["error"].to_dict()
    assert errors == {name: ERRORS[name] for name in WAYS[way]}
    assert frame[frame["error"] == ""]["params"].to_list() == [28 * (number + 1) for number in range(30)]
    # Both in the middle of it, at different times.
    first, second = killed.values()
    assert KILLED_AT[0] <= first < second < len(space)
    # What a killed worker had started has ended with it.
    assert started
    psutil.wait_procs(started, timeout=10)
    assert not [process for process in started if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
