"""The pen that a random architecture is drawn with: it chooses, adds a step, and knows the shape of all there is."""

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any, TypeVar

import keras

from keras_cnnstats.testing.code import Writer, made_input
from keras_cnnstats.testing.records import Again, Architecture, Input, Layer, Operation, Step, Tensor, Value

LARGEST = 6_000
"""Values of a tensor above which a step is not taken, so that models stay small."""

Choice = TypeVar("Choice")
Shape = tuple[int, ...]


class Pen:
    """Draws the steps of one architecture.

    All randomness comes from `random`, where 0 is always the plainest choice: so Hypothesis, which may stand behind it,
    shrinks towards plain models. Keras itself says what shape a step has, and a step that it refuses is not taken.

    Args:
        random: what chooses.
        inputs: shapes of the inputs.
        dtype: precision of the layers.
        channels_first: whether layers are asked to have channels first.
        depth: how many architectures this one is inside of.
    """

    def __init__(
        self, random: Random, inputs: tuple[Input, ...], dtype: str = "", channels_first: bool = False, depth: int = 0
    ) -> None:
        self.random = random
        self.inputs = inputs
        self.steps: list[Step] = []
        self.dtype = dtype
        self.channels_first = channels_first
        self.depth = depth
        self._names: dict[str, Any] = {}
        exec("import keras\nfrom keras import layers, ops", self._names)
        for number, each in enumerate(inputs):
            exec(f"x{number} = {made_input(each)}", self._names)

    # Choosing

    def integer(self, low: int, high: int) -> int:
        """Chooses a number, both ends included."""
        return self.random.randint(low, high)

    def either(self, *options: Choice) -> Choice:
        """Chooses one; the first is the plainest."""
        return options[self.random.randint(0, len(options) - 1)]

    def maybe(self, times: int = 2) -> bool:
        """Is true once in so many times."""
        return self.random.randint(0, times - 1) == times - 1

    def latest(self, accepts: Callable[[int], bool] = lambda _: True) -> int | None:
        """Chooses a tensor: most often the last one that is accepted."""
        fitting = [number for number in reversed(range(self.count)) if self.is_tensor(number) and accepts(number)]
        if not fitting:
            return None
        return fitting[self.random.randint(0, len(fitting) - 1)] if self.maybe(4) else fitting[0]

    # What there is

    @property
    def count(self) -> int:
        """How many tensors there are."""
        return len(self.inputs) + len(self.steps)

    def spec(self, number: int) -> Any:
        """What Keras knows of a tensor, or a list of that."""
        return self._names[f"x{number}"]

    def is_tensor(self, number: int) -> bool:
        """Whether a step made one tensor and no list."""
        return isinstance(self.spec(number), keras.KerasTensor)

    def dtype_of(self, number: int) -> str:
        """The precision of a tensor."""
        return str(self.spec(number).dtype)

    def shape(self, number: int) -> Shape:
        """Shape of one sample."""
        return tuple(self.spec(number).shape[1:])

    def rank(self, number: int) -> int:
        """Axes of a map that positions run over."""
        return len(self.shape(number)) - 1

    def sizes(self, number: int) -> Shape:
        """Positions on each axis of a map."""
        shape = self.shape(number)
        return shape[1:] if self.channels_first else shape[:-1]

    def channels(self, number: int) -> int:
        """Channels of a map."""
        return self.shape(number)[0 if self.channels_first else -1]

    @property
    def channel_axis(self) -> int:
        """Where channels are, the batch counted."""
        return 1 if self.channels_first else -1

    @property
    def layout(self) -> dict[str, str]:
        """The argument for layers that ask where channels are."""
        return {"data_format": "channels_first"} if self.channels_first else {}

    # Adding steps

    def layer(self, name: str, *arguments: Value, **how: Value) -> int | None:
        """Calls a new layer; arguments that are `None` are left out. Returns the tensor, `None` if Keras refuses."""
        return self.call(made_of(name, **how), *arguments)

    def operation(self, name: str, *arguments: Value, **options: Value) -> int | None:
        """Calls a function of `keras.ops`, or evaluates an expression."""
        read = {
            self.dtype_of(value.number)
            for value in arguments
            if isinstance(value, Tensor) and self.is_tensor(value.number)
        }
        if "{" in name and len(read) > 1:
            return None  # an operator between tensors of two precisions: not each backend has one
        return self.call(Operation(name), *arguments, **options)

    def call(self, target: Layer | Operation | Again | Architecture, *arguments: Value, **options: Value) -> int | None:
        """Takes a step: numbers of tensors are given as `Tensor`. Returns what it makes, `None` if Keras refuses."""
        given = {name: value for name, value in options.items() if value is not None}
        step = Step(target, arguments, tuple(given.items()))
        writer = Writer(self.dtype)
        number = self.count
        making, calling = writer.statements(len(self.steps), step, len(self.inputs), shared=True)
        try:
            for line in ("\n".join(lines) for lines in writer.definitions):
                exec(line, self._names)
            exec(f"{making}\n{calling}", self._names)
            self._check(number)
        except Exception:  # Keras refuses with errors of any class
            return None
        self.steps.append(step)
        return number

    def _check(self, number: int) -> None:
        made = self.spec(number)
        for tensor in made if isinstance(made, list | tuple) else [made]:
            sizes = tensor.shape[1:]
            if not tensor.shape or tensor.shape[0] is not None or None in sizes or not 0 < prod(sizes) <= LARGEST:
                raise ValueError(f"not the shape of a small batch: {tensor.shape}")

    # Drawing inside

    def inside(self, inputs: tuple[Input, ...]) -> "Pen":
        """A pen for an architecture inside this one."""
        return Pen(self.random, inputs, self.dtype, self.channels_first, self.depth + 1)


def made_of(name: str, **how: Value) -> Layer:
    """A layer; arguments that are `None` are left out."""
    return Layer(name, tuple((key, value) for key, value in how.items() if value is not None))


def tensors(*numbers: int) -> tuple[Tensor, ...]:
    """A list of tensors, as an argument."""
    return tuple(Tensor(number) for number in numbers)
