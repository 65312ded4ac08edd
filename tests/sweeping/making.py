"""An executor that builds nothing."""

import tracemalloc
from concurrent.futures import Executor, Future
from typing import Any

from keras_cnnstats.sweeping.columns import Values, row


class Making(Executor):
    """Makes rows of nothing, as many FLOPs as the model's name says, and notes what Python holds after each batch."""

    def __init__(self, seconds: float = 1e-4) -> None:
        self.seconds = seconds
        self.held: list[int] = []
        self.batches: list[int] = []
        self.names: list[str] = []

    def submit(self, _: Any, batch: Any) -> Any:
        future: Future[list[Values]] = Future()
        self.names += [task.name for task in batch.tasks]
        future.set_result([_made(task.name, self.seconds) for task in batch.tasks])
        self.batches.append(len(batch.tasks))
        if tracemalloc.is_tracing():
            self.held.append(tracemalloc.get_traced_memory()[0])
        return future


def _made(name: str, seconds: float) -> Values:
    error = "ValueError: bad" if name.startswith("bad") else ""
    flops = None if error else int(name.split()[-1])
    return row(
        name=name, flops=flops, unknown_rows=0, batch_size=1, convention="textbook", seconds=seconds, error=error,
        input_shape="x".join([name] * 10),
    )  # fmt: skip
