"""The command line: `cnnstats`, also `python -m keras_cnnstats`. Nothing but data goes to standard output."""

import os
import sys
from collections.abc import Sequence

DONE, NO, BAD, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done; done, and the answer is no (a budget, `--strict`); bad input; a defect; the user ended it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit code.

    Args:
        arguments: what stands behind `cnnstats`; the process' own by default.
    """
    # TensorFlow's start-up messages say nothing that a reader of a report needs.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import click
    except ImportError:
        sys.stderr.write("error: the command line needs click. Install it: pip install 'keras-cnnstats[cli]'\n")
        return BAD
    from keras_cnnstats.cli.app import app

    try:
        code = app.main(arguments, prog_name="cnnstats", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except BaseException as error:
        from keras_cnnstats.cli.failing import failed

        return failed(error)
    return code if isinstance(code, int) else DONE
