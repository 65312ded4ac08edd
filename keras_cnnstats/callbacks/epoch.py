"""What one epoch has come to so far: samples, FLOPs and seconds of its training."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

from keras_cnnstats.callbacks import names
from keras_cnnstats.callbacks.costs import Costs
from keras_cnnstats.callbacks.shapes import Batch


@dataclass
class Epoch:
    """Sums over the steps of an epoch; a sum over something unknown is unknown.

    Attributes:
        samples: samples seen.
        forward: FLOPs forwards.
        flops: FLOPs of training.
        timed_samples: samples of the steps whose time counts: not of first steps.
        timed_flops: FLOPs of those.
        seconds: seconds of those.
        compile_seconds: seconds of first steps.
        dearest: FLOPs of the dearest step.
        is_lost: whether some steps could not be noted.
    """

    samples: int = 0
    forward: int | None = 0
    flops: int | None = 0
    timed_samples: int = 0
    timed_flops: int | None = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    dearest: int = 0
    is_lost: bool = False

    def add(self, batches: Iterable[Batch], costs: Costs, timed: bool) -> None:
        """Adds what some steps were fed."""
        for batch in batches:
            cost = costs.of(batch)
            flops = _times(batch.samples, cost.training)
            self.samples += batch.samples
            self.forward = _plus(self.forward, _times(batch.samples, cost.forward))
            self.flops = _plus(self.flops, flops)
            self.dearest = max(self.dearest, flops or 0)
            if timed:
                self.timed_samples += batch.samples
                self.timed_flops = _plus(self.timed_flops, flops)

    def lose(self) -> None:
        """Says of all sums over samples that they are unknown."""
        self.is_lost = True
        self.forward = self.flops = self.timed_flops = None

    def row(self, model: Any, peak_flops: float | None) -> dict[str, Any]:
        """The statistics of the epoch by name; `None` where one is unknown."""
        trainable = sum(prod(weight.shape) for weight in model.trainable_weights)
        params = sum(prod(weight.shape) for weight in model.weights)
        speed = _over(self.timed_flops, self.seconds)
        return {
            names.PARAMS: params,
            names.TRAINABLE_PARAMS: trainable,
            names.FROZEN_PARAMS: params - trainable,
            names.FORWARD_FLOPS: _mean(self.forward, self.samples),
            names.TRAIN_FLOPS: _mean(self.flops, self.samples),
            names.SAMPLES: None if self.is_lost else self.samples,
            names.EPOCH_FLOPS: self.flops,
            names.SECONDS: self.seconds,
            names.COMPILE_SECONDS: self.compile_seconds,
            names.SAMPLES_PER_SECOND: None if self.is_lost else _over(self.timed_samples, self.seconds),
            names.ACHIEVED_FLOPS: speed,
            names.UTILISATION: None if peak_flops is None or speed is None else speed / peak_flops,
        }


def _times(samples: int, flops: int | None) -> int | None:
    return None if flops is None else samples * flops


def _plus(before: int | None, more: int | None) -> int | None:
    return None if before is None or more is None else before + more


def _mean(total: int | None, samples: int) -> int | float | None:
    """Of one sample; an integer where all samples cost the same, or happen to come out even."""
    if total is None or not samples:
        return None
    whole, rest = divmod(total, samples)
    return total / samples if rest else whole


def _over(amount: int | None, seconds: float) -> float | None:
    return None if amount is None or not amount or seconds <= 0 else amount / seconds
