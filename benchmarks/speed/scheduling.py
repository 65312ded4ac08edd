"""Workload `scheduler`: what it costs to hand out a batch of models, to the processes of `sweep` and to a Dask worker.

Timed: batches without models, one after the other, there and back.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.speed.timing import in_turn

BATCHES = 100


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yields one record: seconds of each batch, and those that the models of a batch take."""
    from distributed import Client, LocalCluster

    from keras_cnnstats.sweeping.children import Batch, Crew, worked
    from keras_cnnstats.sweeping.makers import SECONDS_OF_A_BATCH

    empty = Batch((), None, None)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        executors = {"processes": Crew(1), "Dask": client.get_executor()}
        for executor in executors.values():
            executor.submit(worked, empty).result()

        def handed_out(name: str) -> None:
            for _ in range(BATCHES):
                executors[name].submit(worked, empty).result()

        times = in_turn({name: partial(handed_out, name) for name in executors}, rounds)
    each = {name: [one / BATCHES for one in some] for name, some in times.items()}
    yield {"name": "a batch", "seconds": each, "models": SECONDS_OF_A_BATCH}
