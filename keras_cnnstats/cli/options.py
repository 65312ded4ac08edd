"""The options that several commands have, each described once."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from keras_cnnstats.budgets import LIMITS
from keras_cnnstats.cli.sources import Opening, applications, arguments_of
from keras_cnnstats.units import CONVENTIONS

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


class Asked(NamedTuple):
    """What the options of `model_options` say; what was not given is `None`.

    Attributes:
        opening: how models are opened.
        input_shape: see `analyze`, as for the others.
        batch_size: samples that work is counted for.
        convention: how FLOPs are counted.
    """

    opening: Opening
    input_shape: Any = None
    batch_size: int | None = None
    convention: str | None = None

    @property
    def analysis(self) -> dict[str, Any]:
        """The arguments of `analyze` that were given."""
        found = {"input_shape": self.input_shape, "batch_size": self.batch_size, "convention": self.convention}
        return {name: value for name, value in found.items() if value is not None}


_OPTIONS = (
    click.option(
        "--input-shape",
        "shapes",
        type=InputShape(),
        metavar="SHAPE",
        multiple=True,
        help="Shape of the input without the batch axis: 224,224,3. Of several inputs one each, or name=SHAPE.",
    ),
    click.option("--batch-size", type=click.IntRange(1), help="Samples counted for: 1 by default."),
    click.option(
        "--convention",
        type=click.Choice(list(CONVENTIONS)),
        help="What FLOPs are, textbook by default; `cnnstats explain conventions` says which.",
    ),
    click.option(
        "--argument",
        "-a",
        "arguments",
        metavar="NAME=VALUE",
        multiple=True,
        help="Argument of the factory or network, as JSON: -a alpha=0.5. May be repeated.",
    ),
    click.option(
        "--custom-objects",
        "modules",
        metavar="MODULE",
        multiple=True,
        help="Module of your own layers, for a file that has some, and of your rules. May be repeated.",
    ),
    click.option("--trusted", is_flag=True, help="Load a SavedModel: it is a program, which TensorFlow runs."),
    click.option("--real", is_flag=True, help="Build with weights in memory, for a factory that sets or reads any."),
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of how models are opened and analysed, and what they say as one argument, `how`."""

    @wraps(command)
    def called(
        *,
        shapes: Any,
        batch_size: int | None,
        convention: str | None,
        arguments: Sequence[str],
        modules: Sequence[str],
        trusted: bool,
        real: bool,
        **others: Any,
    ) -> Any:
        opening = Opening(arguments_of(arguments), modules, trusted, real)
        return command(how=Asked(opening, input_shape_of(shapes), batch_size, convention), **others)

    found: Callable[..., Any] = called
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command an option for each budget that there is."""
    for limit in reversed(list(LIMITS.values())):
        bound = "At least" if limit.is_least else "At most"
        flag = f"--{limit.name.replace('_', '-')}"
        command = click.option(flag, metavar="AMOUNT", help=f"{bound} {limit.example}: {limit.what}.")(command)
    return command


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
