"""Why do two tools give two totals? The model's total under every convention, as a sum of named terms."""

from dataclasses import dataclass

from keras_cnnstats import units
from keras_cnnstats.records import Header
from keras_cnnstats.reports import Report
from keras_cnnstats.units import CONVENTIONS, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a convention's total.

    Attributes:
        name: what it is.
        flops: how many operations it adds; negative where it takes some off.
    """

    name: str
    flops: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A model's total under all conventions, each as the sum of its terms.

    Attributes:
        header: what the numbers are of.
        terms: for each convention the terms that its total is the sum of; terms of 0 are left out.
        unknown_rows: rows whose cost is unknown, so that all totals are lower bounds.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="relu")], name="small")
    >>> result = cnnstats.analyze(model).reconcile(verbose=False)
    >>> result
    <Reconciliation of 'small': textbook 18, macs 8, 2macs 16, tf 18, xla 20>
    >>> result.totals
    {'textbook': 18, 'macs': 8, '2macs': 16, 'tf': 18, 'xla': 20}
    >>> [(term.name, term.flops) for term in result.terms["textbook"]][:2]
    [('2 x MACs', 16), ('first product of each sum needs no addition', -2)]
    """

    header: Header
    terms: dict[str, tuple[Part, ...]]
    unknown_rows: int = 0

    @property
    def totals(self) -> dict[str, int]:
        """The total under each convention."""
        return {convention: sum(term.flops for term in terms) for convention, terms in self.terms.items()}

    def __repr__(self) -> str:
        totals = ", ".join(f"{name} {flops:,}" for name, flops in self.totals.items())
        return f"<Reconciliation of {self.header.model!r}: {totals}>"

    def __str__(self) -> str:
        from keras_cnnstats.render.reconciliation import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from keras_cnnstats.render.reconciliation import to_notebook

        return to_notebook(self)


def reconcile(report: Report) -> Reconciliation:
    """Returns the report's total under all conventions, term by term."""
    kinds = report.work_by_kind
    total = units.together(kinds.values())
    twice = Part(name="2 x MACs", flops=2 * total.macs)
    biases = Part(name="biases", flops=total.biases)
    terms = {
        "textbook": [
            twice,
            Part(name="first product of each sum needs no addition", flops=-total.outputs),
            biases,
            *_by_kind(kinds, "arithmetic"),
        ],
        "macs": [Part(name="MACs", flops=total.macs)],
        "2macs": [twice],
        "tf": [twice, biases, *_by_kind(kinds, "registered")],
        "xla": [
            twice,
            Part(name="taps in the padding", flops=2 * (total.inside - total.macs)),
            biases,
            *_by_kind(kinds, "hlo"),
        ],
    }
    return Reconciliation(
        header=report.header,
        terms={convention: tuple(term for term in terms[convention] if term.flops) for convention in CONVENTIONS},
        unknown_rows=report.totals.unknown_rows,
    )


def _by_kind(kinds: dict[str, Work], term: str) -> list[Part]:
    """One term for each kind of primitive, the largest first."""
    found = [Part(name=kind, flops=getattr(work, term)) for kind, work in kinds.items()]
    return sorted(found, key=lambda part: -part.flops)
