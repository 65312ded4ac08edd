"""What every rendering of a comparison says of all models, as plain text: what is compared, totals, verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from keras_cnnstats import units
from keras_cnnstats.alignment import EXTENTS
from keras_cnnstats.comparison import Compared, Comparison
from keras_cnnstats.render import content
from keras_cnnstats.render.cells import plain, value_text
from keras_cnnstats.units import Extent

LABELS = {
    "params": "Params",
    "trainable_params": "Trainable params",
    "macs": "MACs",
    "flops": "FLOPs",
    "transcendentals": "Transcendentals",
    "train_flops": "Training step",
    "param_bytes": "Weight bytes",
    "quantizer_params": "Quantiser state",
    "activation_bytes": "Activation bytes",
    "peak_activation_bytes": "Peak activation bytes",
    "rows": "Layer calls",
    "unknown_rows": "Calls of unknown cost",
    "unexplained": "Unexplained disagreements",
    "rf": "Receptive field",
    "local_rf": "Local receptive field",
    "stride": "Stride",
    "padding": "Effective padding",
}
"""What the quantities are called."""

BYTES = ("param_bytes", "peak_activation_bytes")
"""Totals that are bytes."""

ALWAYS = ("params", "macs", "flops")
"""Totals that are said also where all models have 0 of it."""

VERDICTS = {
    "params": "parameters",
    "flops": "FLOPs",
    "peak_activation_bytes": "activation bytes",
    "rf": "receptive field",
}
"""The totals that a verdict is about, and what they are called in it."""

ARROW = "→"
TIMES_FROM = 10
"""A ratio from here on is said as one; below, as a percentage more."""

ROUNDED_FROM = 1000
"""Counts from here on are rounded where there is little room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One quantity of all models.

    Attributes:
        name: what it is called in `comparison.totals`; without an axis where all axes are alike.
        label: what it is called here.
        values: exactly, in each model.
        rounded: the same to three digits.
        differences: with a sign, from the first model to each other; `=` for none.
        shares: how much more that is, in percent or as a ratio; nothing where that has no meaning.
        directions: 1 where it grew, -1 where it shrank, else 0.
        is_same: whether all models have the same of it.
    """

    name: str
    label: str
    values: tuple[str, ...]
    rounded: tuple[str, ...]
    differences: tuple[str, ...]
    shares: tuple[str, ...]
    directions: tuple[int, ...]
    is_same: bool


def headings(comparison: Comparison) -> list[str]:
    """Returns what each report is of, what is not alike, and the convention."""
    models = [
        f"{plain(name)}: {content.heading(report)[0]}"
        for name, report in zip(comparison.names, comparison.reports, strict=True)
    ]
    unlike = [f"Not of the same {name}: the numbers differ for that reason too." for name in comparison.unlike]
    return [*models, *unlike, content.heading(comparison.reports[0])[1]]


def totals(comparison: Comparison) -> list[Total]:
    """Returns the totals that there is something to say of."""
    letters = dict.fromkeys(axis for report in comparison.reports for axis in report.axes)
    ends = {f"{name}_{letter}" for name in EXTENTS for letter in letters}
    found = comparison.totals
    sums = [
        _total(name, _label(comparison, name), compared)
        for name, compared in found.items()
        if name not in ends and (name in ALWAYS or set(compared.values) not in ({0}, {None}))
    ]
    per_axis = {name: {letter: found[f"{name}_{letter}"] for letter in letters} for name in EXTENTS}
    if all(per_axis["rf"][letter].values == per_axis["local_rf"][letter].values for letter in letters):
        del per_axis["local_rf"]
    if all(compared.is_same for compared in per_axis["padding"].values()):
        del per_axis["padding"]
    return [*sums, *(total for name, axes in per_axis.items() for total in _on_axes(name, axes))]


def _on_axes(name: str, axes: dict[str, Compared]) -> Iterator[Total]:
    """The totals on all axes; one, where they are alike."""
    if len({compared.values for compared in axes.values()}) == 1:
        yield _total(name, LABELS[name], next(iter(axes.values())))
    else:
        for letter, compared in axes.items():
            yield _total(f"{name}_{letter}", f"{LABELS[name]} ({letter})", compared)


def _label(comparison: Comparison, name: str) -> str:
    convention = plain(comparison.reports[0].header.convention)
    return f"{LABELS[name]} ({convention})" if name in ("flops", "train_flops") else LABELS[name]


def _total(name: str, label: str, compared: Compared) -> Total:
    marks = ["≥ " if bound and value is not None else ""
             for value, bound in zip(compared.values, compared.lower_bounds, strict=True)]  # fmt: skip
    return Total(
        name=name,
        label=label,
        values=tuple(mark + value_text(value) for mark, value in zip(marks, compared.values, strict=True)),
        rounded=tuple(mark + _rounded(name, value) for mark, value in zip(marks, compared.values, strict=True)),
        differences=tuple(_difference(compared, number) for number in range(1, len(compared.values))),
        shares=tuple(share(ratio) for ratio in compared.ratios[1:]),
        directions=tuple(_direction(difference) for difference in compared.differences[1:]),
        is_same=compared.is_same,
    )


def _difference(compared: Compared, number: int) -> str:
    """The difference with its sign; nothing from a number to the whole input, or back."""
    values = (compared.values[0], compared.values[number])
    if inf in values and None not in values:
        return "=" if values[0] == values[1] else ""
    return signed(compared.differences[number]) or "="


def _rounded(name: str, value: Extent) -> str:
    if not isinstance(value, int) or abs(value) < ROUNDED_FROM or name.startswith(tuple(EXTENTS)):
        return value_text(value)
    return units.si(value) + ("B" if name in BYTES else "")


def _direction(difference: Extent) -> int:
    return 0 if not difference else 1 if difference > 0 else -1


def signed(difference: Extent) -> str:
    """Returns a difference with its sign; nothing for none, `?` where it is unknown.

    >>> signed(1234), signed(-5), signed(0), signed(None)
    ('+1,234', '-5', '', '?')
    """
    if difference is None:
        return "?"
    return ("+" if difference > 0 else "") + value_text(difference) if difference else ""


def share(ratio: float | None) -> str:
    """Returns how much more a ratio says there is, to enough digits that it does not read as none or all.

    >>> share(1.125), share(1.00002), share(0.0001), share(23.4), share(1.0), share(None)
    ('+12.5%', '+0.002%', '-99.990%', '×23.4', '', '')
    """
    if ratio is None or ratio == 1:
        return ""
    if ratio >= TIMES_FROM:
        return f"×{ratio:,.1f}"
    texts = [f"{ratio - 1:+.{digits}%}" for digits in (1, 3, 6, 9)]
    return next((text for text in texts if ratio == 0 or float(text[:-1]) not in (0, -100)), texts[-1])


def verdict(comparison: Comparison, number: int) -> str:
    """Returns in a few words what became of the first model in another one, by its number from 1."""
    found = comparison.totals.values()
    is_changed = any(change.other == comparison.names[number] for change in comparison.changes)
    is_same = all(total.values[0] == total.values[number] for total in found)
    if is_same and not is_changed:
        is_open = any(total.lower_bounds[0] or total.lower_bounds[number] for total in found)
        return "no change in what is known" if is_open else "no change"
    said = [
        f"{VERDICTS[name]} {_by_how_much(name, total, number)}"
        for total in totals(comparison)
        if (name := _axes_together(total.name)) in VERDICTS
        and total.differences[number - 1] != "="
        and (total.values[0], total.values[number]) != ("?", "?")
    ]
    usual = "the same totals, other layers" if is_same else "the same layers, other totals"
    return ", ".join(dict.fromkeys(said)) or usual


def _axes_together(name: str) -> str:
    return "rf" if name.startswith("rf_") else name


def _by_how_much(name: str, total: Total, number: int) -> str:
    difference, percent = total.differences[number - 1], total.shares[number - 1]
    if difference == "?":
        return "unknown"
    if not difference:
        return f"{total.values[0]} {ARROW} {total.values[number]}"
    # Of a field, positions say more than percents.
    return difference if name == "rf" or not percent else percent
