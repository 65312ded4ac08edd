"""What stands in `logs` is there for all callbacks, wherever this one stands, and not in the progress bar."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pandas as pd
import pytest
import tensorflow as tf

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks import names
from tests.callbacks.networks import classifier, images


class Sees(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.logs: list[dict[str, Any]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.logs.append(dict(logs))


ALL = {value for name, value in vars(names).items() if name.isupper() and str(value).startswith(names.PREFIX)} - {
    names.PREFIX
}


@pytest.mark.parametrize("place", [0, 1])
def test_callbacks_before_and_behind_see_it(place, tmp_path: Path):
    sees, logger = Sees(), cnnstats.StatsLogger(peak_flops=1e12)
    csv = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    others: list[Any] = [sees, csv]
    others.insert(place * 2, logger)
    history = classifier().fit(*images(20), batch_size=8, epochs=2, verbose=0, callbacks=others)
    assert set(sees.logs[0]) > ALL
    assert set(history.history) > ALL
    assert set(pd.read_csv(tmp_path / "log.csv").columns) > ALL
    assert history.history["stats_samples"] == [20, 20]


def test_the_progress_bar_stays_as_it_was(capsys):
    classifier().fit(*images(20), batch_size=8, epochs=2, verbose=2, callbacks=[cnnstats.StatsLogger()])
    said = capsys.readouterr().out
    assert "loss" in said
    assert "stats_" not in said


def test_unknown_is_no_number_in_logs_and_none_in_rows():
    logger = cnnstats.StatsLogger()
    history = classifier().fit(*images(4), batch_size=8, verbose=0, callbacks=[logger])
    # The one step is a first one: there is no speed.
    assert str(history.history["stats_achieved_flops"]) == "[nan]"
    assert logger.rows[0]["stats_achieved_flops"] is None
    assert logger.rows[0]["stats_utilisation"] is None


def test_twice_in_the_list():
    first, second = cnnstats.StatsLogger(), cnnstats.StatsLogger()
    model = classifier()
    with pytest.warns(cnnstats.CNNStatsWarning, match="twice") as found:
        model.fit(*images(20), batch_size=8, epochs=2, verbose=0, callbacks=[first, second])
    assert [each.category for each in found].count(cnnstats.CNNStatsWarning) == 1
    assert [row["stats_samples"] for row in first.rows] == [20, 20]
    assert second.rows == []
    model.fit(*images(20), batch_size=8, verbose=0, callbacks=[second])
    assert [row["stats_samples"] for row in second.rows] == [20]


def test_the_same_one_twice():
    logger = cnnstats.StatsLogger()
    with pytest.warns(cnnstats.CNNStatsWarning, match="twice"):
        classifier().fit(*images(20), batch_size=8, verbose=0, callbacks=[logger, logger])
    assert [row["stats_samples"] for row in logger.rows] == [20]


def test_evaluation_and_prediction_leave_it_alone():
    logger, model = cnnstats.StatsLogger(), classifier()
    x, y = images(20)
    model.fit(x, y, verbose=0, callbacks=[logger])
    with warnings.catch_warnings():
        warnings.simplefilter("error", cnnstats.CNNStatsWarning)
        model.evaluate(x, y, verbose=0, callbacks=[logger])
        model.predict(x, verbose=0, callbacks=[logger])
    assert len(logger.rows) == 1


class Clock:
    """Stands still unless somebody moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which steps are timed."""
    made = Clock()
    monkeypatch.setattr("keras_cnnstats.callbacks.counted.perf_counter", made)
    monkeypatch.setattr("keras_cnnstats.callbacks.meter.perf_counter", made)
    return made


class Takes(keras.callbacks.Callback):
    """Takes a second whenever it is called."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 1

    on_train_batch_end = on_test_batch_begin = on_test_batch_end = on_epoch_begin = on_train_batch_begin


def slow(clock: Clock) -> keras.Model:
    """A classifier each of whose steps takes a second, run as it is written."""

    class Trains(keras.layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            clock.now += bool(training)
            return x

    model = keras.Sequential([Trains(), *classifier().layers])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def test_time_of_other_callbacks_and_validation_is_kept_apart(clock: Clock):
    x, y = images(80)
    logger = cnnstats.StatsLogger()
    how = {"batch_size": 8, "epochs": 2, "verbose": 0, "validation_data": (x, y)}
    slow(clock).fit(x, y, callbacks=[Takes(clock), logger, Takes(clock)], **how)
    first, second = logger.rows
    # Ten steps of a second each, of which the first of all is kept apart.
    assert (first["stats_seconds"], first["stats_compile_seconds"]) == (9, 1)
    assert (second["stats_seconds"], second["stats_compile_seconds"]) == (10, 0)
    assert second["stats_samples_per_second"] == 8
    assert second["stats_achieved_flops"] == 8 * second["stats_train_flops"]
    assert second["stats_total_seconds"] == 20


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_time_behind_data_whose_end_nobody_knew_is_kept_apart(clock: Clock):
    x, y = images(24)

    def fed() -> Iterator[Any]:
        for start in range(0, 24, 8):
            yield x[start : start + 8], y[start : start + 8]

    signature = (tf.TensorSpec((None, 8, 8, 1)), tf.TensorSpec((None,), "int64"))
    data = tf.data.Dataset.from_generator(fed, output_signature=signature)
    logger = cnnstats.StatsLogger()
    slow(clock).fit(data, epochs=3, shuffle=False, verbose=0, callbacks=[Takes(clock), logger, Takes(clock)])
    assert [row["stats_seconds"] for row in logger.rows] == [2, 3, 3]
    assert [row["stats_samples"] for row in logger.rows] == [24] * 3
