"""A comparison as one page: opened from disk, it asks nothing of any network."""

import os
from collections.abc import Sequence
from typing import Any

from keras_cnnstats.comparison import SEES, Change, Comparison
from keras_cnnstats.render.cells import layer_name, plain
from keras_cnnstats.render.comparison import aligned, content
from keras_cnnstats.render.files import deliver
from keras_cnnstats.render.html.page import policy, resource, template

PACKAGE = "keras_cnnstats.render.comparison"


def to_html(comparison: Comparison, path: str | os.PathLike[str] | None = None) -> str:
    """Returns the comparison as one page with everything in it, or writes it to `path`.

    Text from the models stays text: what the template writes is escaped, and the script makes no elements.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    style, script = resource("page.css") + resource("page.css", PACKAGE), resource("page.js", PACKAGE)
    page = template(resource("page.html", PACKAGE)).render(
        style=style,
        script=script,
        policy=policy(style, script),
        names=[plain(name) for name in comparison.names],
        headings=content.headings(comparison),
        tiles=_tiles(comparison),
        totals=content.totals(comparison),
        others=[_other(comparison, number, changes) for number, changes in aligned.of_each(comparison)],
    )
    return deliver(page, path)


def _tiles(comparison: Comparison) -> list[content.Total]:
    """The totals that stand out, where there are two models and room for it."""
    found = [total for total in content.totals(comparison) if total.name in content.VERDICTS]
    return found if len(comparison.names) == 2 else []


def _other(comparison: Comparison, number: int, changes: Sequence[Change]) -> dict[str, Any]:
    """What became of the first model in another one."""
    listed = aligned.listed(changes)
    columns = aligned.columns([[change] for change in listed])
    return {
        "name": plain(comparison.names[number]),
        "verdict": content.verdict(comparison, number),
        "tally": aligned.tally(changes),
        "statuses": list(dict.fromkeys(change.status for change in listed)),
        "columns": columns,
        "rows": list(zip(*(column.cells for column in columns), strict=True)),
        "seeing": aligned.seeing_otherwise(changes),
        "fields": [
            (layer_name(change.row.layer, change.row.call), plain(change.row.type), aligned.field(change))
            for change in changes
            if change.status == SEES
        ],
    }
