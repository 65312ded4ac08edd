"""The rows of all epochs: of this run, of the stages before it, and of a run that it goes on with."""

from typing import Any

from keras_cnnstats.callbacks.coordinator import is_coordinator
from keras_cnnstats.callbacks.files import EpochFile
from keras_cnnstats.callbacks.names import EPOCH, STAGE

Row = dict[str, Any]


class Stages:
    """Rows of epochs. A fit that begins at epoch 0 is a new stage; one that begins later goes on with the last.

    Of several processes each has all rows, and the coordinator alone writes them.

    Attributes:
        rows: one for each epoch.
        stage: the stage that is under way.
        epoch: the epoch that is under way.
    """

    def __init__(self, file: EpochFile | None = None) -> None:
        self.file = file
        self.rows: list[Row] = [] if file is None else file.rows
        self.stage = 0
        self.epoch = 0

    def begin(self, epoch: int) -> None:
        """Begins a fit at an epoch: rows of epochs that it does again are dropped.

        >>> stages = Stages()
        >>> stages.begin(0), stages.add(0, {}), stages.add(1, {}), stages.begin(1), len(stages.rows)
        (None, None, None, None, 1)
        """
        if self.rows:
            self.stage = self.rows[-1][STAGE] + (epoch == 0)
        self.rows = [row for row in self.rows if row[STAGE] != self.stage or row[EPOCH] < epoch]
        if self.file is not None and is_coordinator():
            self.file.start(epoch)

    def add(self, epoch: int, values: Row) -> None:
        """Adds an epoch; if there is a file, it is on disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        row = {STAGE: self.stage, EPOCH: epoch, **values}
        self.rows.append(row)
        if self.file is not None and is_coordinator():
            self.file.write(row)
