"""What TensorBoard's own reader finds in the event files."""

import io
import math
import sys

import numpy as np
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks.board import FIELDS, TABLE, Board
from keras_cnnstats.errors import MissingDependencyError
from tests.callbacks.networks import classifier, images
from tests.render.handmade import REPORTS

pytest.importorskip("tensorflow", reason="Board writes with TensorFlow")
accumulators = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard reads what was written"
)

ROW = {"epoch": 3, "stage": 0, "loss": 0.5, "val_loss": math.nan, "stats_epoch_flops": 10**21, "late": None}


def read(folder):
    events = accumulators.EventAccumulator(str(folder), size_guidance={accumulators.TENSORS: 0})
    return events.Reload()


def values(events, tag):
    from tensorboard.util.tensor_util import make_ndarray

    return [(event.step, make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]


def plugin(events, tag):
    return events.SummaryMetadata(tag).plugin_data.plugin_name


def test_the_numbers_of_each_epoch_are_scalars(tmp_path):
    board = Board(tmp_path)
    for number in (3, 4):
        board.epoch(number, {**ROW, "epoch": number, "loss": 1 / number})
        assert len(values(read(tmp_path), "loss")) == number - 2
    board.close()
    events = read(tmp_path)
    assert set(events.Tags()["tensors"]) == {"stage", "loss", "val_loss", "stats_epoch_flops"}
    assert [(step, float(value)) for step, value in values(events, "loss")] == [(3, np.float32(1 / 3)), (4, 0.25)]
    assert math.isnan(values(events, "val_loss")[0][1])
    assert values(events, "stats_epoch_flops")[0][1] == np.float32(1e21)
    assert plugin(events, "loss") == "scalars"


@pytest.mark.parametrize("name", ["small", "hostile", "empty"])
def test_the_report_is_text_and_a_picture(tmp_path, name):
    from matplotlib.image import imread

    board = Board(tmp_path)
    board.report(REPORTS[name])
    board.close()
    events = read(tmp_path)
    ((step, text),) = values(events, TABLE)
    assert step == 0
    assert text[0].decode() == (REPORTS[name].to_markdown() or "")
    assert plugin(events, TABLE) == "text"
    ((_, (width, height, png)),) = values(events, FIELDS)
    assert plugin(events, FIELDS) == "images"
    pixels = imread(io.BytesIO(png))
    assert pixels.shape[:2] == (int(height), int(width))
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 10


def test_without_matplotlib_a_text_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    board = Board(tmp_path)
    board.report(REPORTS["small"])
    ((_, text),) = values(read(tmp_path), FIELDS)
    assert "pip install 'keras-cnnstats[plot]'" in text[0].decode()


def test_nothing_is_written_before_there_is_something(tmp_path):
    board = Board(tmp_path / "logs")
    board.close()
    assert not (tmp_path / "logs").exists()


def test_without_tensorflow_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingDependencyError, match="pip install tensorflow"):
        Board(tmp_path)


def test_a_training_shows_its_epochs_and_once_its_report(tmp_path):
    model, logger = classifier(), cnnstats.StatsLogger(log_dir=tmp_path)
    for _ in range(2):
        model.fit(*images(20), batch_size=8, epochs=2, verbose=0, callbacks=[logger])
    # Each fit closes its file: the reader takes a folder of several as one run.
    events = read(tmp_path)
    train_flops = cnnstats.analyze(model).totals.train_flops
    steps = values(events, "stats_total_flops")
    assert [step for step, _ in steps] == [0, 1, 2, 3]
    assert [float(value) for _, value in steps] == [20 * train_flops * n for n in (1, 2, 3, 4)]
    assert len(values(events, TABLE)) == len(values(events, FIELDS)) == 1
    assert "features" in values(events, TABLE)[0][1].item().decode()


def test_a_folder_that_cannot_be_written_is_one_warning(tmp_path):
    (tmp_path / "file").write_text("")
    logger = cnnstats.StatsLogger(log_dir=tmp_path / "file" / "board")
    with pytest.warns(cnnstats.CNNStatsWarning, match="TensorBoard gets nothing") as found:
        classifier().fit(*images(20), batch_size=8, epochs=3, verbose=0, callbacks=[logger])
    assert [each.category for each in found].count(cnnstats.CNNStatsWarning) == 1
    assert len(logger.rows) == 3
