"""Colours, where somebody looks: not in a pipe, not with `NO_COLOR`, always with `FORCE_COLOR`."""

import os
import re
import sys
from typing import Any

import click

_BOLD = re.compile(r"^(Model \"|Params |MACs |FLOPs \()")


def are_wanted(err: bool = False) -> bool:
    """Returns whether output has colours: https://no-color.org and https://force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stderr if err else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def painted(text: str, err: bool = False, **style: Any) -> str:
    """Returns text in a style of `click.style` if colours are wanted."""
    return click.style(text, **style) if are_wanted(err) else text


def painted_report(text: str) -> str:
    """Returns the report as text with its headings bold and what needs attention red."""
    if not are_wanted():
        return text
    return "\n".join(_painted_line(line) for line in text.split("\n"))


def _painted_line(line: str) -> str:
    if line.startswith("!!"):
        return click.style(line, fg="red", bold=True)
    if line.startswith("Hidden at"):
        return click.style(line, dim=True)
    return click.style(line, bold=True) if _BOLD.match(line) else line
