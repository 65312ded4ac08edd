"""The long run, from the command line: what it prints, and what it returns."""

import os
import subprocess
import sys
from functools import cache
from importlib import import_module

import keras
import pytest

from keras_cnnstats.testing import __main__ as command
from keras_cnnstats.testing import running
from keras_cnnstats.testing.running import outcome_of, outcomes
from keras_cnnstats.testing.tally import NO_CHECKS

MODELS = 300


def no_convolution(model):
    """A planted fault."""
    if any(type(layer).__name__ == "Conv2D" for layer in model.layers):
        # Not by `assert`: pytest would write the layers into the message, and each model fail otherwise.
        raise AssertionError("there is a convolution")


MEASURED = {
    # All rows but those of transposed convolutions with channels first, and of what is sorted, whose cost is unknown.
    ("macs", "row"): 0.99,
    ("flops", "row"): 0.97,  # and adaptive maxima in cells of unequal size
    ("output_shape", "row"): 0.99,
    ("params", "row"): 1,
    ("params", "model"): 1,
    ("macs", "model"): 0.98,
    # One row in the model is enough: a seventh of them have adaptive maxima or something that is sorted.
    ("flops", "model"): 0.8,
    # Loops backwards, gradients towards what was broadcast, nothing that is trained.
    ("train_macs", "model"): 0.72,
    # What TensorFlow cannot run on a processor: channels first, dilated transposed convolutions.
    ("shapes", "model"): 0.88,
}
"""Which part of the checks is confirmed or explained, at least, on TensorFlow: a little less than what it is."""


@cache
def outcome_of_portion(portion):
    first = portion * running.PORTION
    return outcome_of(0, range(first, first + running.PORTION))


PORTIONS = range(MODELS // running.PORTION)


@pytest.mark.parametrize("portion", PORTIONS)
def test_random_models_have_sound_reports(portion):
    """Each failure that this shows is a model made small, as code; a reason that nobody wrote down is one."""
    outcome = outcome_of_portion(portion)
    assert [f"{failure.error}\n{failure.code}" for failure in outcome.failures] == []


@pytest.fixture(scope="module")
def tally():
    found = NO_CHECKS
    for portion in PORTIONS:
        found = found.plus(outcome_of_portion(portion).tally)
    return found


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the shares are those on TensorFlow")
@pytest.mark.parametrize(("quantity", "of"), MEASURED)
def test_nearly_all_of_random_models_is_measured(tally, quantity, of):
    assert tally.share(quantity, of) >= MEASURED[quantity, of], "\n".join(tally.lines())


def test_nothing_else_is_measured_of_random_models(tally):
    assert {(quantity, of) for quantity, of, _ in tally.verdicts} == set(MEASURED)


def raising(*_):
    raise ArithmeticError("planted")


REFEREES = {"each": "count_each", "the whole": "count_whole", "training": "count_training"}


@pytest.mark.parametrize("name", REFEREES)
def test_a_referee_that_raises_fails_the_run(name, monkeypatch):
    """It says so where its count would stand: no row differs, and nothing is measured."""
    referee = import_module(f"keras_cnnstats.verify.{keras.backend.backend()}")
    counting = getattr(referee, REFEREES[name])

    def broken(calls, *given):
        is_one = hasattr(calls, "run")
        wrong = calls._replace(run=raising) if is_one else [call._replace(run=raising) for call in calls]
        return counting(wrong, *given)

    monkeypatch.setattr(referee, REFEREES[name], broken)
    outcome = outcome_of(0, range(1, 2))
    assert outcome.failures
    assert all("is not measured" in failure.error for failure in outcome.failures)
    assert all("ArithmeticError: planted" in failure.error for failure in outcome.failures)


def test_a_sound_run_returns_0(capsys):
    assert command.main(["--count", "5", "--seed", "0"]) == 0
    printed = capsys.readouterr()
    assert "seed 0: 5 models" in printed.out
    assert "0 failures" in printed.out
    assert "macs of the row" in printed.out
    assert "5" in printed.err


def test_a_run_with_failures_returns_1_and_prints_them(capsys, monkeypatch):
    monkeypatch.setattr(command, "outcomes", lambda *given: outcomes(*given, checked=no_convolution))
    assert command.main(["--count", "8", "--seed", "6"]) == 1
    printed = capsys.readouterr().out
    assert "# AssertionError: there is a convolution" in printed
    assert "--first" in printed
    codes = [part.split("\n\n# Model")[0] for part in printed.split("there is a convolution\n")[1:]]
    assert min(code.count("layers.") for code in codes) == 1
    assert all("import keras" in code for code in codes)


def test_a_failure_is_seen_again_by_its_number():
    (outcome,) = outcomes(6, range(8), checked=no_convolution)
    first = outcome.failures[0]
    (again,) = outcome_of(6, range(first.number, first.number + 1), no_convolution).failures
    assert again == first


def test_what_fails_is_runnable_code():
    failures = outcome_of(6, range(8), no_convolution).failures
    assert failures
    names = {}
    exec(failures[0].code, names)
    assert isinstance(names["model"], keras.Model)


def test_time_is_a_limit(capsys, monkeypatch):
    monkeypatch.setattr(running, "PORTION", 2)
    assert command.main(["--count", "1000", "--minutes", "0"]) == 0
    assert ": 2 models" in capsys.readouterr().out


def test_progress_is_a_plain_counter_without_tqdm(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert command.main(["--count", "1"]) == 0
    assert "1 of 1 models" in capsys.readouterr().err


def test_portions_make_up_the_run(monkeypatch):
    monkeypatch.setattr(running, "PORTION", 2)
    done = list(outcomes(0, range(3, 6), checked=lambda _: None))
    assert [outcome.models for outcome in done] == [2, 1]


@pytest.mark.slow
def test_several_processes_check_the_same_models():
    alone = sorted(outcomes(0, range(60)))
    together = sorted(outcomes(0, range(60), processes=2))
    assert alone == together


@pytest.mark.slow
def test_it_is_a_command():
    result = subprocess.run(
        [sys.executable, "-m", "keras_cnnstats.testing", "--count", "5"],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "5 models" in result.stdout
