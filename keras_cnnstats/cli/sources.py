"""What `MODEL` stands for on the command line: a file, a folder, a network of Keras', or a function that makes one."""

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from keras_cnnstats.cli.stages import nothing_printed, stage
from keras_cnnstats.errors import CNNStatsError, FormatError, ModelError, nearest
from keras_cnnstats.reports import Report

SUFFIXES = (".keras", ".h5", ".hdf5", ".json")
"""Ends of names that are files, whether there is one or not."""

REPORT_HEAD = b'"keras_cnnstats.report"'
"""What stands near the beginning of a report as JSON."""

LETTERS_AT_MOST = 200


class Opening(NamedTuple):
    """How models are opened.

    Attributes:
        arguments: keyword arguments of the function that makes the model.
        modules: modules with the user's own layers and rules.
        trusted: whether a SavedModel, which is a program, may be loaded.
        real: whether the weights of what a function makes come into being.
    """

    arguments: Mapping[str, Any] = {}
    modules: Sequence[str] = ()
    trusted: bool = False
    real: bool = False


def open_model(name: str, opening: Opening) -> Any:
    """Returns the model that a name stands for; a function may also return a report.

    Raises:
        CNNStatsError: it stands for none, or cannot be made.
    """
    path = Path(name)
    if _is_file(path):
        return _of_file(path, opening)
    module, colon, attribute = name.partition(":")
    if colon:
        return _made(lambda: _found(module, attribute), name, opening)
    network = _network(name)
    unweighted = opening._replace(arguments={"weights": None, **opening.arguments})
    return _made(lambda: getattr(import_module("keras").applications, network), name, unweighted)


def check_name(name: str) -> None:
    """Raises `ModelError` for a name that cannot stand for a model, without importing Keras."""
    if not _is_file(Path(name)) and ":" not in name:
        _network(name)


def _network(name: str) -> str:
    networks = {network.lower(): network for network in applications()}
    wanted = name.lower().removeprefix("keras.applications.")
    if wanted not in networks:
        near = nearest(wanted[:LETTERS_AT_MOST], networks)
        named = re.sub(r"`(\w+)`", lambda match: f"`{networks[match[1]]}`", near)
        raise ModelError(
            f"MODEL: expected a file, a SavedModel folder, the name of a network of keras.applications, or "
            f"`package.module:factory`. Received: {_shown(name)}.{named}"
        )
    return networks[wanted]


def applications() -> list[str]:
    """Returns the names of the networks of `keras.applications`, which are read without importing Keras."""
    found = find_spec("keras")
    folders = [] if found is None else found.submodule_search_locations or []
    for file in (Path(folder, "applications", "__init__.py") for folder in folders):
        if file.is_file():
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = [each.asname or each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                     for each in node.names]  # fmt: skip
            return sorted(name for name in names if name[0].isupper())
    return []


def _is_file(path: Path) -> bool:
    try:
        is_there = path.is_file() or (path.is_dir() and (path / "saved_model.pb").exists())
    except (OSError, ValueError):
        return False
    return is_there or path.suffix.lower() in SUFFIXES


def stored_report(name: str) -> Report | None:
    """Returns the report that a file holds; `None` where it is none."""
    path = Path(name)
    if not _is_file(path) or not path.is_file():
        return None
    with path.open("rb") as stream:
        head = stream.read(200)
    if head.lstrip()[:1] != b"{" or REPORT_HEAD not in head:
        return None
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: expected a report in UTF-8: {error}.") from None


def _of_file(path: Path, opening: Opening) -> Any:
    from keras_cnnstats.reading import custom_objects_of, read_model

    with nothing_printed():
        custom_objects = custom_objects_of(opening.modules)
    with stage(f"Reading {path}"):
        return read_model(path, custom_objects=custom_objects, trusted=opening.trusted)


def _made(find: Callable[[], Any], name: str, opening: Opening) -> Any:
    """What a function of the user's or of Keras' returns; a model that is there already is taken as it is."""
    import keras

    from keras_cnnstats.reading.custom import module_of
    from keras_cnnstats.weightless import abstract

    with stage(f"Building {name}"), nothing_printed():
        try:
            for module in opening.modules:
                module_of(module)
            found = find()
            if isinstance(found, keras.Model | Report) or not callable(found):
                return found
            if opening.real:
                return found(**opening.arguments)
            with abstract():
                return found(**opening.arguments)
        except CNNStatsError:
            raise
        except (Exception, SystemExit) as error:
            raise ModelError(f"{_shown(name)} could not be built: {type(error).__name__}: {error}") from error


def _found(module: str, attribute: str) -> Any:
    from keras_cnnstats.reading.custom import module_of

    found = module_of(module)
    for name in attribute.split("."):
        if not hasattr(found, name):
            names = [each for each in vars(found) if not each.startswith("_")]
            raise ModelError(
                f"{_shown(module)} has no attribute {_shown(attribute)}.{nearest(name[:LETTERS_AT_MOST], names)}"
            )
        found = getattr(found, name)
    return found


def arguments_of(pairs: Sequence[str]) -> dict[str, Any]:
    """Returns keyword arguments written as `NAME=VALUE`; a value that is JSON is that, any other is text.

    >>> arguments_of(["alpha=0.5", "include_top=false", "pooling=avg"])
    {'alpha': 0.5, 'include_top': False, 'pooling': 'avg'}
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise ModelError(f"--argument: expected NAME=VALUE. Received: {_shown(pair)}.")
        try:
            found[name] = json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found


def _shown(text: str) -> str:
    cut = text if len(text) <= LETTERS_AT_MOST else f"{text[:LETTERS_AT_MOST]}..."
    return repr(cut)
