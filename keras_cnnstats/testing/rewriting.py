"""Architectures from architectures: without the steps that nothing reads, and with tensors under other numbers."""

from collections.abc import Mapping
from dataclasses import replace

from keras_cnnstats.testing.records import Again, Architecture, Input, Step, Tensor, Value, tensors_of


def pruned(architecture: Architecture) -> Architecture:
    """Returns the architecture without inputs and steps that no output depends on."""
    inputs = len(architecture.inputs)
    needed: set[int] = set()
    waiting = list(architecture.outputs)
    while waiting:
        number = waiting.pop()
        if number in needed:
            continue
        needed.add(number)
        if number >= inputs:
            step = architecture.steps[number - inputs]
            waiting += tensors_of(step)
            if isinstance(step.target, Again):
                waiting.append(inputs + step.target.step)
    return kept(architecture, needed)


def kept(architecture: Architecture, needed: set[int]) -> Architecture:
    """Returns the architecture with these inputs and steps alone, numbered anew."""
    inputs = len(architecture.inputs)
    new = {old: number for number, old in enumerate(sorted(needed))}
    inputs_left = sum(number < inputs for number in needed)
    steps = {
        number: new[inputs + number] - inputs_left
        for number in range(len(architecture.steps))
        if inputs + number in new
    }
    return replace(
        architecture,
        inputs=tuple(each for number, each in enumerate(architecture.inputs) if number in new),
        steps=tuple(renumbered(architecture.steps[number], new, steps) for number in steps),
        outputs=tuple(new[number] for number in architecture.outputs),
    )


def renumbered(step: Step, tensors: Mapping[int, int], steps: Mapping[int, int]) -> Step:
    """Returns the step with the new numbers of the tensors and steps that it names."""
    target = Again(steps[step.target.step]) if isinstance(step.target, Again) else step.target

    def new(value: Value) -> Value:
        if isinstance(value, Tensor):
            return Tensor(tensors[value.number])
        return tuple(map(new, value)) if isinstance(value, tuple) else value

    return Step(target, new(step.arguments), new(step.options))


def with_outputs(architecture: Architecture, outputs: tuple[int, ...]) -> Architecture:
    """Returns what is needed for these outputs alone."""
    return pruned(replace(architecture, outputs=outputs))


def exchanged(architecture: Architecture, number: int, step: Step) -> Architecture:
    """Returns the architecture with another step in the place of one."""
    steps = architecture.steps
    return pruned(replace(architecture, steps=(*steps[:number], step, *steps[number + 1 :])))


def with_input(architecture: Architecture, number: int, each: Input) -> Architecture:
    """Returns the architecture with an input in the place of what a step makes."""
    inputs, count = len(architecture.inputs), len(architecture.steps)
    new = {tensor: tensor + (tensor >= inputs) for tensor in range(inputs + count)} | {inputs + number: inputs}
    form = "functional" if architecture.form == "sequential" else architecture.form
    return pruned(replace(_rerouted(architecture, new), inputs=(*architecture.inputs, each), form=form))


def bypassed(architecture: Architecture, number: int) -> Architecture:
    """Returns the architecture without a step: who read what it makes reads what it read first."""
    inputs, count = len(architecture.inputs), len(architecture.steps)
    read = tensors_of(architecture.steps[number])
    new = {tensor: tensor for tensor in range(inputs + count)} | {inputs + number: read[0]}
    return pruned(_rerouted(architecture, new))


def with_one_input(architecture: Architecture, number: int) -> Architecture:
    """Returns the architecture with the first input in the place of another."""
    inputs, count = len(architecture.inputs), len(architecture.steps)
    return pruned(_rerouted(architecture, {tensor: tensor for tensor in range(inputs + count)} | {number: 0}))


def _rerouted(architecture: Architecture, tensors: Mapping[int, int]) -> Architecture:
    same = {number: number for number in range(len(architecture.steps))}
    return replace(
        architecture,
        steps=tuple(renumbered(step, tensors, same) for step in architecture.steps),
        outputs=tuple(dict.fromkeys(tensors[number] for number in architecture.outputs)),
    )
