"""Between two epochs nothing waits for the device."""

from typing import Any

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks import tally
from tests.callbacks.networks import classifier, images


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the others note shapes in Python")
def test_what_tensorflow_notes_is_read_once_an_epoch(monkeypatch):
    reads = []
    read = tally.TensorFlowTally._read

    def counting(self: Any) -> Any:
        found = list(read(self))
        reads.append(len(found))
        return found

    monkeypatch.setattr(tally.TensorFlowTally, "_read", counting)
    classifier().fit(*images(600), batch_size=2, epochs=3, verbose=0, callbacks=[cnnstats.StatsLogger()])
    # When training begins and ends, behind the first step, and at the end of each epoch.
    assert sorted(reads) == [0, 0, 1, 299, 300, 300]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the others note shapes in Python")
def test_a_budget_that_is_far_is_seldom_looked_at(monkeypatch):
    reads = []
    read = tally.TensorFlowTally._read
    monkeypatch.setattr(tally.TensorFlowTally, "_read", lambda self: [reads.append(1), *read(self)][1:])
    model = classifier()
    budget = 2 * 290 * cnnstats.analyze(model).totals.train_flops
    logger = cnnstats.StatsLogger(max_flops=budget)
    model.fit(*images(600), batch_size=2, epochs=3, verbose=0, callbacks=[logger])
    assert logger.rows[-1]["stats_samples"] == 580
    assert len(reads) < 20


def test_what_a_step_is_fed_is_not_looked_into():
    class Shaped:
        """Has a shape and nothing else: whoever wants its values fails."""

        def __init__(self, *shape: int) -> None:
            self.shape = shape

    noted = tally.Tally()
    noted.note((Shaped(4, 8, 8, 1), Shaped(4)))
    (batch,) = noted.take()
    assert (batch.samples, batch.shapes) == (4, ((8, 8, 1),))
