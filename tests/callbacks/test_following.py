"""The statistics follow the model as it changes; FLOPs are those of the step that runs."""

from typing import Any

import keras
import numpy as np
import pytest

import keras_cnnstats as cnnstats
from tests.callbacks.networks import classifier, compiled, images

BACKEND = keras.backend.backend()


def fit(model: keras.Model, *callbacks: Any, **how: Any) -> Any:
    return model.fit(*images(20), batch_size=8, verbose=0, callbacks=list(callbacks), **how)


def test_freezing_between_fits():
    model, logger = classifier(), cnnstats.StatsLogger()
    fit(model, logger)
    model.get_layer("features").trainable = False
    compiled(model)
    fit(model, logger)
    thawed, frozen = logger.rows
    assert (thawed["stage"], frozen["stage"]) == (0, 1)
    assert thawed["stats_train_flops"] > frozen["stats_train_flops"] == cnnstats.analyze(model).totals.train_flops
    assert (frozen["stats_trainable_params"], frozen["stats_frozen_params"]) == (15, 40)
    assert frozen["stats_total_flops"] == 20 * (thawed["stats_train_flops"] + frozen["stats_train_flops"])
    assert logger.analyses == 2


def test_nothing_is_analysed_again_while_nothing_changes():
    model, logger = classifier(), cnnstats.StatsLogger()
    fit(model, logger, epochs=3)
    fit(model, logger, epochs=2)
    assert logger.analyses == 1


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others take what is trained anew at each epoch")
def test_a_step_that_is_compiled_goes_on_as_it_was():
    class Freezes(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.get_layer("features").trainable = epoch < 1

    model, logger = classifier(), cnnstats.StatsLogger()
    before = cnnstats.analyze(model).totals.train_flops
    fit(model, Freezes(), logger, epochs=2)
    # Keras says: `trainable` takes effect with the next `compile`.
    assert [row["stats_train_flops"] for row in logger.rows] == [before, before]
    assert [row["stats_frozen_params"] for row in logger.rows] == [0, 40]


def test_pruning_is_seen():
    class Prunes(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            head = self.model.get_layer("head")
            if batch == 2:
                head.kernel.assign(np.zeros(head.kernel.shape))

    model, logger = classifier(), cnnstats.StatsLogger()
    model.fit(*images(24), batch_size=8, verbose=0, callbacks=[logger, *([Prunes()] if BACKEND != "jax" else [])])
    counted = sum(int((keras.ops.convert_to_numpy(weight) == 0).sum()) for weight in model.weights)
    assert logger.rows[0]["stats_zero_weights"] == pytest.approx(counted / 55)


def test_zeros_need_not_be_counted():
    logger = cnnstats.StatsLogger(zero_weights=False)
    fit(classifier(), logger)
    assert "stats_zero_weights" not in logger.rows[0]


def test_a_model_that_was_quantised():
    inputs = keras.Input((8,))
    frozen = keras.layers.Dense(16, name="frozen")
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(frozen(inputs)))
    compiled(model)
    logger = cnnstats.StatsLogger()
    data = np.ones((12, 8), "float32"), np.zeros(12)
    model.fit(*data, verbose=0, callbacks=[logger])
    frozen.trainable = False
    frozen.quantize("int8")
    compiled(model)
    model.fit(*data, verbose=0, callbacks=[logger])
    assert logger.analyses == 2
    assert logger.rows[1]["stats_train_flops"] == cnnstats.analyze(model).totals.train_flops


def test_another_convention():
    model, logger = classifier(), cnnstats.StatsLogger(convention="macs")
    fit(model, logger)
    assert logger.rows[0]["stats_forward_flops"] == cnnstats.analyze(model).totals.macs


def test_a_frozen_backbone_costs_what_the_backend_counts_for_the_step():
    backbone = classifier((16, 16, 1))
    backbone.trainable = False
    inputs = keras.Input((16, 16, 1))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(backbone(inputs)))
    compiled(model)
    logger = cnnstats.StatsLogger()
    model.fit(*images(20, 16), batch_size=8, verbose=0, callbacks=[logger])
    assert logger.report is not None
    verified = logger.report.verify(model, only="training").verification
    (check,) = verified.of("")
    assert check.verdict in ("confirmed", "explained")
    assert check.counted == logger.report.totals.train_macs
    assert logger.rows[0]["stats_train_flops"] == logger.report.totals.train_flops
