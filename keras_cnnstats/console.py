"""Where output goes: a notebook shows the object that a cell ends with, everything else has to print it."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def in_notebook() -> bool:
    """Returns whether the code runs in a notebook, without importing IPython to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def show(value: object, verbose: bool | None) -> None:
    """Prints `value`: always (`True`), never (`False`), or unless a notebook will show it anyway (`None`)."""
    if verbose or (verbose is None and not in_notebook()):
        print(value)


@contextmanager
def errors_held_back() -> Iterator[None]:
    """Keeps what a backend says on standard error when it starts; all of it is shown if that fails."""
    try:
        descriptor = sys.stderr.fileno()
    except (OSError, io.UnsupportedOperation):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), descriptor)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, descriptor)
            os.close(kept)
