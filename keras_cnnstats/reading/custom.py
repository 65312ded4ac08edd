"""The user's own layers and functions, which the user names: none comes from a file."""

import inspect
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats.errors import FileError

LETTERS_AT_MOST = 200
"""Longer names are cut in messages."""


def custom_objects_of(modules: Sequence[str]) -> dict[str, Any]:
    """Returns the classes and functions of modules, by their names and by those that they are registered under.

    Args:
        modules: names of modules, such as `my_package.layers`; they are imported, which registers rules too.

    Raises:
        FileError: there is no such module, or it cannot be imported.
    """
    found: dict[str, Any] = {}
    for name in modules:
        module = module_of(name)
        for member in vars(module).values():
            is_named = inspect.isclass(member) or inspect.isfunction(member)
            # What the module has of Keras is not the user's: it is looked through like all of Keras.
            if is_named and not f"{member.__module__}.".startswith("keras."):
                found[member.__name__] = member
                found[keras.saving.get_registered_name(member)] = member
    return found


def module_of(name: str) -> Any:
    """Returns a module of the user's, which may lie where the user stands, as `python -m` finds it.

    Raises:
        FileError: there is no such module, or it cannot be imported.
    """
    shown = name[:LETTERS_AT_MOST]
    if not all(part.isidentifier() for part in name.split(".")):
        raise FileError(f"expected the name of a module, such as package.module. Received: {shown!r}.")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{name}.".startswith(f"{missing}."):
            raise FileError(f"there is no module {shown!r} here or in this Python.") from None
        raise FileError(f"module {shown!r} cannot be imported: {type(error).__name__}: {error}") from error
