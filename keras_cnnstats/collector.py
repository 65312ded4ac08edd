"""When Python's garbage collector walks: not over the half a million objects that a backend of Keras holds for good."""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from keras_cnnstats.console import errors_held_back


@contextmanager
def paused() -> Iterator[None]:
    """Keeps the collector from walking meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def heap_set_aside() -> Iterator[None]:
    """Lets the collector look at what is made inside alone."""
    # Somebody who has set something aside would get it back behind us. To ask for that is itself a walk, over what is
    # set aside: a collector that is off has to be kept from nothing.
    is_ours = gc.isenabled() and not gc.get_freeze_count()
    if is_ours:
        gc.freeze()
    try:
        yield
    finally:
        if is_ours:
            gc.unfreeze()


def start(module: str) -> None:
    """Imports Keras, or what imports it, in a process of ours: without a walk then, or later, or at the end.

    That is a third of the seconds that a process takes which does little else. What the backend says of itself
    meanwhile is shown only if the import fails.

    Args:
        module: Keras, or a module that imports it.
    """
    if "keras" in sys.modules:
        import_module(module)
        return
    with errors_held_back(), paused():
        import_module(module)
    gc.freeze()
    # Before it ends, Python looks for garbage once more.
    atexit.register(gc.freeze)
