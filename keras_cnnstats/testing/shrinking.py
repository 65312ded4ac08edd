"""A small architecture from one that fails: as few steps, as few arguments, as small numbers as still fail."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import FORMS, Again, Architecture, Input, Layer, Step, Value, parts
from keras_cnnstats.testing.rewriting import bypassed, exchanged, with_input, with_one_input, with_outputs
from keras_cnnstats.testing.whole import drawing

MOST_TRIES = 500


def shrunk(
    architecture: Architecture, fails: Callable[[Architecture], bool], most_tries: int = MOST_TRIES
) -> Architecture:
    """Returns a smaller architecture that fails as well.

    Args:
        architecture: one that fails.
        fails: whether an architecture does; it may be one that cannot be built, which is no failure.
        most_tries: how many are tried.

    Example:

    >>> from keras_cnnstats.testing.records import Tensor
    >>> layers = [Step(Layer("Dense", (("units", 8),)), (Tensor(number),)) for number in range(5)]
    >>> deep = Architecture(inputs=(Input((4,)),), steps=tuple(layers), outputs=(5,))
    >>> len(shrunk(deep, lambda smaller: len(smaller.steps) > 1).steps)
    2
    """
    tried = {architecture}
    while len(tried) < most_tries:
        for smaller in _smaller(architecture):
            if smaller not in tried and weight(smaller) < weight(architecture):
                tried.add(smaller)
                if fails(smaller):
                    architecture = smaller
                    break
                if len(tried) >= most_tries:
                    break
        else:
            break
    return architecture


def weight(architecture: Architecture) -> tuple[int, ...]:
    """What shrinking makes less, the most important first: steps, forms, arguments, numbers."""
    inside = list(parts(architecture))
    return (
        sum(isinstance(part, Step) for part in inside),
        sum(isinstance(part, Architecture | Layer) for part in inside),
        sum(FORMS.index(part.form) + bool(part.dtype) for part in inside if isinstance(part, Architecture)),
        sum(isinstance(part, Again | Input) for part in inside) + len(architecture.outputs),
        sum(len(part.arguments) for part in inside if isinstance(part, Layer)) + _options(inside),
        sum(part for part in inside if isinstance(part, int)),
    )


def _options(inside: list[Value]) -> int:
    return sum(len(part.options) for part in inside if isinstance(part, Step))


def _smaller(architecture: Architecture) -> Iterator[Architecture]:
    """Architectures that are smaller, those that leave out most first; not each of them can be built."""
    inputs, steps = len(architecture.inputs), architecture.steps
    yield from (replace(part, form="functional") for part in parts(steps) if isinstance(part, Architecture))
    yield from (with_outputs(architecture, (inputs + number,)) for number in range(len(steps)))
    yield from (with_outputs(architecture, outputs) for outputs in _without_one(architecture.outputs) if outputs)
    yield from (with_one_input(architecture, number) for number in range(1, inputs))
    specs = _specs(architecture)
    for number in reversed(range(len(steps))):
        if inputs + number not in architecture.outputs and number in specs:
            yield with_input(architecture, number, specs[number])
        yield bypassed(architecture, number)
    yield replace(architecture, form="functional", dtype="")
    yield replace(architecture, form="functional")
    yield replace(architecture, dtype="")
    for number in reversed(range(len(steps))):
        yield from (exchanged(architecture, number, step) for step in _smaller_steps(steps[number]))
    for number, each in enumerate(architecture.inputs):
        for shape in _smaller_values(each.shape):
            changed = (*architecture.inputs[:number], Input(shape, each.dtype), *architecture.inputs[number + 1 :])
            yield replace(architecture, inputs=changed)


def _specs(architecture: Architecture) -> dict[int, Input]:
    """The shape and precision of what each step makes, where it makes one tensor."""
    with drawing():
        pen = Pen(Random(0), architecture.inputs, architecture.dtype)
        for step in architecture.steps:
            if pen.call(step.target, *step.arguments, **dict(step.options)) is None:
                break
        made = [(number, len(architecture.inputs) + number) for number in range(len(pen.steps))]
        return {step: Input(pen.shape(made), pen.dtype_of(made)) for step, made in made if pen.is_tensor(made)}


def _smaller_steps(step: Step) -> Iterator[Step]:
    yield from (Step(target, step.arguments, step.options) for target in _smaller_values(step.target))
    yield from (Step(step.target, step.arguments, options) for options in _smaller_named(step.options))
    yield from (Step(step.target, arguments, step.options) for arguments in _smaller_values(step.arguments))


def _smaller_named(named: tuple[tuple[str, Value], ...]) -> Iterator[tuple[tuple[str, Value], ...]]:
    """Arguments without one of them, or with a smaller value."""
    yield from _without_one(named)
    for number, (name, value) in enumerate(named):
        for smaller in _smaller_values(value):
            yield (*named[:number], (name, smaller), *named[number + 1 :])


def _smaller_values(value: Value) -> Iterator[Any]:
    if isinstance(value, Layer):
        yield from (Layer(value.name, arguments) for arguments in _smaller_named(value.arguments))
    elif isinstance(value, Architecture):
        yield from _smaller(value)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from ((*value[:number], smaller, *value[number + 1 :]) for smaller in _smaller_values(each))
    elif isinstance(value, int) and not isinstance(value, bool) and value > 1:
        yield from dict.fromkeys((1, value // 2, value - 1))


def _without_one(values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield from (values[:number] + values[number + 1 :] for number in range(len(values)))
