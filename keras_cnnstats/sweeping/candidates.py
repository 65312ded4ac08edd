"""The models of a sweep before they are built: a name, a function and its arguments."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple

from keras_cnnstats.errors import CNNStatsError
from keras_cnnstats.render.cells import plain

LETTERS_AT_MOST = 500
"""Longer texts are cut: a model may have put anything into a message."""


class SweepError(CNNStatsError, ValueError):
    """A sweep cannot begin or go on: a builder is none, or the file of its rows is another's."""


class Candidate(NamedTuple):
    """A model that a sweep is asked for.

    Attributes:
        name: what its row is called.
        build: the function that makes it.
        arguments: keyword arguments of that function.
    """

    name: str
    build: Callable[..., Any]
    arguments: Mapping[str, Any] = {}


def candidates(builders: Any) -> Iterator[Candidate]:
    """Yields the models of a sweep one by one, in the order in which they are given.

    Raises:
        SweepError: `builders` is neither a mapping nor an iterable, one of them is no builder, or a name comes twice.
    """
    if not isinstance(builders, Iterable) or isinstance(builders, str | bytes):
        raise SweepError(
            "builders: expected a mapping of names to functions, or an iterable of (name, function, arguments). "
            f"Received: {shown(builders)}."
        )
    given = builders.items() if isinstance(builders, Mapping) else builders
    names = set()
    for number, item in enumerate(given):
        found = _candidate(item, number)
        if found.name in names:
            raise SweepError(f"builders[{number}]: expected a name for each model. Received twice: {found.name!r}.")
        names.add(found.name)
        yield found


def _candidate(item: Any, number: int) -> Candidate:
    parts = item if isinstance(item, tuple) else ()
    if len(parts) == 2 and isinstance(parts[1], tuple):
        parts = (parts[0], *parts[1])
    name, build, arguments = (*parts, {})[:3] if len(parts) in (2, 3) else (None, None, None)
    if not isinstance(name, str) or not callable(build) or not isinstance(arguments, Mapping):
        raise SweepError(
            f"builders[{number}]: expected a name, a function that returns a model, and its keyword arguments if it "
            f"has any. Received: {shown(item)}."
        )
    return Candidate(plain(name)[:LETTERS_AT_MOST], build, arguments)


def pickled(thing: Any, what: str) -> bytes:
    """Returns something as another process can read it.

    Raises:
        SweepError: it cannot be pickled.
    """
    try:
        return bytes(_pickler().dumps(thing))
    except Exception as error:
        more = "" if find_spec("cloudpickle") else ", or install cloudpickle: pip install 'keras-cnnstats[sweep]'"
        raise SweepError(
            f"{what} cannot be sent to another process: {told(error)}. Define it at the top of a module and give it "
            f"numbers and texts as arguments{more}; or build in this process, with processes=0."
        ) from error


def _pickler() -> ModuleType:
    """`cloudpickle`, which takes functions of scripts, notebooks and other functions too, where it is installed."""
    try:
        import cloudpickle
    except ImportError:
        return pickle
    found: ModuleType = cloudpickle
    return found


def told(error: BaseException) -> str:
    """Returns an error's type and message in one line in which nothing acts on a terminal."""
    message = plain(" ".join(str(error).split()))
    return cut(f"{type(error).__name__}: {message}" if message else type(error).__name__)


def shown(thing: Any) -> str:
    """Returns what was received, for a message."""
    return cut(plain(repr(thing)))


def cut(text: str) -> str:
    """Returns a text of bounded length."""
    return text if len(text) <= LETTERS_AT_MOST else f"{text[:LETTERS_AT_MOST]}..."
