"""Whatever goes wrong with the statistics: one warning, and training goes on as if nothing were."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks import files, meter, shapes
from keras_cnnstats.callbacks.costs import Cost, Costs
from tests.callbacks.networks import classifier, images


def weights_after(*callbacks: Any) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    model = classifier()
    model.fit(*images(24), batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=list(callbacks))
    return list(model.get_weights())


def assert_training_is_untouched(logger: cnnstats.StatsLogger, message: str) -> None:
    with pytest.warns(cnnstats.CNNStatsWarning, match=message) as found:
        with_it = weights_after(logger)
    assert [each.category for each in found].count(cnnstats.CNNStatsWarning) == 1
    for a, b in zip(with_it, weights_after(), strict=True):
        assert np.array_equal(a, b)


def test_training_is_the_same_with_it_and_without():
    for a, b in zip(weights_after(cnnstats.StatsLogger()), weights_after(), strict=True):
        assert np.array_equal(a, b)


def test_a_model_that_cannot_be_analysed(monkeypatch):
    def refuses(*_: Any, **__: Any) -> Any:
        raise cnnstats.ModelError("no")

    monkeypatch.setattr("keras_cnnstats.callbacks.costs.analyze", refuses)
    logger = cnnstats.StatsLogger()
    assert_training_is_untouched(logger, "what this training costs is unknown: ModelError: no")
    assert [row["stats_epoch_flops"] for row in logger.rows] == [None] * 3
    assert [row["stats_params"] for row in logger.rows] == [55] * 3


def test_data_whose_shapes_cannot_be_read(monkeypatch):
    def refuses(_: Any) -> Any:
        raise TypeError("no shape")

    monkeypatch.setattr(shapes, "inputs_of", refuses)
    monkeypatch.setattr("keras_cnnstats.callbacks.tally.inputs_of", refuses)
    logger = cnnstats.StatsLogger()
    assert_training_is_untouched(logger, "no shape")
    assert [row["stats_samples"] for row in logger.rows] == [None] * 3


def test_a_training_function_that_cannot_be_counted(monkeypatch):
    def refuses(_: Any) -> Any:
        raise TypeError("no training function")

    monkeypatch.setattr(meter, "counted", refuses)
    assert_training_is_untouched(cnnstats.StatsLogger(), "no training function")


def test_a_full_disk(monkeypatch, tmp_path: Path):
    def is_full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    logger = cnnstats.StatsLogger(tmp_path / "log.csv")
    monkeypatch.setattr(files, "_append", is_full)
    monkeypatch.setattr(files, "deliver_bytes", is_full)
    assert_training_is_untouched(logger, "epochs are missing in the file: OSError: .*No space left")
    assert len(logger.rows) == 3


def test_an_unknown_cost_cannot_be_a_budget(monkeypatch):
    monkeypatch.setattr(Costs, "of", lambda *_: Cost(None, None))
    assert_training_is_untouched(cnnstats.StatsLogger(max_flops=1), "max_flops cannot stop it")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_flops": 0}, "max_flops: expected a number above 0, or None. Received: 0"),
        ({"max_flops": "1G"}, "max_flops: expected a number above 0, or None. Received: '1G'"),
        ({"max_seconds": -1}, "max_seconds: expected a number above 0"),
        ({"peak_flops": True}, "peak_flops: expected a number above 0"),
        ({"peak_flops": float("nan")}, "peak_flops: expected a number above 0"),
        ({"append": True}, "append=True goes on with a file"),
        ({"filename": "log.xlsx"}, "`.csv` or `.jsonl`"),
        ({"filename": "/no/such/folder/log.csv"}, "expected a place that can be written"),
        ({"convention": "mac"}, "convention"),
    ],
    ids=str,
)
def test_bad_arguments_fail_before_training(arguments, message):
    with pytest.raises(cnnstats.CNNStatsError) as error:
        cnnstats.StatsLogger(**arguments)
    assert message in str(error.value)


def test_what_training_raises_is_raised():
    model, logger = classifier(), cnnstats.StatsLogger()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*images(24), batch_size=8, verbose=0, callbacks=[logger, Breaks()])
    model.fit(*images(24), batch_size=8, verbose=0, callbacks=[logger])
    assert [row["stats_samples"] for row in logger.rows] == [24]
    model.fit(*images(24), batch_size=8, verbose=0)
    assert len(logger.rows) == 1


class Breaks(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt


def test_a_second_logger_works_after_a_fit_that_broke_off():
    model, first, second = classifier(), cnnstats.StatsLogger(), cnnstats.StatsLogger()
    with pytest.warns(cnnstats.CNNStatsWarning, match="twice"), pytest.raises(KeyboardInterrupt):
        model.fit(*images(24), batch_size=8, verbose=0, callbacks=[first, second, Breaks()])
    model.fit(*images(24), batch_size=8, verbose=0, callbacks=[second])
    assert [row["stats_samples"] for row in second.rows] == [24]
    with pytest.warns(cnnstats.CNNStatsWarning, match="twice"):
        model.fit(*images(24), batch_size=8, verbose=0, callbacks=[second, first])
    assert ([row["stats_samples"] for row in second.rows], first.rows) == ([24, 24], [])


def test_a_loop_of_ones_own_works_after_a_fit_that_broke_off():
    model, first, second = classifier(), cnnstats.StatsLogger(), cnnstats.StatsLogger()
    with pytest.warns(cnnstats.CNNStatsWarning, match="twice"), pytest.raises(KeyboardInterrupt):
        model.fit(*images(24), batch_size=8, verbose=0, callbacks=[first, second, Breaks()])
    second.start(model)
    model.train_on_batch(*images(8))
    second.step()
    assert second.end_epoch()["stats_samples"] == 8
    second.finish()


def test_a_budget_does_not_stop_a_later_fit_without_the_logger():
    model, logger = classifier(), cnnstats.StatsLogger(max_seconds=1e6)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*images(24), batch_size=8, verbose=0, callbacks=[logger, Breaks()])
    logger._budget.seconds = 1e-9
    assert len(model.fit(*images(24), batch_size=8, epochs=3, verbose=0).epoch) == 3
