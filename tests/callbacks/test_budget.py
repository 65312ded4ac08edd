"""Training stops with the step that spends the budget."""

import keras
import pytest

import keras_cnnstats as cnnstats
from tests.callbacks.networks import classifier, images


def cost_of(model: keras.Model) -> int:
    return int(cnnstats.analyze(model).totals.train_flops)


@pytest.mark.parametrize("steps", [1, 2, 5, 9, 13])
def test_flops(steps, capsys):
    model = classifier()
    cost = cost_of(model)
    logger = cnnstats.StatsLogger(max_flops=8 * steps * cost)
    model.fit(*images(40), batch_size=8, epochs=10, verbose=0, callbacks=[logger])
    assert sum(row["stats_samples"] for row in logger.rows) == 8 * steps
    assert logger.rows[-1]["stats_total_flops"] == 8 * steps * cost
    said = capsys.readouterr().out
    assert said.count("StatsLogger: training stopped:") == 1
    assert "max_flops=" in said


def test_the_step_that_spends_it_is_the_last():
    model = classifier()
    logger = cnnstats.StatsLogger(max_flops=8 * 3 * cost_of(model) + 1)
    model.fit(*images(80), batch_size=8, epochs=2, verbose=0, callbacks=[logger])
    assert [row["stats_samples"] for row in logger.rows] == [32]


def test_the_weights_are_those_of_that_moment():
    x, y = images(40)
    keras.utils.set_random_seed(0)
    stopped = classifier()
    start = stopped.get_weights()
    logger = cnnstats.StatsLogger(max_flops=16 * cost_of(stopped))
    stopped.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=[logger])
    by_hand = classifier()
    by_hand.set_weights(start)
    by_hand.fit(x[:16], y[:16], batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(stopped.get_weights(), by_hand.get_weights(), strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-7)


def test_two_models_at_equal_compute():
    small, large = classifier(), classifier((8, 8, 1))
    budget = 200 * cost_of(small)
    spent = []
    for model in (small, large):
        logger = cnnstats.StatsLogger(max_flops=budget)
        model.fit(*images(50), batch_size=10, epochs=100, verbose=0, callbacks=[logger])
        spent.append(logger.rows[-1]["stats_total_flops"])
    assert spent[0] == spent[1] == budget


def test_seconds():
    logger = cnnstats.StatsLogger(max_seconds=1e-6)
    classifier().fit(*images(40), batch_size=8, epochs=10, verbose=0, callbacks=[logger])
    # Keras may call the next step before it says that the results of the first are there.
    (row,) = logger.rows
    assert row["stats_samples"] in (8, 16)


def test_it_goes_on_with_a_new_fit_until_all_is_spent():
    model = classifier()
    logger = cnnstats.StatsLogger(max_flops=8 * 7 * cost_of(model))
    for _ in range(3):
        model.fit(*images(40), batch_size=8, verbose=0, callbacks=[logger])
    # The budget is of all fits together: what is spent allows one step more, which finds that out.
    assert [row["stats_samples"] for row in logger.rows] == [40, 16, 8]


def test_a_loop_of_ones_own():
    model = classifier()
    logger = cnnstats.StatsLogger(max_flops=8 * 2 * cost_of(model)).start(model)
    x, y = images(8)
    steps = 0
    while True:
        model.train_on_batch(x, y)
        steps += 1
        if not logger.step():
            break
    assert steps == 2
    logger.finish()
