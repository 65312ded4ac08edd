"""The process that builds and analyses: reads one model after another from its standard input, and answers with rows.

It ends when its standard input does: nothing is left behind by a sweep that is killed, whatever a builder hangs in.
"""

import gc
import os
import pickle
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple

from keras_cnnstats.collector import start

READY, TAKEN = "ready", "taken"
"""What is said when Keras is there, and when a model was taken: its time begins."""


class Task(NamedTuple):
    """A model, as it goes to another process.

    Attributes:
        name: what its row is called.
        candidate: the model, pickled.
        settings: how it is analysed, and what Keras was told once for all models, pickled.
    """

    name: str
    candidate: bytes
    settings: bytes


def main() -> None:
    """Answers until there is nothing more to read."""
    with os.fdopen(os.dup(1), "wb") as answers:
        # What builders print is no answer.
        os.dup2(2, 1)
        tasks: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        # Before Keras, which takes seconds: who started this may be gone by then.
        threading.Thread(target=_read, args=(tasks,), daemon=True).start()
        try:
            start("keras_cnnstats.sweeping.measuring")
        except Exception:
            # At the end of its answers this process is ended: why is said before.
            traceback.print_exc()
            return
        # Models that are gone are searched for between two of them, and not while one is built.
        gc.disable()
        _say(READY, answers)
        while True:
            task = Task._make(tasks.get())
            _say(TAKEN, answers)
            _say(_row(task), answers)
            gc.collect()


def _read(tasks: "SimpleQueue[tuple[Any, ...]]") -> None:
    """Passes on what comes; at the end of it ends the process, also in the middle of a model."""
    try:
        while True:
            tasks.put(pickle.load(sys.stdin.buffer))
    finally:
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            # What a builder has started ends too.
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGTERM)


def _say(answer: Any, answers: BinaryIO) -> None:
    pickle.dump(answer, answers)
    answers.flush()


def _row(task: Task) -> dict[str, Any]:
    import keras

    from keras_cnnstats.sweeping.candidates import told
    from keras_cnnstats.sweeping.columns import row
    from keras_cnnstats.sweeping.measuring import Settings, measured

    try:
        candidate, asked = pickle.loads(task.candidate), pickle.loads(task.settings)
    except (Exception, SystemExit) as error:
        return row(name=task.name, error=f"its builder cannot be read in another process: {told(error)}")
    # Builders before may have left it otherwise.
    for name, value in asked.pop("keras").items():
        getattr(keras.config, f"set_{name}")(value)
    return measured(candidate, Settings(**asked))
