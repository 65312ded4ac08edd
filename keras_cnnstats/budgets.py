"""Budgets: what a model may cost at most, and has to see at least."""

from collections.abc import Callable, Mapping
from math import inf
from operator import attrgetter
from typing import Any, NamedTuple

from keras_cnnstats.amounts import bytes_of, count_of
from keras_cnnstats.errors import BudgetError, ModelError, nearest
from keras_cnnstats.records import Row
from keras_cnnstats.render.cells import layer_name, plain, value_text
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Count, Extent

ROWS_AT_MOST = 5
"""Rows that are named for a budget that is not kept: those that cost the most."""

Amount = int | str


class Limit(NamedTuple):
    """Something that a budget can be set for.

    Attributes:
        name: what the budget is called, as an argument.
        what: what is held against it, in a reader's words.
        read: reads the amount that was given.
        total: what the model has of it; `None` where that is unknown.
        part: what a row has of it; `None` where no single row can be blamed.
        unknown: how many rows it is unknown of, where the total is the sum over the others.
    """

    name: str
    what: str
    read: Callable[[object, str], int]
    total: Callable[[Report], Extent]
    part: Callable[[Row], Count] | None = None
    unknown: Callable[[Report], int] | None = None

    @property
    def is_least(self) -> bool:
        """Whether the budget is a least amount, not a most."""
        return self.name.startswith("min_")

    @property
    def example(self) -> str:
        """An amount as somebody might write it."""
        if self.read is bytes_of:
            return "200MB"
        return {"min_receptive_field": "224", "max_unexplained": "0", "max_unknown": "0"}.get(self.name, "5M")


