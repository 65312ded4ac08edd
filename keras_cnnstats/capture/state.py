"""What of Keras' global state is put back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state


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
def variables_deferred() -> Iterator[None]:
    """Variables made inside have a shape and no value, and nobody will give them one later."""
    waiting = global_state.get_global_attribute("uninitialized_variables", [], set_to_default=True)
    before = len(waiting)
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        del waiting[before:]
