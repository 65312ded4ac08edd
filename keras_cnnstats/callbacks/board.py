"""What TensorBoard shows of a run: the numbers of each epoch, and the report of the model as text and picture.

Written as tensors with the names of TensorBoard's plugins, which takes TensorFlow alone: TensorBoard may be elsewhere.
"""

import os
from collections.abc import Mapping
from io import BytesIO
from numbers import Real
from typing import Any

from keras_cnnstats.callbacks.names import EPOCH
from keras_cnnstats.errors import MissingDependencyError, missing
from keras_cnnstats.reports import Report

TABLE, FIELDS = "report", "receptive_field"
"""What the table and the picture are called there."""


class Board:
    """Writes event files into a folder.

    Args:
        log_dir: the folder; it is made with the first event.

    Raises:
        MissingDependencyError: TensorFlow is not installed.
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        self.log_dir = os.fsdecode(log_dir)
        self._tf = _tensorflow()
        self._writer: Any = None

    def epoch(self, number: int, row: Mapping[str, Any]) -> None:
        """Writes each number of an epoch, at the step `number`."""
        for name, value in row.items():
            if name != EPOCH and isinstance(value, Real):
                scalar = self._tf.constant(float(value), self._tf.float32)
                self._write(name, scalar, number, plugin="scalars", kind="DATA_CLASS_SCALAR")
        self._flush()

    def report(self, report: Report) -> None:
        """Writes the report's table, and how its receptive field grows."""
        self._text(TABLE, report.to_markdown() or "")
        try:
            drawn, width, height = _picture(report)
        except MissingDependencyError as error:
            self._text(FIELDS, f"No picture: {error}")
        else:
            image = self._tf.constant([str(width).encode(), str(height).encode(), drawn])
            self._write(FIELDS, image, 0, plugin="images", kind="DATA_CLASS_BLOB_SEQUENCE")
        self._flush()

    def close(self) -> None:
        """Closes the file; a later event begins another."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _text(self, name: str, text: str) -> None:
        tensor = self._tf.constant([text.encode("utf-8", "backslashreplace")])
        self._write(name, tensor, 0, plugin="text", kind="DATA_CLASS_TENSOR")

    def _write(self, name: str, tensor: Any, step: int, plugin: str, kind: str) -> None:
        tf = self._tf
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(self.log_dir)
        metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin), data_class=kind
        )
        with self._writer.as_default():
            tf.summary.write(name, tensor, step=step, metadata=metadata)

    def _flush(self) -> None:
        if self._writer is not None:
            self._writer.flush()


def _tensorflow() -> Any:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingDependencyError(
            "TensorBoard: tensorflow is not installed. Install it: pip install tensorflow"
        ) from error
    return tf


def _picture(report: Report) -> tuple[bytes, int, int]:
    """The plot of receptive fields as PNG, with its width and height."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing("plot", "matplotlib", "plot") from error
    figure = Figure(figsize=(8, 5), dpi=100, layout="constrained")
    report.plot.receptive_field(ax=figure.add_subplot())
    stream = BytesIO()
    figure.savefig(stream, format="png")
    width, height = figure.canvas.get_width_height()
    return stream.getvalue(), width, height
