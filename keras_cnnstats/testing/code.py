"""The Keras code of an architecture: what a failure is printed as, and what building runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from keras_cnnstats.testing.records import (
    Again,
    Architecture,
    Input,
    Layer,
    Operation,
    Step,
    Tensor,
    Value,
    parts,
)


def code_of(architecture: Architecture) -> str:
    """Returns Keras code that defines `model`."""
    writer = Writer(architecture.dtype)
    body = list(writer.whole(architecture))
    definitions = [line for lines in writer.definitions for line in (*lines, "", "")]
    code = "\n".join([*definitions, *body])
    imports = ["import keras", f"from keras import {', '.join(sorted(writer.imports))}"][: 1 + bool(writer.imports)]
    blank = ["", ""] if definitions else [""]
    return "\n".join([*imports, *blank, code])


def run(code: str) -> dict[str, Any]:
    """Returns the names that the code defines."""
    names: dict[str, Any] = {"__name__": "architecture"}
    exec(compile(code, "<architecture>", "exec"), names)
    return names


class Writer:
    """Writes statements. Models and layers inside are written as functions and classes before them."""

    def __init__(self, dtype: str = "") -> None:
        self.definitions: list[list[str]] = []
        self.imports: set[str] = set()
        self._dtype = dtype
        self._taken: Counter[str] = Counter()

    def whole(self, architecture: Architecture) -> Iterator[str]:
        """The statements that define `model`."""
        if architecture.form in ("functional", "sequential"):
            *before, last = self._function_body(architecture)
            yield from (*before, last.replace("return ", "model = ", 1))
            return
        yield from inputs_of(architecture)
        made = self.made(architecture)
        given = names(range(len(architecture.inputs)))
        if architecture.form == "model":
            yield f"model = {made}"
            yield f"model({given})"
        else:
            yield f"model = keras.Model({given}, {made}({given}))"

    def statements(self, number: int, step: Step, inputs: int, shared: bool, owner: str = "") -> tuple[str, str]:
        """The statement that makes a step's layer, empty where it stands in the call, and the one that calls it.

        Args:
            number: which step it is.
            step: the step.
            inputs: how many tensors come before those of the steps.
            shared: whether the layer needs a name, because it is called again.
            owner: `self.` where layers are kept.
        """
        result = f"x{inputs + number}"
        arguments = [self.value(value) for value in step.arguments]
        options = [f"{name}={self.value(value)}" for name, value in step.options]
        if isinstance(step.target, Operation) and "{" in step.target.name:
            return "", f"{result} = {step.target.name.format(*arguments)}"
        given = f"({', '.join(arguments + options)})"
        if isinstance(step.target, Operation):
            self.imports.add("ops")
            return "", f"{result} = ops.{step.target.name}{given}"
        if isinstance(step.target, Again):
            return "", f"{result} = {owner}layer{inputs + step.target.step}{given}"
        made = self.made(step.target)
        if not (shared or owner):
            return "", f"{result} = {made}{given}"
        kept = f"{owner}layer{inputs + number}"
        return f"{kept} = {made}", f"{result} = {kept}{given}"

    def made(self, target: Layer | Architecture) -> str:
        """The expression that makes a layer; what it needs is defined before."""
        if isinstance(target, Layer):
            self.imports.add("layers")
            given = [f"{name}={self.value(value)}" for name, value in target.arguments]
            precision = [f"dtype={self._dtype!r}"] if self._dtype else []
            return f"layers.{target.name}({', '.join(given + precision)})"
        name = {"model": "Model", "layer": "Block"}.get(target.form, "inner")
        self._taken[name] += 1
        name = f"{name}{self._taken[name]}"
        if target.form in ("functional", "sequential"):
            lines = [f"def {name}():", *indented(self._function_body(target))]
        else:
            lines = list(self._class(name, target))
        self.definitions.append(lines)
        return f"{name}()"

    def value(self, value: Value) -> str:
        """The expression of a value."""
        if isinstance(value, Tensor):
            return f"x{value.number}"
        if isinstance(value, Layer | Architecture):
            return self.made(value)
        if isinstance(value, tuple):
            written = [self.value(each) for each in value]
            if any(isinstance(part, Tensor | Layer | Architecture) for part in parts(value)):
                return f"[{', '.join(written)}]"
            return f"({', '.join(written)}{',' if len(value) == 1 else ''})"
        return repr(value)

    def _function_body(self, architecture: Architecture) -> Iterator[str]:
        if architecture.form == "sequential":
            (first,) = architecture.inputs
            chain = [made_input(first), *[self.made(_layer(step)) for step in architecture.steps]]
            yield f"return keras.Sequential([{', '.join(chain)}])"
            return
        yield from inputs_of(architecture)
        for making, calling in self._all_statements(architecture):
            yield from ([making] if making else [])
            yield calling
        yield f"return keras.Model({names(range(len(architecture.inputs)))}, {names(architecture.outputs)})"

    def _class(self, name: str, architecture: Architecture) -> Iterator[str]:
        base = "keras.Model" if architecture.form == "model" else "keras.Layer"
        statements = list(self._all_statements(architecture, "self."))
        precision = f"dtype={self._dtype!r}" if self._dtype else ""
        yield f"class {name}({base}):"
        yield from indented(["def __init__(self):"])
        yield from indented([f"super().__init__({precision})", *[making for making, _ in statements if making]], 2)
        yield ""
        several = len(architecture.inputs) > 1
        yield from indented([f"def call(self, {'inputs' if several else 'x0'}):"])
        unpacked = [f"{', '.join(numbered(range(len(architecture.inputs))))} = inputs"] if several else []
        yield from indented([*unpacked, *[calling for _, calling in statements]], 2)
        yield from indented([f"return {names(architecture.outputs)}"], 2)

    def _all_statements(self, architecture: Architecture, owner: str = "") -> Iterator[tuple[str, str]]:
        shared = {step.target.step for step in architecture.steps if isinstance(step.target, Again)}
        for number, step in enumerate(architecture.steps):
            yield self.statements(number, step, len(architecture.inputs), number in shared, owner)


def inputs_of(architecture: Architecture) -> Iterator[str]:
    """The statements that make the inputs."""
    for number, each in enumerate(architecture.inputs):
        yield f"x{number} = {made_input(each)}"


def made_input(each: Input) -> str:
    """The expression that makes an input."""
    dtype = "" if each.dtype == "float32" else f", dtype={each.dtype!r}"
    return f"keras.Input({each.shape!r}{dtype})"


def numbered(tensors: Iterable[int]) -> list[str]:
    """The names of tensors."""
    return [f"x{number}" for number in tensors]


def names(tensors: Sequence[int]) -> str:
    """The name of one tensor, a list of several."""
    written = numbered(tensors)
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def indented(lines: Iterable[str], depth: int = 1) -> list[str]:
    """The lines, further to the right."""
    return [f"{'    ' * depth}{line}" for line in lines]


def is_chain(architecture: Architecture) -> bool:
    """Whether each step is a layer that reads what the one before it made and nothing else, as in a Sequential."""
    chain = all(
        isinstance(step.target, Layer | Architecture) and step.arguments == (Tensor(number),) and not step.options
        for number, step in enumerate(architecture.steps)
    )
    return chain and len(architecture.inputs) == 1 and architecture.outputs == (len(architecture.steps),)


def _layer(step: Step) -> Layer | Architecture:
    assert isinstance(step.target, Layer | Architecture)
    return step.target
