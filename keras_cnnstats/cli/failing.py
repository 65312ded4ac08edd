"""What a command says when it cannot do what it was asked: one message on standard error, and an exit code."""

import os
import sys

import click

from keras_cnnstats.cli import BAD, DEFECT, DONE, INTERRUPTED, NO
from keras_cnnstats.cli.colours import are_wanted, painted
from keras_cnnstats.errors import CNNStatsError, UnknownCostError, VerificationError
from keras_cnnstats.render.cells import plain

LETTERS_AT_MOST = 4000
"""A longer message is cut: a model may have put anything into it."""


def failed(error: BaseException) -> int:
    """Says what went wrong, and returns the exit code for it."""
    if isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # A reader that has enough is no error. Python flushes standard output once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    if "CNNSTATS_TRACEBACK" in os.environ:
        raise error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f"\nTry `{context.command_path} --help`."
        return _say(f"{error.format_message()}{hint}", BAD)
    if isinstance(error, UnknownCostError | VerificationError):
        return _say(str(error), NO)
    if isinstance(error, CNNStatsError):
        return _say(str(error), BAD)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return _say(f"{error.strerror or error}{where}", BAD)
    if isinstance(error, MemoryError):
        return _say("there is not enough memory for this.", BAD)
    return _say(
        f"{type(error).__name__}: {error}\nThis is a defect of keras_cnnstats. With CNNSTATS_TRACEBACK=1 in the "
        "environment it says where.",
        DEFECT,
    )


def _say(message: str, code: int) -> int:
    # Keras writes its messages in bold.
    text = click.unstyle(message)
    text = text if len(text) <= LETTERS_AT_MOST else f"{text[:LETTERS_AT_MOST]} ..."
    first, *more = map(plain, text.splitlines() or [""])
    click.echo(
        "\n".join([f"{painted('error:', fg='red', bold=True, err=True)} {first}", *more]),
        err=True,
        color=are_wanted(err=True),
    )
    return code
