"""One page with all of the report: opened from disk, it asks nothing of any network."""

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from keras_cnnstats.errors import missing
from keras_cnnstats.render import content
from keras_cnnstats.render.cells import layer_name, plain
from keras_cnnstats.render.files import deliver
from keras_cnnstats.render.html.bars import charts
from keras_cnnstats.render.html.blocks import Block, blocks
from keras_cnnstats.render.html.drawing import COSTS, STEPS, drawing
from keras_cnnstats.render.html.sights import sights
from keras_cnnstats.render.html.table import table
from keras_cnnstats.reports import Report

if TYPE_CHECKING:
    from jinja2 import Template

TILES = ("Params", "MACs", "FLOPs", "Training", "Weight", "Activation")
"""First words of the sums that stand out; the others follow below in small print."""


def to_html(report: Report, path: str | os.PathLike[str] | None = None) -> str:
    """Returns the report as one page with everything in it, or writes it to `path`.

    Text from the model stays text: what the template writes is escaped, what the script reads is JSON without `<` and
    is written as text, and the page forbids the browser every other script and every request.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    style, script = resource("page.css"), resource("page.js")
    found = blocks(report.rows)
    page = template(resource("page.html")).render(
        style=style,
        script=script,
        policy=policy(style, script, pictures="blob:"),
        data=_json(_data(report, found)),
        report=report,
        model=plain(report.header.model),
        heading=content.heading(report),
        tiles=[total for total in content.totals(report) if total.label.split()[0] in TILES],
        sums=[total for total in content.totals(report) if total.label.split()[0] not in TILES],
        verdicts=content.verdicts(report),
        legend=content.legend(report),
        charts=charts(report, found),
        costs=list(COSTS),
        steps=range(STEPS),
        groups=_groups(report),
        claimants=content.claimants(report),
        has_graph=any(row.inputs for row in report.rows),
        has_fields=any(row.fields for row in report.rows),
    )
    return deliver(page, path)


def template(text: str) -> "Template":
    """Returns a template that escapes what is put into it.

    Raises:
        MissingDependencyError: Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise missing("to_html", "Jinja2", "html") from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)


def resource(name: str, package: str = "keras_cnnstats.render.html") -> str:
    """Returns the text of a file that lies beside the modules of a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def policy(style: str, script: str, *, pictures: str = "'none'") -> str:
    """Returns what the browser lets through: this style and this script, and no request."""
    return f"default-src 'none'; img-src {pictures}; style-src {_hashed(style)}; script-src {_hashed(script)}"


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    # In ASCII, and with nothing in it that could end the element it stands in.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _data(report: Report, found: Sequence[Block]) -> dict[str, Any]:
    return {
        "layers": [layer_name(row.layer, row.call) for row in report.rows],
        "types": [plain(row.type) for row in report.rows],
        "table": table(report, found),
        "sights": sights(report),
        "graph": drawing(report, found),
    }


def _groups(report: Report) -> list[tuple[content.Group, str, list[dict[str, str]]]]:
    """The disagreements by code with who says otherwise, each with its cells by title."""
    records = iter(content.details(report))
    return [
        (
            group,
            content.claimant(group.code),
            [dict(zip(content.DETAILS, next(records), strict=True)) for _ in group.members],
        )
        for group in content.groups(report)
    ]
