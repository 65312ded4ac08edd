"""What the curves of training and validation say: overfitting, too little capacity, still improving, or nothing yet.

A high training accuracy with a low validation accuracy is overfitting, a low training accuracy is too little capacity.
Each change is held against the scatter from epoch to epoch, and what does not stand out of that is no claim.
"""

import re
from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any, NamedTuple

from keras_cnnstats.callbacks.names import EPOCH, PREFIX, STAGE
from keras_cnnstats.errors import CNNStatsError, nearest

FEWEST = 10
"""Epochs with both values, below which the scatter is not known well enough for a claim."""

WINDOW = 4
"""The last epochs are a quarter of all: their mean is held against that of as many before."""

CERTAIN = 6.0
"""Standard errors by which two means must differ to be told apart."""

STILL = 0.05
"""A curve that has made this share of its way in the last epochs is still improving."""

WORSE = 0.1
"""Validation that has fallen back by this share of the way that training has made is getting worse."""

GAP = 0.1
"""A share (accuracy and its like) that is lower by this in validation than in training is low."""

LOW = 0.8
"""A share that levels off below this in training is low."""

SHARES = ("accuracy", "acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "io_u", "iou")
"""Endings of metrics that rise, up to 1."""

RISING = (*SHARES, "r2_score", "cosine_similarity")
"""Endings of metrics of which more is better."""

FALLING = ("loss", "error", "mse", "mae", "rmse", "mape", "msle", "crossentropy", "divergence", "hinge", "poisson")
"""Endings of metrics of which less is better."""


class Reading(NamedTuple):
    """What the curves say.

    Attributes:
        verdict: `"overfitting"`, `"too little capacity"`, `"still improving"`, or nothing where there is no claim.
        text: the same with the figures that say so and what the textbook advises; or why there is no claim.
        figures: those figures: mean values of the last epochs, and what they were compared with.
    """

    verdict: str
    text: str
    figures: dict[str, float]

    def __str__(self) -> str:
        return self.text


class Curve(NamedTuple):
    """One curve, turned so that it rises when it gets better.

    Attributes:
        values: the value of each epoch.
        window: epochs that a mean is taken of.
    """

    values: tuple[float, ...]
    window: int

    def mean(self, end: int | None = None) -> float:
        """The mean of the window before an epoch; of the last epochs by default."""
        end = len(self.values) if end is None else end
        return sum(self.values[end - self.window : end]) / self.window

    @property
    def first(self) -> float:
        """The mean of the first epochs."""
        return self.mean(self.window)

    @property
    def recent(self) -> float:
        """How far the last epochs are above as many before."""
        return self.mean() - self.mean(len(self.values) - self.window)

    @property
    def way(self) -> float:
        """How far the last epochs are above the very first."""
        return self.mean() - self.values[0]

    @property
    def best(self) -> int:
        """The end of the best window."""
        return max(range(self.window, len(self.values) + 1), key=self.mean)

    @property
    def error(self) -> float:
        """The standard error of the difference of two means, from the scatter about a straight line through epochs."""
        steady = self.values[len(self.values) // 4 :]
        bends = [a - 2 * b + c for a, b, c in zip(steady, steady[1:], steady[2:], strict=False)]
        # The variance of a bend is 1 + 4 + 1 times that of an epoch.
        variance = sum(bend * bend for bend in bends) / len(bends) / 6
        return sqrt(2 * variance / self.window)

    @property
    def improves(self) -> bool:
        """Whether the last epochs are the best, and better than those before by enough to stand out and to matter."""
        # What comes back to where it was before is wandering.
        earlier = max(map(self.mean, range(self.window, len(self.values) - self.window + 1)))
        is_new = is_certain(self.mean() - earlier, self.error)
        return is_new and self.recent >= STILL * self.way


def is_certain(change: float, error: float) -> bool:
    """Returns whether a change stands out of the scatter."""
    return change > CERTAIN * error


def read_curves(rows: Sequence[Mapping[str, Any]], metric: str | None = None) -> Reading:
    """Returns what the curves of the last stage say.

    Args:
        rows: the epochs: `loss`, `val_loss`, `accuracy`, `val_accuracy`, ... by name.
        metric: which curve to read; by default the first accuracy, or one of its like, that has a `val_` twin, else
            the loss.

    Raises:
        CNNStatsError: no epoch has that metric.

    Example:

    >>> epochs = [{"accuracy": 1 - 0.5 * 0.7**epoch, "val_accuracy": 0.6} for epoch in range(20)]
    >>> print(read_curves(epochs))
    Overfitting: over the last 5 epochs, accuracy is 0.999 in training and 0.6 in validation, where it no longer \
improves. Fewer layers or parameters, or more data, are advised.
    """
    rows = [row for row in rows if row.get(STAGE) == rows[-1].get(STAGE)]
    metric = chosen(rows, metric)
    pairs = [(row.get(EPOCH, number), row.get(metric), row.get(f"val_{metric}")) for number, row in enumerate(rows)]
    known = [(epoch, float(a), float(b)) for epoch, a, b in pairs if a is not None and b is not None]
    sign = direction(metric)
    if rows and not known:
        return _none(f"no epoch has {metric} of both training and validation")
    if sign == 0:
        return _none(f"whether more or less of {metric} is better does not show in its name")
    for epoch, *values in known:
        if not all(map(isfinite, values)):
            return _none(f"in epoch {epoch}, {metric} or val_{metric} is no number any more")
    for number, row in enumerate(rows):
        if row.get("loss") is not None and not isfinite(row["loss"]):
            return _none(f"in epoch {row.get(EPOCH, number)}, loss is no number any more")
    if len(known) < FEWEST:
        return _none(f"{len(known)} epochs with {metric} and val_{metric}, and it takes {FEWEST}")
    window = max(len(known) // WINDOW, 3)
    train = Curve(tuple(sign * pair[1] for pair in known), window)
    validation = Curve(tuple(sign * pair[2] for pair in known), window)
    return _Pair(metric, sign, train, validation, _losses(rows, metric, window)).reading()


def chosen(rows: Sequence[Mapping[str, Any]], metric: str | None = None) -> str:
    """Returns the name of the curve that is meant, as it is called in training.

    Raises:
        CNNStatsError: no epoch has that metric.
    """
    names = list(dict.fromkeys(name for row in rows for name in row if not name.startswith(PREFIX)))
    metrics = [name for name in names if not name.startswith("val_") and name not in (STAGE, EPOCH)]
    if metric is None:
        shares = [name for name in metrics if is_share(name) and f"val_{name}" in names]
        return [*shares, "loss"][0]
    name = metric.removeprefix("val_")
    if rows and name not in metrics:
        known = ", ".join(f"`{name}`" for name in metrics)
        raise CNNStatsError(f"metric: expected one of {known}. Received: {metric!r}.{nearest(metric, metrics)}")
    return name


def direction(metric: str) -> int:
    """Returns 1 where more is better, -1 where less is, 0 where the name does not say.

    >>> [direction(name) for name in ("accuracy_1", "val_loss", "head_mean_absolute_error", "surprise")]
    [1, -1, -1, 0]
    """
    return 1 if _ends(metric, RISING) else -1 if _ends(metric, FALLING) else 0


def is_share(metric: str) -> bool:
    """Returns whether the metric is at most 1, which is best."""
    return _ends(metric, SHARES)


def _ends(metric: str, endings: Sequence[str]) -> bool:
    name = re.sub(r"_\d+$", "", metric)
    return any(name == ending or name.endswith(f"_{ending}") for ending in endings)


def _losses(rows: Sequence[Mapping[str, Any]], metric: str, window: int) -> Curve | None:
    """The training loss beside another metric: it shows what was learned before a share of right answers does."""
    values = [row.get("loss") for row in rows]
    known = tuple(-float(value) for value in values if value is not None)
    return Curve(known, window) if metric != "loss" and len(known) >= max(2 * window, FEWEST) else None


def _none(why: str) -> Reading:
    return Reading("", f"No claim: {why}.", {})


class _Pair(NamedTuple):
    """The curves of a metric, and the training loss."""

    metric: str
    sign: int
    train: Curve
    validation: Curve
    loss: Curve | None

    def reading(self) -> Reading:
        epochs = f"over the last {self.train.window} epochs"
        levels = f"{self.metric} is {self._shown(self.train)} in training and {self._shown(self.validation)} in "
        if self._gets_worse or self._falls_behind:
            how = "got worse since it was best" if self._gets_worse else "no longer improves"
            advice = "Fewer layers or parameters, or more data, are advised."
            return self._claim("overfitting", f"{epochs}, {levels}validation, where it {how}. {advice}")
        if self.validation.improves and self._learns:
            before = self.sign * self.validation.mean(len(self.validation.values) - self.validation.window)
            change = f"val_{self.metric} went from {before:.3g} to {self._shown(self.validation)}"
            return self._claim("still improving", f"{epochs}, {change}. Training longer is advised.")
        if self._is_low:
            advice = "More capacity is advised: more layers, or more of each."
            return self._claim(
                "too little capacity", f"{epochs}, {levels}validation, and training has levelled off. {advice}"
            )
        return Reading("", f"No claim: {epochs}, {levels}validation, and {self._why_not()}.", self._figures())

    def _claim(self, verdict: str, text: str) -> Reading:
        return Reading(verdict, f"{verdict.capitalize()}: {text}", self._figures())

    @property
    def _gets_worse(self) -> bool:
        """Validation has fallen back since its best epochs, and training has gone on to improve."""
        best = self.validation.best
        back = self.validation.mean(best) - self.validation.mean()
        onward = self.train.mean() - self.train.mean(best)
        certain = is_certain(back, self.validation.error) and is_certain(onward, self.train.error)
        return certain and back >= WORSE * self.train.way

    @property
    def _falls_behind(self) -> bool:
        """Training has become better than validation, which does not follow; told of shares alone."""
        gap, at_first = self.train.mean() - self.validation.mean(), self.train.values[0] - self.validation.values[0]
        error = sqrt(self.train.error**2 + self.validation.error**2)
        # A single epoch scatters more than the mean of a window, of which the error is that of two.
        grown = is_certain(gap, error) and is_certain(gap - at_first, error * sqrt(self.train.window / 2))
        matters = gap >= GAP and gap - at_first >= GAP / 2
        return is_share(self.metric) and matters and grown and not self.validation.improves

    @property
    def _is_low(self) -> bool:
        """Training has learned something, and has levelled off at a low share, validation with it."""
        if not is_share(self.metric) or self._learns or not self._has_learned:
            return False
        is_low = is_certain(LOW - self.train.mean(), self.train.error)
        return is_low and abs(self.train.mean() - self.validation.mean()) < GAP

    @property
    def _learns(self) -> bool:
        """Whether training goes on to improve: the loss tells, as a share of few samples wanders by itself."""
        return (self.loss or self.train).improves

    @property
    def _has_learned(self) -> bool:
        # What never rose may as well have a wrong learning rate or wrong labels.
        curves = [self.train, *([] if self.loss is None else [self.loss])]
        return any(is_certain(curve.mean() - curve.first, curve.error) for curve in curves)

    def _why_not(self) -> str:
        if not self._has_learned:
            return "no change is larger than the scatter from epoch to epoch"
        if self._learns:
            return "training improves, but nothing is certain of validation"
        return "neither changes any more by what stands out of the scatter and matters"

    def _shown(self, curve: Curve) -> str:
        return f"{self.sign * curve.mean():.3g}"

    def _figures(self) -> dict[str, float]:
        train, validation = self.train, self.validation
        return {
            "epochs": len(train.values),
            "window": train.window,
            "train": self.sign * train.mean(),
            "validation": self.sign * validation.mean(),
            "best_validation": self.sign * validation.mean(validation.best),
            "train_change": self.sign * train.recent,
            "validation_change": self.sign * validation.recent,
            "train_error": train.error,
            "validation_error": validation.error,
        }
