"""A comparison as the HTML that a notebook shows: no script, no outside resource, the page's own colours."""

from html import escape

from keras_cnnstats.comparison import Comparison
from keras_cnnstats.render.cells import plain
from keras_cnnstats.render.comparison import aligned, content
from keras_cnnstats.render.notebook import ROWS_AT_MOST, STYLE, folded, html_table, lines


def to_notebook(comparison: Comparison) -> str:
    """Returns the comparison as an HTML fragment."""
    parts = [STYLE, *lines(content.headings(comparison)), _totals(comparison)]
    for number, changes in aligned.of_each(comparison):
        names = [plain(comparison.names[0]), plain(comparison.names[number])]
        verdict = f"{f' {content.ARROW} '.join(names)}: {content.verdict(comparison, number)}"
        parts.append(f"<div><strong>{escape(verdict)}</strong></div>")
        listed = aligned.listed(changes)
        tally = aligned.tally(changes)
        if listed:
            columns = aligned.columns([[change] for change in listed])
            classes = ["n" if column.numeric else "" for column in columns]
            rows = zip(*(column.cells for column in columns), strict=True)
            table = html_table([column.title for column in columns], classes, rows)
            parts.append(folded(f"Layers: {tally}", table, unfolded=len(listed) <= ROWS_AT_MOST))
        else:
            parts += lines([f"Layers: {tally}"])
        parts += lines(filter(None, [aligned.seeing_otherwise(changes)]))
    return '<div class="cnnstats">\n' + "\n".join(parts) + "\n</div>"


def _totals(comparison: Comparison) -> str:
    titles = ["", plain(comparison.names[0])]
    for name in comparison.names[1:]:
        titles += [plain(name), "difference", ""]
    rows = []
    for total in content.totals(comparison):
        cells = [total.label, total.values[0]]
        for value, difference, percent in zip(total.values[1:], total.differences, total.shares, strict=True):
            cells += [value, difference, percent]
        rows.append(cells)
    return html_table(titles, ["", *["n"] * (len(titles) - 1)], rows)
