"""What a referee says that something costs, and what it is known to count otherwise."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

from keras_cnnstats.verification import Term, merged

FIRST_STEP = "first step"
"""The name of a term that only a recurrence by itself shows."""


class Figures(NamedTuple):
    """The count of a referee.

    Attributes:
        contractions: FLOPs of convolutions, dense layers and matrix products.
        rest: FLOPs of everything else; `None` where the referee counts contractions alone.
        terms: what the referee is known to count otherwise in contractions, in FLOPs.
        rest_terms: the same in everything else.
        resolution: how far the figures may be off because of the digits that they have.
        loose: what belongs to the row that it stands in, and is named where it stands in none.
        shapes: what was made, by its shapes.
        reads: which of the tensors that a call is fed have values that what it makes depends on; empty: all.
    """

    contractions: int = 0
    rest: int | None = 0
    terms: tuple[Term, ...] = ()
    rest_terms: tuple[Term, ...] = ()
    resolution: int = 0
    loose: tuple[Term, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    reads: tuple[bool, ...] = ()

    def repeated(self, often: int, reason: str) -> "Figures":
        """Figures of a loop whose body is counted once: a term says what is missing."""
        contractions, rest = self.net
        loose = tuple([term._replace(amount=term.amount * often) for term in self.loose])
        once = self._replace(resolution=self.resolution * often, loose=loose)
        return once.with_terms("loop", -(often - 1) * contractions, -(often - 1) * rest, reason)

    def with_terms(self, name: str, contractions: int, rest: int, reason: str) -> "Figures":
        """Figures with one more reason why they are not what there is."""
        terms, rest_terms = (
            (*self.terms, Term(name, contractions, reason)),
            (*self.rest_terms, Term(name, rest, reason)),
        )
        return self._replace(terms=terms, rest_terms=rest_terms)

    @property
    def net(self) -> tuple[int, int]:
        """FLOPs of contractions and of the rest, as they would be counted if nothing were counted otherwise."""
        contractions = self.contractions - sum(term.amount for term in self.terms)
        return int(contractions), int((self.rest or 0) - sum(term.amount for term in self.rest_terms))


def total(figures: Iterable[Figures]) -> Figures:
    """Returns the sum of figures, with one term for each name."""
    found = list(figures)
    return Figures(
        sum(each.contractions for each in found),
        None if any(each.rest is None for each in found) else sum(each.rest or 0 for each in found),
        merged(term for each in found for term in each.terms),
        merged(term for each in found for term in each.rest_terms),
        sum(each.resolution for each in found),
        merged(term for each in found for term in each.loose),
    )


def products_of_einsum(equation: str, shapes: Iterable[Sequence[int]]) -> int:
    """Returns the products of an Einsum: one for each combination of the letters."""
    sources, result = equation.replace(" ", "").split("->")
    sizes: dict[str, int] = {}
    for letters, shape in zip(sources.split(","), shapes, strict=True):
        before, dots, behind = letters.partition("...")
        named = [*zip(before, shape, strict=False), *zip(behind[::-1], shape[::-1], strict=False)]
        if dots and "..." in result:
            spread = shape[len(before) : len(shape) - len(behind)]
            named += [(f"...{place}", size) for place, size in enumerate(reversed(spread))]
        for letter, size in named:
            sizes[letter] = max(size, sizes.get(letter, 1))
    return prod(sizes.values())
