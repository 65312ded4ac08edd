"""The options that several commands have, each described once."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from keras_cnnstats.cli.sources import Opening, applications, arguments_of
from keras_cnnstats.errors import nearest
from keras_cnnstats.units import CONVENTIONS

Command = TypeVar("Command", bound=Callable[..., Any])

DIGITS_AT_MOST = 18
"""Digits of a size: no input has more positions than fit 64 bits."""


class ModelName(click.ParamType[str]):
    """The name of a model; completed by the networks of Keras and by files."""

    name = "MODEL"

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Returns what the name may go on to."""
        networks = [name for name in applications() if name.lower().startswith(incomplete.lower())]
        return [*map(CompletionItem, networks), CompletionItem(incomplete, type="file")]


class InputShape(click.ParamType[Any]):
    """A shape without the batch axis: `224,224,3` or `224x224x3`, of a certain input `image=224,224,3`."""

    name = "shape"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, tuple[int | None, ...]]:
        """Returns the input's name, empty where there is none, and its shape."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).rpartition("=")
        parts = text.strip("() ").replace("x", ",").rstrip(",").split(",")
        return name if equals else "", tuple(self._size(part.strip(), value) for part in parts)

    def _size(self, text: str, whole: Any) -> int | None:
        if text in ("?", "None"):
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_AT_MOST):
            self.fail(f"expected sizes without the batch axis, such as 224,224,3. Received: {ascii(whole)[:200]}.")
        return int(text)


class Names(click.ParamType[Any]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        """Returns the names."""
        return value if isinstance(value, list) else [name.strip() for name in str(value).split(",") if name.strip()]


def model_options(command: Command) -> Command:
    """How models are opened."""
    for option in (
        click.option(
            "--real", is_flag=True, help="Build with weights in memory, for a factory that sets or reads any."
        ),
        click.option("--trusted", is_flag=True, help="Load a SavedModel: it is a program, which TensorFlow runs."),
        click.option(
            "--custom-objects",
            "modules",
            metavar="MODULE",
            multiple=True,
            help="Module of your own layers, for a file that has some, and of your rules. May be repeated.",
        ),
        click.option(
            "--argument",
            "-a",
            "arguments",
            metavar="NAME=VALUE",
            multiple=True,
            help="Argument of the factory or network, as JSON: -a alpha=0.5. May be repeated.",
        ),
    ):
        command = option(command)
    return command


def analysis_options(command: Command) -> Command:
    """How models are analysed."""
    for option in (
        click.option(
            "--convention",
            type=click.Choice(list(CONVENTIONS)),
            default="textbook",
            show_default=True,
            help="What FLOPs are; `cnnstats explain conventions` says which.",
        ),
        click.option("--batch-size", type=click.IntRange(1), default=1, show_default=True, help="Samples counted for."),
        click.option(
            "--input-shape",
            "shapes",
            type=InputShape(),
            metavar="SHAPE",
            multiple=True,
            help="Shape of the input without the batch axis: 224,224,3. Of several inputs one each, or name=SHAPE.",
        ),
    ):
        command = option(command)
    return command


def opening_of(arguments: Sequence[str], modules: Sequence[str], trusted: bool, real: bool) -> Opening:
    """Returns what the options of `model_options` say."""
    return Opening(arguments_of(arguments), modules, trusted, real)


def input_shape_of(shapes: Sequence[tuple[str, tuple[int | None, ...]]]) -> Any:
    """Returns the shapes as `analyze` takes them."""
    if not shapes:
        return None
    named = [name for name, _ in shapes if name]
    if named and len(named) != len(shapes):
        raise click.UsageError("--input-shape: name all inputs or none of them.")
    if named:
        return dict(shapes)
    return shapes[0][1] if len(shapes) == 1 else [shape for _, shape in shapes]


def one_of(value: str, known: Sequence[str], what: str) -> str:
    """Returns a name that has to be known."""
    if value not in known:
        raise click.UsageError(
            f"{what}: expected one of {', '.join(known)}. Received: {value!r}.{nearest(value, known)}"
        )
    return value
