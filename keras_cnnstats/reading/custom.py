"""The user's own layers and functions, which the user names: none comes from a file."""

import inspect
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats.errors import FileError


def custom_objects_of(modules: Sequence[str]) -> dict[str, Any]:
    """Returns the classes and functions of modules, by their names and by those that they are registered under.

    Args:
        modules: names of modules, such as `my_package.layers`; they are imported, which registers rules too.

    Raises:
        FileError: there is no such module.
    """
    found: dict[str, Any] = {}
    for name in modules:
        module = _imported(name)
        for member in vars(module).values():
            if inspect.isclass(member) or inspect.isfunction(member):
                found[member.__name__] = member
                found[keras.saving.get_registered_name(member)] = member
    return found


def _imported(name: str) -> Any:
    if not all(part.isidentifier() for part in name.split(".")):
        raise FileError(f"custom objects: expected the name of a module, such as package.module. Received: {name!r}.")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise FileError(f"custom objects: there is no module {name!r} here or in this Python.") from None
