"""What of Keras' global state is put back as it was."""

import io
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

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


@contextmanager
def random_untouched() -> Iterator[None]:
    """Restores the random numbers of Python, NumPy and Keras: a layer that is made draws its seed from them."""
    python, numpy, seeds = random.getstate(), np.random.get_state(), global_state.get_global_attribute(_SEEDS)
    try:
        yield
    finally:
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
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
