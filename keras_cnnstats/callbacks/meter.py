"""What training costs while it runs: samples, FLOPs and seconds of its steps, and what of a budget is left."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

from keras_cnnstats.callbacks.budget import Budget
from keras_cnnstats.callbacks.clock import Clock
from keras_cnnstats.callbacks.costs import Costs
from keras_cnnstats.callbacks.counted import CountedFunction, counted
from keras_cnnstats.callbacks.epoch import Epoch
from keras_cnnstats.callbacks.shapes import Batch
from keras_cnnstats.callbacks.tally import CAPACITY

Guard = Callable[[Callable[[], None]], None]


class Meter:
    """Measures the steps of a model's training function.

    Attributes:
        costs: the analyses of the model.
        budget: what may be spent.
        epoch: the sums of the epoch that is under way.
        flops_before: FLOPs of the epochs before it; `None` where they are unknown.
        seconds_before: their seconds.
    """

    def __init__(self, costs: Costs, budget: Budget, guard: Guard) -> None:
        self.costs = costs
        self.budget = budget
        self.guard = guard
        self.clock = Clock()
        self.epoch = Epoch()
        self.flops_before: int | None = 0
        self.seconds_before = 0.0
        self.model: Any = None
        self.function: CountedFunction | None = None
        # Keras makes a new one for each fit.
        self.history: Any = None
        # Of the steps that were called and whose results are not there yet, whether each is a first one.
        self.under_way: deque[bool] = deque()
        self.unsettled = 0
        self.is_first = True
        self.is_new_epoch = True

    def attach(self, model: Any) -> None:
        """Begins to measure the training of a model."""
        self.model, self.function, self.history = model, None, getattr(model, "history", None)
        self.clock.reset()
        self.under_way.clear()
        self.is_first, self.unsettled = True, 0
        self.guard(self._listen)

    def _listen(self) -> None:
        self.costs.follow(self.model)
        if not self.model.compiled:  # it is trained by a loop that says itself what it is fed
            return
        self.function = counted(self.model)
        self.function.listen(self)

    def detach(self) -> None:
        """Ends it."""
        if self.function is not None:
            function = self.function
            self.guard(lambda: function.listen(None))

    def begin_epoch(self, flops_before: int | None, seconds_before: float) -> None:
        """Begins a new epoch."""
        self.epoch, self.is_new_epoch = Epoch(dearest=self.epoch.dearest), True
        self.flops_before, self.seconds_before = flops_before, seconds_before

    def ended(self) -> None:
        """The results of a step are there."""
        if self.under_way:
            added = self.clock.end(perf_counter())
            if self.under_way.popleft():
                self.epoch.compile_seconds += added
            else:
                self.epoch.seconds += added
            self._stop_if_spent()

    def stepped(self, batch: Batch) -> None:
        """A step was done that did not go through the training function."""
        if self.function is not None:
            self.function.tally.forget()
        self.clock.begin(self.clock.covered or perf_counter())
        self.under_way.append(self.is_first)
        self._follow(is_traced=False)
        self.epoch.add([batch], self.costs, timed=not self.is_first)
        self.is_first = False

    def settle(self) -> None:
        """Adds up the steps that were noted: where TensorFlow has noted them, this waits for the device."""
        if self.function is not None:
            self._settle(apart=0)

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self.seconds_before + self.epoch.seconds + self.epoch.compile_seconds

    @property
    def flops(self) -> int | None:
        """FLOPs of training so far, of the steps that are settled."""
        return None if self.flops_before is None or self.epoch.flops is None else self.flops_before + self.epoch.flops

    def begun(self, now: float) -> bool:
        """The training function is called; a later fit than the one that is measured, which broke off, is let alone."""
        if getattr(self.model, "history", None) is not self.history:
            self.detach()
            return False
        self.clock.begin(now)
        return True

    def called(self) -> None:
        """The training function has returned."""
        self.guard(self._note_call)

    def cancelled(self) -> None:
        """The training function has raised something."""
        self.clock.cancel()

    def _note_call(self) -> None:
        assert self.function is not None
        tally = self.function.tally
        is_traced = tally.was_traced()
        is_apart = self.is_first or is_traced
        self.under_way.append(is_apart)
        self._follow(is_traced)
        self.is_first = False
        steps = self.model.steps_per_execution
        self.unsettled += steps
        if is_apart:
            self._settle(apart=steps)
        elif self.unsettled + steps > CAPACITY or self._is_nearly_spent(tally.is_at_hand):
            self._settle(apart=0)
        self._stop_if_spent()

    def _follow(self, is_traced: bool) -> None:
        """Looks at the model when it may be another: what is trained is fixed when a step is traced."""
        is_fixed = self.function is not None and self.function.tally.is_fixed
        if is_traced or (self.is_new_epoch and not is_fixed):
            self.costs.follow(self.model)
        self.is_new_epoch = False

    def _settle(self, apart: int) -> None:
        assert self.function is not None
        batches = self.function.tally.take()
        self.unsettled = 0
        cut = max(len(batches) - apart * self.function.tally.replicas, 0)
        self.epoch.add(batches[:cut], self.costs, timed=True)
        self.epoch.add(batches[cut:], self.costs, timed=False)

    def _is_nearly_spent(self, is_at_hand: bool) -> bool:
        if self.budget.flops is None:
            return False
        return is_at_hand or self.budget.is_near(self.flops, self.unsettled * self.epoch.dearest)

    def _stop_if_spent(self) -> None:
        if self.budget.is_spent(self.flops, self.seconds):
            self.model.stop_training = True
