"""What of Keras' global state is put back as it was."""

import io
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

_SEEDS = "global_seed_generator"


@contextmanager
def names_untouched() -> Iterator[None]:
    """Restores Keras' counters of automatic names, so that later layers are called what they would have been."""
    counters = global_state.get_global_attribute("object_name_uids")
    before = None if counters is None else dict(counters)
    try:
        yield
    finally:
        after = global_state.get_global_attribute("object_name_uids")
        if after is not None:
            after.clear()
            after.update(before or {})


_keep: ContextVar[Callable[[], None]] = ContextVar("keep", default=lambda: None)
"""Keeps the random numbers as they are, where somebody will restore them."""


@contextmanager
def random_untouched(at_once: bool = True) -> Iterator[None]:
    """Restores the random numbers of Python, NumPy and Keras: a layer that is made draws its seed from them.

    Args:
        at_once: whether to keep them now, which takes a fifth of a millisecond, or only when a layer's code first runs,
            which it does in `quietly` alone.
    """
    kept: list[tuple[Any, Any, Any]] = []

    def keep() -> None:
        if not kept:
            kept.append((random.getstate(), np.random.get_state(), global_state.get_global_attribute(_SEEDS)))

    token = _keep.set(keep)
    try:
        if at_once:
            keep()
        yield
    finally:
        _keep.reset(token)
        for python, numpy, seeds in kept:
            random.setstate(python)
            np.random.set_state(numpy)
            global_state.set_global_attribute(_SEEDS, seeds)


@contextmanager
def variables_deferred() -> Iterator[None]:
    """Variables made inside have a shape and no value, and nobody will give them one later."""
    waiting = global_state.get_global_attribute("uninitialized_variables", [], set_to_default=True)
    before = len(waiting)
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        del waiting[before:]


@contextmanager
def quietly() -> Iterator[None]:
    """Keeps what a user's `call` prints and warns of out of the report: it will say so again when it runs."""
    _keep.get()()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
