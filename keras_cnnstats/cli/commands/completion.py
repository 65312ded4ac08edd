"""`cnnstats completion`: the script that makes a shell complete commands."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


EXAMPLES = """\b
cnnstats completion bash >> ~/.bashrc
cnnstats completion fish > ~/.config/fish/completions/cnnstats.fish"""


@click.command(epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Prints the script that completes commands, options, models and codes in SHELL."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "cnnstats", "_CNNSTATS_COMPLETE").source())
