"""Where output goes: a notebook shows the object that a cell ends with, everything else has to print it."""

import sys


def in_notebook() -> bool:
    """Returns whether the code runs in a notebook, without importing IPython to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def show(value: object, verbose: bool | None) -> None:
    """Prints `value`: always (`True`), never (`False`), or unless a notebook will show it anyway (`None`)."""
    if verbose or (verbose is None and not in_notebook()):
        print(value)
