"""The report as the HTML that a notebook shows: no script, no outside resource, the page's own colours."""

from collections.abc import Iterable, Sequence
from html import escape

from keras_cnnstats.render import cells, content
from keras_cnnstats.reports import Report

ROWS_AT_MOST = 30
"""Rows that are shown unfolded."""

STYLE = """<style>
.cnnstats { line-height: 1.4; }
.cnnstats-scroll { overflow: auto; max-height: 40em; margin: .6em 0; }
.cnnstats table { border-collapse: collapse; margin: 0; color: inherit; background: transparent; }
.cnnstats.cnnstats table :is(th, td) { padding: .2em .7em; text-align: left; vertical-align: top; white-space: nowrap;
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, .3); background: transparent; color: inherit; }
.cnnstats.cnnstats table .n { text-align: right; font-variant-numeric: tabular-nums; }
.cnnstats.cnnstats table .w { white-space: normal; min-width: 20em; }
.cnnstats.cnnstats table tfoot td { font-weight: bold; border-bottom: 0;
  border-top: 2px solid rgba(128, 128, 128, .6); }
.cnnstats summary { cursor: pointer; }
</style>"""


def to_notebook(report: Report) -> str:
    """Returns the report as an HTML fragment."""
    title, *more = content.heading(report)
    parts = [
        STYLE,
        f"<div><strong>{escape(title)}</strong></div>",
        *lines(more),
        _rows(report),
        *lines(content.legend(report)),
        _sums(report),
        *lines(content.verdicts(report)),
        _disagreements(report),
    ]
    return '<div class="cnnstats">\n' + "\n".join(part for part in parts if part) + "\n</div>"


def lines(texts: Iterable[str]) -> list[str]:
    """Returns each text as a line of HTML."""
    return [f"<div>{escape(text)}</div>" for text in texts]


def _rows(report: Report) -> str:
    columns = cells.columns(report)
    titles = [column.title for column in columns]
    classes = ["n" if column.numeric else "" for column in columns]
    rows = list(zip(*(column.cells for column in columns), strict=True))
    table = html_table(titles, classes, rows, content.total_cells(report, titles))
    return folded(f"{len(rows):,} layers", table) if len(rows) > ROWS_AT_MOST else table


def _sums(report: Report) -> str:
    rows = [(total.label, total.exact, total.rounded, total.remark) for total in content.totals(report)]
    return html_table((), ("", "n", "n", ""), rows)


def _disagreements(report: Report) -> str:
    groups = content.groups(report)
    if not groups:
        return ""
    classes = [
        "n" if title in content.NUMERIC_DETAILS else "w" if title == "Reason" else "" for title in content.DETAILS
    ]
    unexplained = len(report.unexplained)
    loud = f"; {unexplained:,} UNEXPLAINED: a defect of the layer, of Keras or of keras_cnnstats" if unexplained else ""
    number = len(report.disagreements)
    title = f"{number:,} disagreement{'s' * (number > 1)} with {content.claimants(report)}{loud}"
    return folded(title, html_table(content.DETAILS, classes, content.details(report)), unfolded=bool(unexplained))


def folded(title: str, body: str, *, unfolded: bool = False) -> str:
    """Returns HTML that a press on its title folds and unfolds."""
    return f"<details{' open' if unfolded else ''}><summary>{escape(title)}</summary>\n{body}\n</details>"


def html_table(
    titles: Sequence[str], classes: Sequence[str], rows: Iterable[Sequence[str]], total: Sequence[str] = ()
) -> str:
    """Returns plain text as the cells of an HTML table; each column has a class."""
    parts = ['<div class="cnnstats-scroll"><table>']
    if titles:
        parts.append(f"<thead>{_row(titles, classes, 'th')}</thead>")
    parts.append("<tbody>")
    parts.extend(_row(row, classes) for row in rows)
    parts.append("</tbody>")
    if total:
        parts.append(f"<tfoot>{_row(total, classes)}</tfoot>")
    return "\n".join([*parts, "</table></div>"])


def _row(record: Sequence[str], classes: Sequence[str], tag: str = "td") -> str:
    filled = (
        f'<{tag} class="{name}">{escape(cell)}</{tag}>' if name else f"<{tag}>{escape(cell)}</{tag}>"
        for name, cell in zip(classes, record, strict=True)
    )
    return f"<tr>{''.join(filled)}</tr>"
