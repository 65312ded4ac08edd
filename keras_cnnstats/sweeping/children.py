"""Workers of a sweep: each thread has a process of its own, which may crash or hang and is then replaced.

What an executor is given runs here. That the model is one process further costs a pipe, and makes it indifferent where
the executor's workers are: no model takes one of them along, or blocks it for good.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from keras_cnnstats.sweeping.candidates import SweepError
from keras_cnnstats.sweeping.child import READY, TAKEN, Task
from keras_cnnstats.sweeping.columns import Values, row

STARTS_AT_MOST = 3
"""Processes that may end before they take a model, one after the other, until a sweep gives up."""

_CODE = "from keras_cnnstats.sweeping.child import main; main()"

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
"""Models without weights need no accelerator, and many processes would quarrel about its memory."""


class Batch(NamedTuple):
    """Some models, which go to a worker together.

    Attributes:
        tasks: the models.
        timeout: seconds that each of them may take; `None` where there is no limit.
        backend: the backend of Keras that they are built with.
    """

    tasks: tuple[Task, ...]
    timeout: float | None
    backend: str | None


class Child:
    """A process that builds and analyses one model after another."""

    def __init__(self, backend: str | None) -> None:
        self.backend = backend
        environment = {**_QUIET, **os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        environment |= {} if backend is None else {"KERAS_BACKEND": backend}
        environment |= {name: _QUIET[name] for name in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            # What a builder has started ends with it, and Control-C is the sweep's to deal with.
            start_new_session=True,
        )
        self.end = weakref.finalize(self, _ended, self._process)
        if self._heard() != READY:
            self.end()

    @property
    def is_there(self) -> bool:
        """Whether it can take a model."""
        return self.end.alive and self._process.poll() is None

    def take(self, task: Task) -> bool:
        """Hands a model over; returns whether it was taken."""
        try:
            assert self._process.stdin is not None
            pickle.dump(tuple(task), self._process.stdin)
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return bool(self._heard() == TAKEN)

    def row(self, task: Task, timeout: float | None) -> Values:
        """Returns the row of the model that was taken."""
        overdue = threading.Event()

        def late() -> None:
            overdue.set()
            self.end()

        clock = None if timeout is None else threading.Timer(timeout, late)
        if clock is not None:
            clock.start()
        answer = self._heard()
        if clock is not None:
            clock.cancel()
        if isinstance(answer, dict):
            return answer
        self.end()
        if overdue.is_set():
            return row(name=task.name, seconds=timeout, error=f"TimeoutError: not done after {timeout:g} seconds")
        return row(name=task.name, error=f"worker died: {_cause(self._process.returncode)}")

    def _heard(self) -> Any:
        """What the process says next; `None` where it has ended."""
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            return None


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process and all that it has started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue


def _cause(code: int | None) -> str:
    if code is None or code >= 0:
        return f"it ended with exit code {code}"
    name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
    return f"{name}, as when memory runs out" if name == "SIGKILL" else name


_mine = threading.local()


def _child(backend: str | None) -> Child:
    """This thread's process."""
    child: Child | None = getattr(_mine, "child", None)
    if child is None or child.backend != backend or not child.is_there:
        if child is not None:
            child.end()
        crew: Crew | None = getattr(_mine, "crew", None)
        child = _mine.child = Child(backend) if crew is None else crew.hired(backend)
    return child


def worked(batch: Batch) -> list[Values]:
    """Returns the rows of some models; one that crashes or hangs costs its own row alone.

    Raises:
        SweepError: no process can be started.
    """
    return [_worked(task, batch) for task in batch.tasks]


def _worked(task: Task, batch: Batch) -> Values:
    for _ in range(STARTS_AT_MOST):
        child = _child(batch.backend)
        if child.is_there and child.take(task):
            return child.row(task, batch.timeout)
        child.end()
    raise SweepError(
        f"no process can be started that builds models: {STARTS_AT_MOST} ended before they took one. What they said "
        f"is on standard error. Check that `{sys.executable} -c 'import keras_cnnstats, keras'` works."
    )


class Crew(ThreadPoolExecutor):
    """Threads of this process, each with a process that does the work."""

    def __init__(self, size: int) -> None:
        super().__init__(size, "cnnstats-sweep", self._join)
        self._lock = threading.Lock()
        self._children: list[weakref.ref[Child]] = []
        self._is_over = False

    def _join(self) -> None:
        _mine.crew = self

    def hired(self, backend: str | None) -> Child:
        """Returns a new process, which ends with this crew at the latest.

        Raises:
            SweepError: the crew has ended.
        """
        if self._is_over:
            raise SweepError("the sweep has ended.")
        child = Child(backend)
        with self._lock:
            self._children = [each for each in self._children if each() is not None]
            self._children.append(weakref.ref(child))
            if self._is_over:
                child.end()
        return child

    def dismiss(self) -> None:
        """Ends all processes, also in the middle of a model."""
        with self._lock:
            self._is_over = True
            children = [child for each in self._children if (child := each()) is not None]
        for child in children:
            child.end()
        self.shutdown(cancel_futures=True)
