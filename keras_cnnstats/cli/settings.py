"""What a project's `pyproject.toml` says under `[tool.cnnstats]`."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from keras_cnnstats.errors import nearest

MODELS = "models"
"""The table of the models that have settings of their own."""

BYTES_AT_MOST = 10_000_000


class Settings:
    """The settings of a project: for all models, and for each.

    Attributes:
        path: the file that has them; `None` where there is none.
        models: the models that are named there.
    """

    def __init__(self, path: Path | None = None, table: Mapping[str, Any] | None = None) -> None:
        self.path = path
        table = table or {}
        models = table.get(MODELS, {})
        if not isinstance(models, Mapping) or not all(isinstance(own, Mapping) for own in models.values()):
            raise click.UsageError(f'{path}: [tool.cnnstats.{MODELS}]: expected a table for each, ["package:factory"].')
        self._for_all = {name: value for name, value in table.items() if name != MODELS}
        self._own = models

    @property
    def models(self) -> tuple[str, ...]:
        """The models that have settings of their own."""
        return tuple(self._own)

    def of(self, model: str, known: Iterable[str]) -> dict[str, Any]:
        """Returns the settings of a model under the names of arguments; its own go before those for all."""
        names = {name.replace("_", "-"): name for name in known}
        found = {}
        for name, value in {**self._for_all, **self._own.get(model, {})}.items():
            if name not in names:
                raise click.UsageError(
                    f"{self.path}: [tool.cnnstats]: expected {', '.join(names)}. Received: {name[:80]!r}."
                    f"{nearest(name[:80], names)}"
                )
            found[names[name]] = value
        return found


def settings(start: Path | None = None) -> Settings:
    """Returns the settings of the nearest `pyproject.toml` from a folder upwards that has some."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            table = _read(path).get("tool", {}).get("cnnstats")
            if table is not None:
                if not isinstance(table, Mapping):
                    raise click.UsageError(f"{path}: [tool.cnnstats]: expected a table.")
                return Settings(path, table)
    return Settings()


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > BYTES_AT_MOST:
        raise click.UsageError(f"{path}: expected a file of settings. Received one of {path.stat().st_size:,} bytes.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.UsageError(f"{path}: no TOML: {error}") from None