class Finding(NamedTuple):
    """One budget, held against a model.

    Attributes:
        limit: what the budget is for.
        allowed: the budget.
        found: what the model has; `None` where it is unknown.
        unknown: rows of which it is unknown: the model has more than `found`.
        rows: where the budget is not kept: the rows that have the most of it, with how much.
    """

    limit: Limit
    allowed: int
    found: Extent
    unknown: int = 0
    rows: tuple[tuple[Row, Extent], ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether the budget is kept for certain: nobody knows that of an unknown amount."""
        if self.found is None:
            return False
        if self.limit.is_least:
            return self.found >= self.allowed
        return self.found <= self.allowed and not self.unknown

    @property
    def text(self) -> str:
        """The finding in one line."""
        bound = "at least" if self.limit.is_least else "at most"
        more = f" and what {self.unknown:,} rows of unknown cost add" if self.unknown else ""
        found = "unknown" if self.found is None else value_text(self.found)
        return f"{self.limit.what}: {bound} {self.allowed:,}, found {found}{more}"


def _memory(name: str) -> Callable[[Report], Count]:
    def total(report: Report) -> Count:
        return None if report.memory is None else getattr(report.memory, name)

    return total


def _unknown_work(report: Report) -> int:
    return report.totals.unknown_rows


def _unknown_training(report: Report) -> int:
    return report.totals.unknown_train_rows


def smallest_field(report: Report) -> Extent:
    """Returns the receptive field of the last map, on the axis where it is smallest; `None` where one is unknown."""
    row = report.last_map
    sizes = () if row is None else row.receptive_field
    return None if not sizes or None in sizes else min(size for size in sizes if size is not None)


def _unexplained(report: Report) -> int:
    return len(report.unexplained)


def _nothing(row: Row) -> Count:
    return None if row.work is None else 0


LIMITS: Mapping[str, Limit] = {
    limit.name: limit
    for limit in (
        Limit("max_params", "parameters", count_of, attrgetter("totals.params"), attrgetter("params")),
        Limit(
            "max_trainable_params",
            "trainable parameters",
            count_of,
            attrgetter("totals.trainable_params"),
            attrgetter("trainable_params"),
        ),
        Limit("max_macs", "MACs", count_of, attrgetter("totals.macs"), attrgetter("macs"), _unknown_work),
        Limit("max_flops", "FLOPs", count_of, attrgetter("totals.flops"), attrgetter("flops"), _unknown_work),
        Limit(
            "max_train_flops",
            "FLOPs of a step of training",
            count_of,
            attrgetter("totals.train_flops"),
            attrgetter("train_flops"),
            _unknown_training,
        ),
        Limit(
            "max_weight_memory",
            "bytes of weights",
            bytes_of,
            attrgetter("totals.param_bytes"),
            attrgetter("param_bytes"),
        ),
        Limit(
            "max_activation_memory",
            "bytes of activations at their peak",
            bytes_of,
            _memory("peak_activation_bytes"),
            attrgetter("activation_bytes"),
        ),
        Limit(
            "max_inference_memory",
            "bytes of weights and activations",
            bytes_of,
            _memory("inference_bytes"),
            attrgetter("activation_bytes"),
        ),
        Limit(
            "max_training_memory",
            "bytes that a step of training keeps",
            bytes_of,
            _memory("training_bytes"),
            attrgetter("activation_bytes"),
        ),
        Limit("min_receptive_field", "receptive field of the last map", count_of, smallest_field),
        Limit("max_unexplained", "disagreements that nobody has explained", count_of, _unexplained),
        Limit("max_unknown", "rows of unknown cost", count_of, _unknown_work, _nothing),
    )
}  # fmt: skip
"""All budgets, by name."""


def check_budget(report: Report, **budgets: Amount | None) -> tuple[Finding, ...]:
    """Returns how a report stands to each budget, in the order in which they were given.

    Args:
        report: the report.
        budgets: see `assert_budget`; `None` is none.

    Raises:
        BudgetError: there is no such budget, or none was given, or an amount is not valid.
    """
    allowed = amounts(budgets)
    if not allowed:
        raise BudgetError(f"expected at least one budget of {', '.join(LIMITS)}. Received: none.")
    return tuple(_held(report, LIMITS[name], amount) for name, amount in allowed.items())


def amounts(budgets: Mapping[str, Amount | None]) -> dict[str, int]:
    """Returns the budgets that were given, as numbers.

    Raises:
        BudgetError: there is no such budget, or an amount is not valid.
    """
    given = {name: amount for name, amount in budgets.items() if amount is not None}
    for name in given:
        if name not in LIMITS:
            raise BudgetError(f"expected budgets of {', '.join(LIMITS)}. Received: {name!r}.{nearest(name, LIMITS)}")
    return {name: LIMITS[name].read(amount, name) for name, amount in given.items()}


def assert_budget(
    model: Any,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str | None = None,
    **budgets: Amount | None,
) -> Report:
    """Raises unless a model keeps all budgets: for tests.

    Args:
        model: the model, or a report of it.
        input_shape: see `analyze`, as for the next one: for a model.
        batch_size: samples that work and activations are counted for.
        convention: how FLOPs are counted; by default as in the report, of a model `"textbook"`.
        budgets: amounts as integers or as text with a unit (`"5M"`, `"1.5GiB"`), by name: `max_params`,
            `max_trainable_params`, `max_macs`, `max_flops`, `max_train_flops`; in bytes `max_weight_memory`,
            `max_activation_memory` (the peak at inference), `max_inference_memory` (both), `max_training_memory` (of a
            compiled model); in input positions `min_receptive_field` (of the last map, where it is smallest);
            `max_unexplained` (disagreements), `max_unknown` (rows). What is unknown keeps no budget.

    Returns:
        The report.

    Raises:
        BudgetError: a budget is not kept, with the rows that have the most of it; or one is no budget. It is an
            `AssertionError` too.
        ModelError: `input_shape` or `batch_size` is given with a report.
        ConventionError: `convention` is not one of the five.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, name="stem")], name="net")
    >>> report = cnnstats.assert_budget(model, max_params="1k", min_receptive_field=3)
    >>> cnnstats.assert_budget(model, max_params=200)
    Traceback (most recent call last):
    keras_cnnstats.errors.BudgetError: net: 1 of 1 budgets is not kept.
      parameters: at most 200, found 224
        stem (Conv2D): 224
    """
    from keras_cnnstats.analysis import analyze

    if not isinstance(model, Report):
        report = analyze(model, input_shape=input_shape, batch_size=batch_size, convention=convention or "textbook")
    elif input_shape is None and batch_size == 1:
        report = model.with_convention(convention) if convention else model
    else:
        raise ModelError("assert_budget: input_shape and batch_size are for models. Received: a report.")
    findings = check_budget(report, **budgets)
    broken = [finding for finding in findings if not finding.is_kept]
    if broken:
        verb = "is" if len(broken) == 1 else "are"
        lines = "".join(f"\n  {line}" for finding in broken for line in told(finding))
        raise BudgetError(
            f"{plain(report.header.model)}: {len(broken)} of {len(findings)} budgets {verb} not kept.{lines}"
        )
    return report


def told(finding: Finding) -> list[str]:
    """Returns a finding as lines: what was found, and indented the rows that have the most of it."""
    rows = [f"  {layer_name(row.layer, row.call)} ({plain(row.type)}): {value_text(had)}" for row, had in finding.rows]
    return [finding.text, *rows]


def _held(report: Report, limit: Limit, allowed: int) -> Finding:
    finding = Finding(limit, allowed, limit.total(report), limit.unknown(report) if limit.unknown else 0)
    return finding if finding.is_kept else finding._replace(rows=_blamed(report, limit))


def _blamed(report: Report, limit: Limit) -> tuple[tuple[Row, Extent], ...]:
    """The rows of which it is unknown, then those that have the most; for a least amount, the row that it is of."""
    if limit.is_least:
        row = report.last_map
        return () if row is None else ((row, min(row.receptive_field, key=lambda size: inf if size is None else size)),)
    if limit.part is None:
        return ()
    amounts = [(row, limit.part(row)) for row in report.rows]
    counted = [(row, amount) for row, amount in amounts if amount]
    unknown = [(row, amount) for row, amount in amounts if amount is None]
    most = sorted(counted, key=lambda pair: pair[1] or 0, reverse=True)
    return (*unknown[:ROWS_AT_MOST], *most[:ROWS_AT_MOST])
