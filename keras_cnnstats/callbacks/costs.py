"""What one sample costs to train on, by its shape and by what of the model is trained; analysed once for each."""

from typing import Any, NamedTuple

from keras_cnnstats.analysis import analyze
from keras_cnnstats.callbacks.shapes import Batch
from keras_cnnstats.reports import Report


class Cost(NamedTuple):
    """FLOPs of one sample.

    Attributes:
        forward: forwards; `None` where a row is unknown.
        training: in a step of training; `None` where a row is unknown.
    """

    forward: int | None
    training: int | None


class Costs:
    """Analyses of a model as training meets it.

    Attributes:
        report: the report of the last analysis.
        analyses: how many there were.
    """

    def __init__(self, convention: str) -> None:
        self.convention = convention
        self.report: Report | None = None
        self.analyses = 0
        self.model: Any = None
        self.state: Any = None
        self.known: dict[Any, Cost] = {}

    def follow(self, model: Any) -> None:
        """Looks whether the model is still the one that was analysed: the same weights, frozen or not, dtypes."""
        state = state_of(model)
        if model is not self.model or state != self.state:
            self.model, self.state, self.known, self.report = model, state, {}, None

    def of(self, batch: Batch) -> Cost:
        """The cost of one sample of a batch."""
        key = batch.structure, batch.shapes
        if key not in self.known:
            report = self._analyzed(batch)
            self.analyses += 1
            self.report = report
            totals = report.totals
            self.known[key] = Cost(
                None if totals.unknown_rows else totals.flops,
                None if totals.unknown_train_rows else totals.train_flops,
            )
        return self.known[key]

    def _analyzed(self, batch: Batch) -> Report:
        if self._is_sized(batch):
            return analyze(self.model, convention=self.convention)
        return analyze(self.model, convention=self.convention, input_shape=batch.structure.filled(batch.shapes))

    def _is_sized(self, batch: Batch) -> bool:
        """Whether the model says of itself that its samples have these shapes."""
        inputs = getattr(self.model, "inputs", None) or []
        return [tuple(each.shape[1:]) for each in inputs] == list(batch.shapes)


def state_of(model: Any) -> tuple[Any, ...]:
    """Returns what has to stay the same for a model to cost the same."""
    frozen = {id(weight) for weight in model.trainable_weights}
    return tuple([(id(each), id(each) in frozen, tuple(each.shape), str(each.dtype)) for each in model.weights])
