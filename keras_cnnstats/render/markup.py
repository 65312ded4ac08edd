"""The report for spreadsheets and pages: CSV and Markdown.

Names stand in full. Whatever comes from the model is text and stays text: it starts no formula, tag, link or command.
"""

import csv
import io
import os
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from keras_cnnstats.render import cells, content
from keras_cnnstats.render.dataframe import EXTENTS, records
from keras_cnnstats.render.files import deliver
from keras_cnnstats.render.spreadsheet import no_formula
from keras_cnnstats.reports import Report


def to_csv(report: Report, path: str | os.PathLike[str] | None = None, columns: Sequence[str] | None = None) -> str:
    """Returns the rows as CSV with the columns of the DataFrame, or writes them to `path`.

    Unknown is empty, the whole input `inf`, a fraction of a position a decimal, integers are exact. Text that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    found = records(report)
    found["output_shape"] = [cells.shape_text(row.output_shapes) for row in report.rows]
    if columns is not None:
        found = {name: found[name] for name in _per_axis(report, columns)}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(found)
    writer.writerows([_csv_cell(value) for value in record] for record in zip(*found.values(), strict=True))
    return deliver(stream.getvalue(), path)


def _per_axis(report: Report, names: Sequence[str]) -> list[str]:
    """The names with a column for each axis where all axes together were asked for."""
    each = [[f"{name}_{axis}" for axis in report.axes] if name in EXTENTS else [name] for name in names]
    return [name for group in each for name in group] if cells.checked(report, names) else []


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return no_formula(value)
    return float(value) if isinstance(value, Fraction) else value


def to_markdown(
    report: Report, path: str | os.PathLike[str] | None = None, columns: Sequence[str] | None = None
) -> str:
    """Returns the report as GitHub-flavoured Markdown, or writes it to `path`."""
    found = cells.chosen(report, columns)
    titles = [column.title for column in found]
    bodies = [
        [(code if column.title in ("Layer", "Type") else prose)(cell) for cell in column.cells] for column in found
    ]
    total = [f"**{cell}**" if cell else "" for cell in content.total_cells(report, titles)]
    parts = [
        "  \n".join(map(text_line, content.heading(report))),
        pipes([*zip(*bodies, strict=True), total], titles, [column.numeric for column in found]),
        "\n".join(f"- {text_line(line)}" for line in content.legend(report)),
        "\n".join(f"- {text_line(line)}" for line in content.sums(report)),
    ]
    if report.disagreements:
        numeric = [title in content.NUMERIC_DETAILS for title in content.DETAILS]
        written = [[_DETAIL.get(title, prose)(cell) for title, cell in zip(content.DETAILS, detail, strict=True)]
                   for detail in content.details(report)]  # fmt: skip
        parts += [f"### Disagreements with {content.claimants(report)}", pipes(written, content.DETAILS, numeric)]
    return deliver("\n\n".join(part for part in parts if part) + "\n", path)


def pipes(rows: Sequence[Sequence[str]], titles: Sequence[str], numeric: Sequence[bool]) -> str:
    """Returns a Markdown table of cells that are Markdown."""
    from tabulate import tabulate

    alignment = ["right" if right else "left" for right in numeric]
    return tabulate(rows, headers=list(titles), tablefmt="pipe", colalign=alignment, disable_numparse=True)


def code(text: str) -> str:
    """Returns a name as code, in which nothing is markup; as prose where it has what ends code or a cell."""
    return prose(text) if not text.strip() or set(text) & set("`|") else f"`{text}`"


def prose(text: str) -> str:
    r"""Returns text with what is markup within a line escaped, and what GitHub makes a link of.

    >>> prose("block_1 |*x*| [a](b) www.x.y")
    'block_1 &#124;\\*x\\*&#124; \\[a\\](b) www&#46;x.y'
    """
    text = re.sub(r"[&<>|]", lambda match: f"&#{ord(match[0])};", text)
    text = re.sub(r"[\\`*\[\]~$]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", text).replace("://", "&#58;//")


def text_line(text: str) -> str:
    """Returns text with what is markup escaped, within a line and at its start: a heading, a list or its number."""
    return re.sub(r"^(\s*)([#+\-=])|^(\s*\d+)([.)])", r"\1\3\\\2\4", prose(text))


_DETAIL = {"Layer": code, "Formula": code}
