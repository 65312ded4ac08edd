"""The long run: many random models, each from a seed of its own, checked by one process or by several."""

import multiprocessing
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random
from typing import Any, NamedTuple

import keras

from keras_cnnstats.testing.checking import FaultError, check
from keras_cnnstats.testing.records import Architecture, kinds_of
from keras_cnnstats.testing.shrinking import shrunk
from keras_cnnstats.testing.tally import NO_CHECKS, Tally
from keras_cnnstats.testing.whole import draw_architecture

Checked = Callable[[Any], Tally | None]
"""Raises where something is wrong with a model, and may say how much of it was measured."""

PORTION = 25
"""Models after which Keras forgets what it keeps of them, and that a process takes at once."""


class Failure(NamedTuple):
    """A model that failed.

    Attributes:
        number: which of the run it was.
        error: what was raised, of the small model.
        code: Keras code of the small model.
    """

    number: int
    error: str
    code: str


class Outcome(NamedTuple):
    """What came of some models.

    Attributes:
        models: how many they were.
        kinds: what they were made of.
        failures: those that failed.
        tally: how much of the others was measured, with which verdicts, and why the rest was not.
    """

    models: int
    kinds: Counter[str]
    failures: tuple[Failure, ...]
    tally: Tally


class Trouble(NamedTuple):
    """What is wrong with an architecture.

    Attributes:
        stage: `building` or `checking`.
        sorts: of the faults, or what another exception says: what shrinking has to keep one of.
        text: what was raised.
    """

    stage: str
    sorts: frozenset[str]
    text: str


def architecture_of(seed: int, number: int) -> Architecture:
    """Returns the architecture of this number: the same in each run with this seed."""
    return draw_architecture(Random(f"{seed}/{number}"))


def outcomes(seed: int, numbers: range, processes: int = 1, checked: Checked = check) -> Iterator[Outcome]:
    """Draws, builds and checks models, in portions.

    Args:
        seed: of the run.
        numbers: which of its models.
        processes: how many work at once.
        checked: what each of them has to stand.
    """
    portions = [numbers[start : start + PORTION] for start in range(0, len(numbers), PORTION)]
    if processes == 1:
        yield from (outcome_of(seed, portion, checked) for portion in portions)
        return
    # A process of its own for each: the backends do not survive being forked.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(outcome_of, seed, portion, checked) for portion in portions]
        try:
            yield from (each.result() for each in as_completed(waiting))
        finally:
            pool.shutdown(cancel_futures=True)


def outcome_of(seed: int, numbers: range, checked: Checked = check) -> Outcome:
    """Draws, builds and checks these models of a run, and makes those small that fail."""
    kinds: Counter[str] = Counter()
    failures = []
    tally = NO_CHECKS

    def tallied(model: Any) -> None:
        nonlocal tally
        tally = tally.plus(checked(model) or NO_CHECKS)

    for number in numbers:
        architecture = architecture_of(seed, number)
        kinds.update(kinds_of(architecture))
        trouble = trouble_with(architecture, tallied)
        if trouble is not None:
            failures.append(_failure(number, architecture, trouble, checked))
    keras.utils.clear_session()
    return Outcome(len(numbers), kinds, tuple(failures), tally)


def trouble_with(architecture: Architecture, checked: Checked = check) -> Trouble | None:
    """Returns what is wrong with an architecture, if anything."""
    try:
        model = architecture.build()
    except Exception as error:  # whatever it is, the code is none that runs
        return _trouble("building", error)
    try:
        checked(model)
    except Exception as error:
        return _trouble("checking", error)
    return None


def _trouble(stage: str, error: Exception) -> Trouble:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, FaultError):
        return Trouble(stage, frozenset(fault.sort for fault in error.faults), text)
    # Another exception is known by its message, without what differs from model to model.
    return Trouble(stage, frozenset([re.sub(r"(?s)\d|\([^()]*\)|Arguments received.*", "", text)]), text)


def _failure(number: int, architecture: Architecture, trouble: Trouble, checked: Checked) -> Failure:
    def fails(smaller: Architecture) -> bool:
        other = trouble_with(smaller, checked)
        return other is not None and other.stage == trouble.stage and bool(other.sorts & trouble.sorts)

    small = shrunk(architecture, fails)
    found = trouble_with(small, checked) or trouble
    return Failure(number, found.text, small.code())
