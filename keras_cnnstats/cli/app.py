"""The commands, each in a file of its own, which is imported when the command is asked for."""

from importlib import import_module
from typing import Any

import click

from keras_cnnstats import __version__

COMMANDS = {
    "report": "What a model costs and what each of its layers sees.",
    "compare": "Models or stored reports side by side, and what changed between them.",
    "check": "Whether models keep their budgets: exit code 1 where one does not.",
    "explain": "What a code of a disagreement means, and what to do.",
    "sweep": "What each of many models costs and sees, a row each.",
    "plot": "A picture of a report.",
    "completion": "The script that completes commands in your shell.",
}
"""The commands with what they are for: help shows that without importing them."""


class Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Returns one of them; `None` where there is no such command."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"keras_cnnstats.cli.commands.{name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Refuses an unknown command with those that are like it."""
        from keras_cnnstats.errors import nearest

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            name = args[0][:80]
            ctx.fail(f"expected one of {', '.join(COMMANDS)}. Received: {name!r}.{nearest(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """What does a Keras model cost, and what does each of its units see? Each number with its proof.

    MODEL is a .keras or .h5 file (its weights are not read, and no code of it runs), the JSON of a model or of a stored
    report, a SavedModel folder, a network of keras.applications (ResNet50), or package.module:factory.

    Exit codes: 0 done; 1 the answer is no; 2 bad input; 3 a defect of ours.
    """
