"""What a random model is, as plain data: a list of steps, each of which makes a tensor from earlier ones."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

Value = Any
"""A number, a text, `None`, one of the records below, or a tuple of them."""

FORMS = ("functional", "sequential", "model", "layer")
"""A functional model, a Sequential, and two that are written as classes: a `keras.Model` and a `keras.Layer`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What the input or the step of this number makes: inputs are counted first, then steps."""

    number: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A class of `keras.layers` and the arguments that it is made with, also layers inside it."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of `keras.ops`, or an expression with braces where its arguments go: `"{} + {}"`."""

    name: str


@dataclass(frozen=True, slots=True)
class Again:
    """The layer of an earlier step, which so is called once more."""

    step: int


@dataclass(frozen=True, slots=True)
class Step:
    """One call.

    Attributes:
        target: what is called.
        arguments: tensors and other values, by position; a tuple with a tensor in it is a list of tensors.
        options: arguments by name.
    """

    target: "Layer | Operation | Again | Architecture"
    arguments: tuple[Value, ...]
    options: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the model: the shape of one sample."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A model: plain data that can be compared, printed as Keras code and built.

    Attributes:
        inputs: shapes of the inputs.
        steps: what is done, in order.
        outputs: numbers of the tensors that the model returns.
        form: one of `FORMS`.
        dtype: precision that all layers are made with; Keras' own default where it is empty.

    Example:

    >>> convolution = Step(Layer("Conv2D", (("filters", 4), ("kernel_size", 3))), (Tensor(0),))
    >>> architecture = Architecture(inputs=(Input((8, 8, 3)),), steps=(convolution,), outputs=(1,))
    >>> print(architecture.code())
    import keras
    from keras import layers
    <BLANKLINE>
    x0 = keras.Input((8, 8, 3))
    x1 = layers.Conv2D(filters=4, kernel_size=3)(x0)
    model = keras.Model(x0, x1)
    """

    inputs: tuple[Input, ...]
    steps: tuple[Step, ...] = ()
    outputs: tuple[int, ...] = (0,)
    form: str = "functional"
    dtype: str = ""

    def code(self) -> str:
        """Returns Keras code that defines `model`, imports included."""
        from keras_cnnstats.testing.code import code_of

        return code_of(self)

    def build(self) -> Any:
        """Returns the `keras.Model`: what running the code defines."""
        from keras_cnnstats.testing.code import run

        return run(self.code())["model"]


def parts(value: Value) -> Iterator[Value]:
    """Each record, number and text in `value`, itself included, from the outside inwards."""
    yield value
    if isinstance(value, tuple):
        inside: Iterator[Value] = iter(value)
    elif is_dataclass(value):
        inside = (getattr(value, each.name) for each in fields(value))
    else:
        return
    for part in inside:
        yield from parts(part)


def tensors_of(step: Step) -> list[int]:
    """The numbers of the tensors that a step reads, in order."""
    return [each.number for each in _read((step.arguments, step.options))]


def _read(value: Value) -> Iterator[Tensor]:
    """Tensors in `value`; those of an architecture inside it are its own."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _read(part)


def kinds_of(architecture: Architecture) -> Counter[str]:
    """How often each layer, operation and form is in an architecture."""
    return Counter(name for part in parts(architecture) if (name := _name(part)))


def _name(part: Value) -> str:
    if isinstance(part, Layer):
        return part.name
    if isinstance(part, Operation):
        return part.name if "{" in part.name else f"ops.{part.name}"
    if isinstance(part, Again):
        return "called again"
    return _FORM_NAMES[part.form] if isinstance(part, Architecture) else ""


_FORM_NAMES = dict(zip(FORMS, ("functional model", "Sequential", "subclassed model", "subclassed layer"), strict=True))
