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
        rows: the rows that are wanted, by the place of their model.
        left_out: how many others there are: of their models no more than a name is kept.
    """

    def __init__(
        self, models: Iterator[Candidate], key: Key | None, file: RowFile, show: Shown, wanted: Callable[[Values], bool]
    ) -> None:
        self.rows: dict[int, Values] = {}
        self.left_out = 0
        self._models, self._key, self._file, self._show, self._wanted = enumerate(models), key, file, show, wanted
        self._places: dict[str, int] = {}
        self._first: dict[Hashable, str] = {}
        self._originals: dict[str, Values | None] = {}
        self._alike: dict[str, list[str]] = {}

    def done(self, makers: Makers) -> None:
        """Does all of it."""
        for each in makers.rows(self):
            self._take(each)
            for name in self._alike.pop(each["name"], ()):
                self._take(_copy(each, name))

    def next(self) -> Candidate | None:
        """Returns the next model that has to be built; `None` where there is none."""
        for place, candidate in self._models:
            name = candidate.name
            self._places[name] = place
            first = self._first_of(candidate)
            if name in self._file.rows:
                self._keep(name, self._file.rows[name])
            elif first == name:
                return candidate
            elif (original := self._originals[first]) is not None:
                self._take(_copy(original, name))
            else:
                self._alike.setdefault(first, []).append(name)
        return None

    def _first_of(self, candidate: Candidate) -> str:
        """The name of the first model that is like this one."""
        if self._key is None:
            return candidate.name
        first = self._first.setdefault(self._key(candidate), candidate.name)
        # Its row, when it comes, is one to copy, wanted or not.
        self._originals.setdefault(first, None)
        return first

    def _take(self, found: Values) -> None:
        self._file.add(found)
        self._keep(found["name"], found)

    def _keep(self, name: str, found: Values | None) -> None:
        """Takes a row in; `None` is one that the file knows to be unwanted."""
        place = self._places.pop(name)
        if name in self._originals:
            self._originals[name] = found
        if found is not None and self._wanted(found):
            self.rows[place] = found
        else:
            self.left_out += 1
        self._show(found is not None and bool(found["error"]))


def _copy(found: Values, name: str) -> Values:
    """The row of a model that is like another."""
    return {**found, "name": name, "same_as": found["same_as"] or found["name"], "seconds": 0.0}
