"""`cnnstats explain`: the page of a code."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from keras_cnnstats.cli.colours import are_wanted, painted
from keras_cnnstats.disagree import CODES
from keras_cnnstats.pages import codes, page


class CodeName(click.ParamType[str]):
    """A code, completed with what it is about."""

    name = "CODE"

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Returns the codes that a beginning may go on to."""
        return [
            CompletionItem(code, help=CODES[code].title if code in CODES else None)
            for code in codes()
            if code.lower().startswith(incomplete.lower())
        ]


EXAMPLES = """\b
cnnstats explain F3
cnnstats explain conventions"""


@click.command(epilog=EXAMPLES)
@click.argument("code", required=False, type=CodeName())
def command(code: str | None) -> None:
    """What the CODE of a disagreement means, and what to do; without one, the list of codes."""
    if code is not None:
        click.echo(page(code).rstrip())
        return
    for name, each in CODES.items():
        click.echo(f"{painted(name, bold=True)}  {each.title}", color=are_wanted())
    click.echo(f"\nAlso: {', '.join(name for name in codes() if name not in CODES)}.")
