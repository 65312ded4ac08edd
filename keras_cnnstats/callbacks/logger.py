"""`StatsLogger`: a model's statistics beside the loss, epoch by epoch."""

import warnings
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import keras

from keras_cnnstats import units
from keras_cnnstats.callbacks import names
from keras_cnnstats.callbacks.budget import Budget
from keras_cnnstats.callbacks.coordinator import is_coordinator
from keras_cnnstats.callbacks.costs import Costs
from keras_cnnstats.callbacks.files import EpochFile
from keras_cnnstats.callbacks.meter import Meter
from keras_cnnstats.callbacks.place import keep_off_progress_bar, list_with, put_first
from keras_cnnstats.callbacks.shapes import batch_of
from keras_cnnstats.callbacks.stages import Stages
from keras_cnnstats.callbacks.zeros import share_of_zeros
from keras_cnnstats.console import show
from keras_cnnstats.errors import CallbackError, CNNStatsWarning
from keras_cnnstats.reports import Report

if TYPE_CHECKING:
    import pandas

    from keras_cnnstats.callbacks.board import Board
    from keras_cnnstats.callbacks.curves import Reading


class StatsLogger(keras.callbacks.Callback):
    """Puts what each epoch cost, and how fast the machine worked, into its `logs`.

    `History`, `CSVLogger`, `TensorBoard`, MLflow and Weights & Biases find it there beside the loss. The place among
    the callbacks does not matter, since this one lets itself be called first; the progress bar leaves it out. The names
    are the constants of `keras_cnnstats.callbacks.names`, all with the prefix `stats_`: parameters in all, trainable
    and frozen; FLOPs of one sample, forward and in training; samples and FLOPs of the epoch, FLOPs so far; seconds of
    training alone, samples and FLOPs a second; the share of zero weights. What is unknown is `nan` in `logs`, and
    `None` in `rows`.

    Samples are those really seen, whatever feeds them. The model is analysed once for each shape of a sample, and again
    when its weights, their dtypes or what is trained of it change. Nothing waits for the device between two epochs, but
    for a budget that is nearly spent.

    Args:
        filename: a `.csv` or `.jsonl` file with a line for each epoch, on disk as soon as the epoch ends.
        append: whether a file that is there goes on, as after a killed run, with its FLOPs and seconds.
        log_dir: a folder for TensorBoard: the statistics, and once the report's table and its receptive fields.
        peak_flops: FLOPs a second that the machine can do at most, for the utilisation.
        max_flops: FLOPs of training after which it stops, at the end of the step that spends them.
        max_seconds: seconds of training after which it stops, likewise.
        convention: how FLOPs are counted, as in `analyze`.
        zero_weights: whether to count the weights that are zero at the end of each epoch.

    Raises:
        ConventionError: `convention` is not one of the five.
        CallbackError: another argument is not valid, or the file cannot be written.

    Example:

    >>> import keras, numpy as np, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model.compile("sgd", "mse")
    >>> logger = cnnstats.StatsLogger()
    >>> history = model.fit(np.ones((10, 4)), np.ones((10, 2)), batch_size=4, verbose=0, callbacks=[logger])
    >>> history.history["stats_samples"], history.history["stats_epoch_flops"]
    ([10], [240])
    """

    # Keras may go on with the next step before our hook has seen the last.
    async_safe = True

    def __init__(
        self,
        filename: str | PathLike[str] | None = None,
        *,
        append: bool = False,
        log_dir: str | PathLike[str] | None = None,
        peak_flops: float | None = None,
        max_flops: float | None = None,
        max_seconds: float | None = None,
        convention: str = "textbook",
        zero_weights: bool = True,
    ) -> None:
        super().__init__()
        units.check_convention(convention)
        for name, value in (("peak_flops", peak_flops), ("max_flops", max_flops), ("max_seconds", max_seconds)):
            _check_amount(name, value)
        if append and filename is None:
            raise CallbackError("StatsLogger: append=True goes on with a file: expected filename=. Received: None.")
        self.peak_flops = peak_flops
        self.zero_weights = zero_weights
        self._stages = Stages(None if filename is None else EpochFile(filename, append=append))
        self._board = None if log_dir is None else _board(log_dir)
        self._costs = Costs(convention)
        self._budget = Budget(None if max_flops is None else int(max_flops), max_seconds)
        self._meter = Meter(self._costs, self._budget, lambda what: self._guarded("count", what))
        self._undo: Callable[[], None] = _nothing
        self._is_new_fit = True
        self._is_second = False
        self._is_shown = False
        self._warned: set[str] = set()

    # What is left

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One for each epoch, those of a file that went on included: what was in `logs`, the statistics among it."""
        return self._stages.rows

    @property
    def report(self) -> Report | None:
        """The report of the model as it was analysed last."""
        return self._costs.report

    @property
    def analyses(self) -> int:
        """How often the model was analysed."""
        return self._costs.analyses

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns one row for each epoch as a `pandas.DataFrame`."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def plot(self, metric: str | None = None, against: str | None = "epoch", ax: Any = None) -> Any:
        """Draws the curves of training and validation over epochs, seconds or FLOPs; needs matplotlib.

        Args:
            metric: what is drawn; the first accuracy by default, or else the loss.
            against: `"epoch"`, `"seconds"` or `"flops"`; `None` for all three beside each other.
            ax: axes to draw on.
        """
        from keras_cnnstats.callbacks.plots import plot

        return plot(self.rows, metric, against, ax)

    def read_curves(self, metric: str | None = None) -> "Reading":
        """Returns what the curves of training and validation say: overfitting, too little capacity, still improving."""
        from keras_cnnstats.callbacks.curves import read_curves

        return read_curves(self.rows, metric)

    # What Keras calls

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        callbacks = list_with(self)
        if callbacks is not None and not self._is_alone(callbacks):
            return
        if callbacks is not None:
            put_first(self, callbacks)
            self._undo = keep_off_progress_bar(callbacks)
        self._begin()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._is_second:
            return
        if self._is_new_fit:
            self._is_new_fit = False
            self._guarded("file", lambda: self._stages.begin(epoch))
        self._stages.epoch = epoch
        self._meter.begin_epoch(*self._so_far())

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if not self._is_second:
            self._meter.ended()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._is_second:
            self._guarded("count", self._meter.settle)
            self._guarded("epoch", lambda: self._end_epoch(epoch, {} if logs is None else logs))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._is_second:
            self._is_second = False
            return
        self._undo()
        self._undo = _nothing
        self._meter.detach()
        if self._board is not None:
            self._guarded("board", self._board.close)
        if self._budget.spent and is_coordinator():
            show(f"StatsLogger: training stopped: {self._budget.spent}.", verbose=True)

    # Custom training loops

    def start(self, model: Any, initial_epoch: int = 0) -> "StatsLogger":
        """Begins the training of a model in a custom loop, around `train_on_batch` or anything else.

        Args:
            model: the model, compiled where the loop calls its `train_on_batch`.
            initial_epoch: the epoch that the loop begins with, as of `fit`.

        Example:

        >>> import keras, numpy as np, keras_cnnstats as cnnstats
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> logger = cnnstats.StatsLogger().start(model)
        >>> for _ in range(3):
        ...     loss = model.train_on_batch(np.ones((10, 4)), np.ones((10, 2)))
        ...     more = logger.step()
        >>> logger.end_epoch()["stats_samples"]
        30
        >>> logger.finish()
        """
        self.set_model(model)
        self._begin()
        self.on_epoch_begin(initial_epoch)
        return self

    def step(self, x: Any = None) -> bool:
        """Notes that a step of training is done; returns whether the budget allows another one.

        Args:
            x: what the step was fed, where the loop does not go through the model's `train_on_batch`.
        """
        if x is not None:
            self._guarded("count", lambda: self._meter.stepped(batch_of((x,))))
        self._meter.ended()
        return not self._budget.spent

    def end_epoch(self, logs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ends an epoch and begins the next; returns `logs` with the statistics."""
        found, epoch = dict(logs or {}), self._stages.epoch
        self.on_epoch_end(epoch, found)
        self.on_epoch_begin(epoch + 1)
        return found

    def finish(self) -> None:
        """Ends the training of a custom loop."""
        self.on_train_end()

    # How

    def _begin(self) -> None:
        self._is_second = False  # it still is after a fit that broke off
        self._budget.spent = ""
        self._is_new_fit = True
        self._meter.attach(self.model)

    def _is_alone(self, callbacks: Any) -> bool:
        loggers = [each for each in callbacks.callbacks if isinstance(each, StatsLogger)]
        if len(loggers) > 1 and loggers[0] is self:
            for each in loggers[1:]:
                each._is_second = each is not self
            self._warn("twice", "the callbacks of this fit have a StatsLogger twice: only the first one works")
        return loggers[0] is self

    def _so_far(self) -> tuple[int | None, float]:
        """FLOPs and seconds of the epochs before this one."""
        if not self.rows:
            return 0, 0.0
        last = self.rows[-1]
        return last.get(names.TOTAL_FLOPS), last.get(names.TOTAL_SECONDS) or 0.0

    def _end_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        meter = self._meter
        found = meter.epoch.row(self.model, self.peak_flops)
        found[names.TOTAL_FLOPS], found[names.TOTAL_SECONDS] = meter.flops, meter.seconds
        if self.zero_weights:
            found[names.ZERO_WEIGHTS] = share_of_zeros(self.model)
        if self._budget.flops is not None and meter.flops is None:
            self._warn("budget", "FLOPs of this training are unknown, so that max_flops cannot stop it")
        row = {**logs, **found}
        logs.update({name: float("nan") if value is None else value for name, value in found.items()})
        self._guarded("file", lambda: self._stages.add(epoch, row))
        if is_coordinator():
            self._guarded("board", lambda: self._show_on_board(row))

    def _show_on_board(self, row: Mapping[str, Any]) -> None:
        if self._board is None:
            return
        self._board.epoch(len(self.rows) - 1, row)
        if self.report is not None and not self._is_shown:
            self._is_shown = True
            self._board.report(self.report)

    def _guarded(self, part: str, what: Callable[[], Any]) -> None:
        """Runs something of ours; if it fails, training goes on with one warning."""
        try:
            what()
        except Exception as error:
            if part == "count":
                self._meter.epoch.lose()
            self._warn(part, f"{_SAID[part]}: {type(error).__name__}: {error}")

    def _warn(self, part: str, text: str) -> None:
        if part not in self._warned and is_coordinator():
            self._warned.add(part)
            warnings.warn(f"StatsLogger: {text}. Training goes on.", CNNStatsWarning, stacklevel=2)


_SAID = {
    "count": "what this training costs is unknown",
    "epoch": "the statistics of an epoch are missing",
    "file": "epochs are missing in the file",
    "board": "TensorBoard gets nothing",
}


def _check_amount(name: str, value: float | None) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (is_number and value > 0):
        raise CallbackError(f"StatsLogger: {name}: expected a number above 0, or None. Received: {value!r}.")


def _board(log_dir: str | PathLike[str]) -> "Board":
    from keras_cnnstats.callbacks.board import Board

    return Board(log_dir)


def _nothing() -> None:
    """Undoes nothing."""
