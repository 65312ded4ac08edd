"""A model's training function, which keeps the time of its calls and knows the batches that it was run on."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import keras

from keras_cnnstats.callbacks.tally import Tally, TensorFlowTally

Listener = Callable[[float], None]


class CountedFunction:
    """Stands in a model's `train_function`, and stays there, as Keras keeps its own: it is compiled once.

    Attributes:
        function: the training function.
        tally: the batches that it was run on.
        before: called when a step begins, with the time; `None` while nobody wants to know.
        after: called when it has returned, with the time.
    """

    def __init__(self, function: Any, tally: Tally) -> None:
        self.function = function
        self.tally = tally
        self.before: Listener | None = None
        self.after: Listener | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self.before is None or self.after is None:
            return self.function(*arguments)
        self.before(perf_counter())
        returned = self.function(*self.tally.watched(arguments))
        self.after(perf_counter())
        return returned

    def listen(self, before: Listener | None, after: Listener | None) -> None:
        """Tells somebody of each step from now on, or nobody."""
        self.before, self.after = before, after
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
