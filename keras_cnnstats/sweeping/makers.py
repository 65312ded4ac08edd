"""Who makes the rows of a sweep: this process, or the workers of an executor."""

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pickle import PickleError
from typing import Any

from keras_cnnstats.sweeping.candidates import SweepError, pickled, told
from keras_cnnstats.sweeping.child import Task
from keras_cnnstats.sweeping.children import Batch, worked
from keras_cnnstats.sweeping.columns import Values, row
from keras_cnnstats.sweeping.work import Work

SECONDS_OF_A_BATCH = 0.5
"""What a batch is meant to take: a scheduler that costs 10 ms for each then costs 2 %."""

BATCH_AT_MOST = 256

BATCHES_OF_A_WORKER = 2
"""One at work, and one that waits."""


class Here:
    """Builds one model after another in this process."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        from keras_cnnstats.sweeping.measuring import Settings

        self._settings = Settings(**asked)

    def rows(self, work: Work) -> Iterator[Values]:
        """Yields the rows of all models that are still to do."""
        from keras_cnnstats.sweeping.measuring import measured

        while (candidate := work.next()) is not None:
            yield measured(candidate, self._settings)


class Workers:
    """Hands models in batches to an executor, and keeps it busy."""

    def __init__(
        self, executor: Executor, asked: Mapping[str, Any], timeout: float | None, size: int, batch: int | None
    ) -> None:
        self._executor, self._timeout = executor, timeout
        self._asked = pickled({**asked, "keras": _keras()}, "what all models are analysed with")
        self._at_once, self._batch = size * BATCHES_OF_A_WORKER, batch
        self._backend = sys.modules["keras"].backend.backend() if "keras" in sys.modules else None
        self._alone: deque[Task] = deque()
        self._seconds, self._count = 0.0, 0

    def rows(self, work: Work) -> Iterator[Values]:
        """Yields the rows of all models that are still to do, as they come."""
        pending: dict[Future[list[Values]], tuple[Task, ...]] = {}
        try:
            while True:
                while len(pending) < self._at_once and (tasks := self._tasks(work)):
                    pending[self._submitted(tasks)] = tasks
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield from self._rows_of(future, pending.pop(future))
        finally:
            for future in pending:
                future.cancel()

    def _tasks(self, work: Work) -> tuple[Task, ...]:
        """What a worker is handed next: models that may have killed one go by themselves."""
        if self._alone:
            return (self._alone.popleft(),)
        found: list[Task] = []
        while len(found) < self._size and (candidate := work.next()) is not None:
            found.append(Task(candidate.name, pickled(candidate, f"{candidate.name!r}: its builder"), self._asked))
        return tuple(found)

    @property
    def _size(self) -> int:
        if self._batch is not None:
            return self._batch
        mean = self._seconds / self._count if self._count else SECONDS_OF_A_BATCH
        return max(1, min(BATCH_AT_MOST, int(SECONDS_OF_A_BATCH / max(mean, 1e-6))))

    def _submitted(self, tasks: tuple[Task, ...]) -> "Future[list[Values]]":
        try:
            return self._executor.submit(worked, Batch(tasks, self._timeout, self._backend))
        except (BrokenExecutor, RuntimeError) as error:
            raise SweepError(
                f"executor: it takes no more work: {told(error)}. Rows that are there are in `output`, if that was "
                "given: the same call with another executor goes on behind them."
            ) from error

    def _rows_of(self, future: "Future[list[Values]]", tasks: tuple[Task, ...]) -> list[Values]:
        try:
            rows = future.result()
        except SweepError:
            raise
        except (ImportError, AttributeError, PickleError) as error:
            raise SweepError(
                f"executor: its workers cannot do this: {told(error)}. They need keras_cnnstats, keras and a backend, "
                "in the versions of this process."
            ) from error
        except Exception as error:
            if len(tasks) > 1:
                self._alone.extend(tasks)
                return []
            return [row(name=tasks[0].name, error=f"worker died: {told(error)}")]
        self._seconds += sum(each["seconds"] or 0 for each in rows)
        self._count += len(rows)
        return rows


def _keras() -> dict[str, str]:
    """What Keras was told here once for all models."""
    if "keras" not in sys.modules:
        return {}
    config = sys.modules["keras"].config
    return {
        "floatx": config.floatx(),
        "image_data_format": config.image_data_format(),
        "dtype_policy": config.dtype_policy().name,
    }
