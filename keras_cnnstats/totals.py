"""What the rows of a report come to: the sums of its columns."""

from collections.abc import Iterable, Sequence
from typing import Any

from keras_cnnstats import units
from keras_cnnstats.placement import total
from keras_cnnstats.precision import Sparsity, summed
from keras_cnnstats.records import Row, Totals
from keras_cnnstats.units import NO_TRAINING, Training, Work


def work_by_kind(rows: Sequence[Row]) -> dict[str, Work]:
    """Returns the terms of the work, summed over the rows, by kind of primitive."""
    kinds: dict[str, list[Work]] = {}
    for row in rows:
        for kind, work in row.work or ():
            kinds.setdefault(kind, []).append(work)
    return {kind: units.together(works) for kind, works in kinds.items()}


def totals(rows: Sequence[Row], works: Iterable[Work], convention: str) -> Totals:
    """Returns the sums of the columns.

    Args:
        rows: the rows.
        works: the terms of all their work, summed before they are weighed: every convention is linear in them.
        convention: what FLOPs are counted under.
    """
    work = units.together(works)
    columns = _columns(rows)
    steps = [step for step in columns["training"] if step is not None and step is not NO_TRAINING]
    training = Training(*map(units.together, zip(*steps, strict=True)))
    stored = summed(pair for pairs in columns["stored"] for pair in pairs)
    sparsities = [each for each in columns["sparsity"] if each is not None]
    shares = [each for each in columns["share"] if each is not None]
    share = total(shares)
    return Totals(
        params=sum(columns["params"]),
        trainable_params=sum(columns["trainable_params"]),
        macs=work.macs,
        flops=units.flops(work, convention),
        transcendentals=work.transcendentals,
        rows=len(rows),
        unknown_rows=columns["work"].count(None),
        param_bytes=sum([count for _, count in stored]),
        train_macs=training.total.macs,
        train_flops=units.train_flops(training, convention),
        unknown_train_rows=columns["training"].count(None),
        quantizer_params=sum(columns["quantizer_params"]),
        stored=stored,
        operands=summed(pair for pairs in columns["operands"] for pair in pairs),
        sparsity=_sparsity(sparsities),
        unknown_sparsity_rows=sum([each.macs is None for each in sparsities]),
        share=share,
        device_flops=None if share is None or share.work is None else units.flops(share.work, convention),
        unknown_device_rows=sum([each.work is None for each in shares]),
    )


def _columns(rows: Sequence[Row]) -> dict[str, tuple[Any, ...]]:
    """What the rows hold, by the name of the attribute."""
    return dict(zip(Row._fields, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(Row._fields, ())


def _sparsity(known: Sequence[Sparsity]) -> Sparsity | None:
    """The sums over the rows of which it is known; `None` where it was not asked for."""
    return Sparsity(*[sum([count or 0 for count in counts]) for counts in zip(*known, strict=True)]) if known else None
