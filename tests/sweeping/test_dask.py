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

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of Dask's own


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_a_worker_that_is_killed_costs_nothing(cluster, tmp_path):
    output = tmp_path / "space.csv"
    space = [(f"{number}", builders.slow, {"seconds": 0.2, "width": number + 1}) for number in range(40)]
    space.insert(9, ("crashing", builders.crashing, {}))
    space.insert(20, ("hanging", builders.hanging, {}))
    killed = []

    def kill() -> None:
        while not output.exists() or output.read_text().count("\n") < 8:
            time.sleep(0.1)
        with distributed.Client(cluster) as client:
            pid = next(iter(client.run(os.getpid).values()))
        killed.extend(psutil.Process(pid).children(recursive=True))
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    with distributed.Client(cluster) as client:
        killer.start()
        frame = cnnstats.sweep(space, executor=client.get_executor(), processes=2, batch=4, timeout=5, output=output)
        killer.join()
    errors = frame[frame["error"] != ""].set_index("name")["error"].to_dict()
    assert errors == {
        "crashing": "worker died: it ended with exit code 3",
        "hanging": "TimeoutError: not done after 5 seconds",
    }
    assert frame[frame["error"] == ""]["params"].to_list() == [28 * (number + 1) for number in range(40)]
    # What the killed worker had started has ended with it.
    assert killed
    psutil.wait_procs(killed, timeout=10)
    assert not [process for process in killed if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
