"""A model's training function, which keeps the time of its calls and knows the batches that it was run on."""

from time import perf_counter
from typing import Any, Protocol

import keras

from keras_cnnstats.callbacks.tally import Tally, TensorFlowTally


class Listener(Protocol):
    """Somebody who wants to know of each step."""

    def begun(self, now: float) -> bool:
        """A step is called; returns whether to go on listening."""

    def called(self) -> None:
        """The step has returned; its results need not be there yet."""

    def cancelled(self) -> None:
        """The step has raised something instead, such as that there is no data any more."""


class CountedFunction:
    """Stands in a model's `train_function`, and stays there, as Keras keeps its own: it is compiled once.

    Attributes:
        function: the training function.
        tally: the batches that it was run on.
        listener: who is told of each step; `None` while nobody wants to know.
    """

    def __init__(self, function: Any, tally: Tally) -> None:
        self.function = function
        self.tally = tally
        self.listener: Listener | None = None

    def __call__(self, *arguments: Any) -> Any:
        listener = self.listener
        if listener is None or not listener.begun(perf_counter()):
            return self.function(*arguments)
        try:
            returned = self.function(*self.tally.watched(arguments))
        except BaseException:
            listener.cancelled()
            raise
        listener.called()
        return returned

    def listen(self, listener: Listener | None) -> None:
        """Tells somebody of each step from now on, or nobody."""
        self.listener = listener
        self.tally.forget()


def counted(model: Any) -> CountedFunction:
    """Returns a model's training function, put in the place of the one that Keras has made for it."""
    if isinstance(model.train_function, CountedFunction):
        return model.train_function
    if keras.backend.backend() == "tensorflow":
        noting = TensorFlowTally(model.distribute_strategy)
        found = CountedFunction(_with_noting_steps(model, noting), noting)
    else:
        model.make_train_function()
        found = CountedFunction(model.train_function, Tally())
    model.train_function = found
    return found


def _with_noting_steps(model: Any, tally: TensorFlowTally) -> Any:
    """A training function, not traced yet, of a step that notes what it is fed."""
    written = "train_step" in vars(model)
    before = model.train_step
    model.train_step = tally.step(before)
    try:
        model.make_train_function(force=True)
    finally:
        if written:
            model.train_step = before
        else:
            del model.train_step
    return model.train_function
