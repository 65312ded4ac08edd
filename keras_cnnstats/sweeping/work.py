"""What is to do in a sweep, and what is done."""

from collections.abc import Callable, Hashable, Iterator
from typing import Protocol

from keras_cnnstats.sweeping.candidates import Candidate
from keras_cnnstats.sweeping.columns import Values
from keras_cnnstats.sweeping.output import RowFile
from keras_cnnstats.sweeping.progress import Shown

Key = Callable[[Candidate], Hashable]


class Makers(Protocol):
    """Who makes rows of models."""

    def rows(self, work: "Work") -> Iterator[Values]:
        """Yields the rows of all models that are still to do."""


class Work:
    """The models of a sweep: those that are to do, and the rows of those that are done.

    Attributes:
        rows: the rows, by the place of their model.
    """

    def __init__(self, models: Iterator[Candidate], key: Key | None, file: RowFile, show: Shown) -> None:
        self.rows: dict[int, Values] = {}
        self._models, self._key, self._file, self._show = enumerate(models), key, file, show
        self._places: dict[str, int] = {}
        self._first: dict[Hashable, str] = {}
        self._alike: dict[str, list[str]] = {}

    def done(self, makers: Makers) -> None:
        """Does all of it."""
        for each in makers.rows(self):
            self._take(each)
            for name in self._alike.pop(each["name"], ()):
                self._take(_copied(each, name))

    def next(self) -> Candidate | None:
        """Returns the next model that has to be built; `None` where there is none."""
        for place, candidate in self._models:
            name = candidate.name
            self._places[name] = place
            first = name if self._key is None else self._first.setdefault(self._key(candidate), name)
            stored = self._file.rows.get(name)
            if stored is not None:
                self.rows[place] = stored
                self._show(stored)
            elif first == name:
                return candidate
            elif self._places[first] in self.rows:
                self._take(_copied(self.rows[self._places[first]], name))
            else:
                self._alike.setdefault(first, []).append(name)
        return None

    def _take(self, found: Values) -> None:
        self._file.add(found)
        self.rows[self._places[found["name"]]] = found
        self._show(found)


def _copied(found: Values, name: str) -> Values:
    """The row of a model that is like another."""
    return {**found, "name": name, "same_as": found["same_as"] or found["name"], "seconds": 0.0}
