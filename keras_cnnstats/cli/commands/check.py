"""`cnnstats check`: whether models keep their budgets."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from keras_cnnstats.budgets import LIMITS, Amount, Finding, check_budget, told
from keras_cnnstats.cli import DONE, NO
from keras_cnnstats.cli.colours import painted
from keras_cnnstats.cli.options import Asked, InputShape, ModelName, budget_options, input_shape_of, model_options
from keras_cnnstats.cli.output import check_output, format_of, written
from keras_cnnstats.cli.reading import report_of
from keras_cnnstats.cli.settings import Settings, settings
from keras_cnnstats.cli.sources import arguments_of
from keras_cnnstats.render.cells import plain
from keras_cnnstats.render.text import Glyphs, output_glyphs
from keras_cnnstats.units import CONVENTIONS

FORMATS = ("table", "json")

SETTINGS = (*LIMITS, "input_shape", "batch_size", "convention", "custom_objects", "argument")
"""What `[tool.cnnstats]` may have."""


class Checked(NamedTuple):
    """A model, held against its budgets."""

    model: str
    findings: tuple[Finding, ...]

    @property
    def is_kept(self) -> bool:
        """Whether it keeps all of them."""
        return all(finding.is_kept for finding in self.findings)


EXAMPLES = """\b
cnnstats check model.keras --max-params 5M --max-flops 600M --min-receptive-field 224
cnnstats check            # what pyproject.toml names

\b
[tool.cnnstats]                            # for all models
max-activation-memory = "200MB"
[tool.cnnstats.models."my.models:build"]   # for one, which `cnnstats check` then checks
max-flops = "600M"
input-shape = "96,96,3"
"""


@click.command(epilog=EXAMPLES)
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=ModelName())
@budget_options
@click.option("--format", "-f", "asked", type=click.Choice(FORMATS), help="By default what the output's name says.")
@click.option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
@model_options
def command(
    models: Sequence[str],
    asked: str | None,
    output: str | None,
    how: Asked,
    **budgets: str | None,
) -> int:
    """Whether each MODEL keeps its budgets; exit code 1, and the layers that cost most, where one does not.

    An unknown cost keeps no budget.
    """
    kind = format_of(asked, output, FORMATS)
    check_output(output)
    found = settings()
    names = models or found.models
    if not names:
        where = f"{found.path} names none" if found.path else "there is no [tool.cnnstats] in a pyproject.toml here"
        raise click.UsageError(f"expected a MODEL; {where}.")
    asked_for = {name: amount for name, amount in budgets.items() if amount is not None}
    wanted = [_wanted(name, found, asked_for) for name in names]
    checked = [
        Checked(name, check_budget(report_of(name, _how(own, how)), **allowed))
        for name, (allowed, own) in zip(names, wanted, strict=True)
    ]
    text = _as_json(checked) if kind == "json" else "\n".join(line for each in checked for line in _lines(each, output))
    written(text, output, is_table=kind == "table")
    return DONE if all(each.is_kept for each in checked) else NO


def _how(own: Mapping[str, Any], how: Asked) -> Asked:
    """How a model is opened and analysed: as its settings say, and the command line before them."""
    opening = how.opening._replace(
        arguments={**arguments_of(_listed(own, "argument")), **how.opening.arguments},
        modules=[*_listed(own, "custom_objects"), *how.opening.modules],
    )
    shapes = [InputShape().convert(text, None, None) for text in _listed(own, "input_shape")]
    return Asked(
        opening,
        input_shape_of(shapes) if how.input_shape is None else how.input_shape,
        how.batch_size or _batch_size(own),
        how.convention or _convention(own),
    )


def _wanted(name: str, found: Settings, asked: Mapping[str, Amount]) -> tuple[dict[str, Amount | None], dict[str, Any]]:
    """The budgets of a model, each read once before any work is done, and its other settings."""
    own = found.of(name, SETTINGS)
    allowed: dict[str, Amount | None] = {each: own.pop(each) for each in LIMITS if each in own}
    allowed |= asked
    if not allowed:
        raise click.UsageError(f"{plain(name)}: expected a budget, such as --max-params 5M.")
    for each, amount in allowed.items():
        LIMITS[each].read(amount, each.replace("_", "-"))
    return allowed, own


def _listed(own: Mapping[str, Any], name: str) -> list[str]:
    value = own.get(name, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise click.UsageError(f"[tool.cnnstats] {name.replace('_', '-')}: expected a list of texts.")
    return listed


def _batch_size(own: Mapping[str, Any]) -> int | None:
    size = own.get("batch_size")
    if size is not None and (type(size) is not int or size < 1):
        raise click.UsageError("[tool.cnnstats] batch-size: expected a positive integer.")
    return size


def _convention(own: Mapping[str, Any]) -> str | None:
    name = own.get("convention")
    if name is not None and name not in tuple(CONVENTIONS):
        raise click.UsageError(f"[tool.cnnstats] convention: expected one of {', '.join(CONVENTIONS)}.")
    return name


def _lines(checked: Checked, output: str | None) -> list[str]:
    glyphs = output_glyphs() if output in (None, "-") else Glyphs()
    lines = [plain(checked.model)]
    for finding in checked.findings:
        first, *rows = told(finding)
        mark, colour = ("✓", "green") if finding.is_kept else ("✗", "red")
        lines += [f"  {painted(mark, fg=colour) if output is None else mark} {first}", *(f"    {row}" for row in rows)]
    return [glyphs.carried(line) for line in lines]


def _as_json(checked: Sequence[Checked]) -> str:
    return json.dumps([_record(each) for each in checked], indent=2)


def _record(checked: Checked) -> dict[str, Any]:
    return {
        "model": checked.model,
        "kept": checked.is_kept,
        "budgets": [
            {
                "budget": finding.limit.name.replace("_", "-"),
                "allowed": finding.allowed,
                "found": _number(finding.found),
                "unknown_rows": finding.unknown,
                "kept": finding.is_kept,
                "rows": [{"layer": row.layer, "call": row.call, "found": _number(had)} for row, had in finding.rows],
            }
            for finding in checked.findings
        ],
    }


def _number(value: Any) -> Any:
    """A count, `"all"` for the whole input, a fraction of a position as a text, as a report's JSON has them."""
    return value if value is None or isinstance(value, int) else "all" if value == float("inf") else str(value)
