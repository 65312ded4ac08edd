"""The file of a run of training: a line for each epoch, on disk when it is reported, mended when the run was killed."""

import os
import tempfile
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from keras_cnnstats.callbacks.lines import FORMATS, Epoch, Format
from keras_cnnstats.callbacks.names import EPOCH, STAGE
from keras_cnnstats.errors import CallbackError
from keras_cnnstats.render.files import deliver_bytes


class EpochFile:
    """One line an epoch in a `.csv` or `.jsonl` file, which a run that was killed goes on with.

    With `append=False` a new file takes the place of an old one at the first epoch, not before.

    Args:
        path: the file; its ending names the format.
        append: whether to go on with what the file holds.

    Raises:
        CallbackError: the ending is another, the place cannot be written, or the file holds something else.
    """

    def __init__(self, path: str | os.PathLike[str], append: bool = False) -> None:
        self.path = os.path.realpath(os.fsdecode(path))
        self._format = _format(self.path)
        _check_place(self.path)
        self._rows: list[Epoch] = []
        self._columns: dict[str, None] = {STAGE: None, EPOCH: None}
        self._stage = 0
        # Whether the file is what the rows say, so that a line more is all that the next row needs.
        self._is_in_order = False
        if append and os.path.exists(self.path):
            self._read()

    @property
    def rows(self) -> list[Epoch]:
        """What the file holds, an epoch each; every one has all columns."""
        return [{name: row.get(name) for name in self._columns} for row in self._rows]

    def start(self, initial_epoch: int = 0) -> int:
        """Returns the stage that a fit is: the last one where it goes on at a later epoch, else one more.

        Epochs that the fit will do again are taken out of the file.

        Raises:
            CallbackError: the file cannot be written.
        """
        if not self._rows:
            self._stage = 0
            return self._stage
        self._stage = self._rows[-1][STAGE] + (0 if initial_epoch else 1)
        kept = [row for row in self._rows if row[STAGE] != self._stage or row[EPOCH] < initial_epoch]
        if len(kept) < len(self._rows) or not self._is_in_order:
            self._rows = kept
            try:
                self._write_anew()
            except OSError as error:
                raise _unwritable(self.path, error) from error
        return self._stage

    def write(self, row: Mapping[str, Any]) -> None:
        """Adds an epoch; when this returns, it is on disk.

        Args:
            row: numbers by name, `epoch` among them; `stage` is that of the last `start` unless it is given.

        Raises:
            OSError: the disk is full or gone. The epoch is kept, and the next that can be written brings it along.
        """
        named = {_encodable(name): _number(value) for name, value in {STAGE: self._stage, **row}.items()}
        widens = not self._columns.keys() >= named.keys()
        self._columns |= dict.fromkeys(named)
        self._rows.append(named)
        if self._is_in_order and not (widens and self._format.has_head):
            self._is_in_order = False
            _append(self.path, self._format.lines([named], list(self._columns)))
            self._is_in_order = True
        else:
            self._write_anew()

    def _read(self) -> None:
        with open(self.path, "rb") as file:
            written = file.read()
        # A line without an end was being written when the run was killed, even if it looks whole.
        whole, end, _ = written.rpartition(b"\n")
        try:
            self._rows = self._format.rows((whole + end).decode())
        except ValueError as error:
            raise CallbackError(
                f"{self.path}: expected a line for each epoch, with `{STAGE}` and `{EPOCH}`. Received: {error}. "
                "Name another file, or begin this one anew with append=False."
            ) from error
        for row in self._rows:
            self._columns |= dict.fromkeys(row)
        head = self._format.head(list(self._columns))
        self._is_in_order = written == (head + self._format.lines(self._rows, list(self._columns))).encode()

    def _write_anew(self) -> None:
        self._is_in_order = False
        columns = list(self._columns)
        text = self._format.head(columns) + self._format.lines(self._rows, columns)
        # At each moment the old file or the new one is there, and whole.
        deliver_bytes(text.encode(), self.path, durable=True)
        self._is_in_order = True


def _format(path: str) -> Format:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in FORMATS:
        known = " or ".join(f"`{name}`" for name in FORMATS)
        raise CallbackError(f"path: expected a file that ends in {known}. Received: {path!r}.")
    return FORMATS[suffix]


def _check_place(path: str) -> None:
    """Tries what will be done there: a file beside it, and the file itself if there is one."""
    try:
        if os.path.exists(path):
            if not os.path.isfile(path):
                raise IsADirectoryError("it is no file")
            with open(path, "r+b"):
                pass
        with tempfile.TemporaryFile(dir=os.path.dirname(path)):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> CallbackError:
    return CallbackError(f"{path}: expected a place that can be written. Received: {error.strerror or error}.")


def _number(value: Any) -> Any:
    """A number as Python's own; what is none stays what it is."""
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def _encodable(name: str) -> str:
    # A lone surrogate is no character: no file takes it.
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _append(path: str, line: str) -> None:
    # Not "a", which would begin a file without a head where somebody has taken this one away.
    with open(path, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())
