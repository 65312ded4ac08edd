"""Counts by brute force: loops over outputs, taps and channels that count each operation as it is done.

Nothing of keras_cnnstats is imported, and no formula is used where a loop can count. Convolutions count their products
and sums one by one; functions of elements are written out and run on numbers that note what is done to them.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Tally:
    """What has been counted so far.

    Attributes:
        products: multiplications of contractions, padded taps included.
        inside: those whose tap falls inside the input.
        sums: additions of products to one another.
        biases: additions of a bias.
        arithmetic: other additions, subtractions, multiplications, divisions and comparisons.
        transcendentals: exponentials, logarithms, roots and their like.
    """

    def __init__(self) -> None:
        self.products = self.inside = self.sums = self.biases = self.arithmetic = self.transcendentals = 0

    @property
    def textbook(self) -> int:
        return self.products + self.sums + self.biases + self.arithmetic

    @property
    def inside_only(self) -> int:
        """Two operations for each product inside the input, and the biases."""
        return 2 * self.inside + self.biases


# Contractions, on one axis


class Axis(NamedTuple):
    """One axis of a convolution or of a pooling."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"

    @property
    def extent(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    @property
    def starts(self) -> list[int]:
        """Where the first tap of each output lies; negative before the input."""
        if self.padding == "causal":
            return [at - self.extent + 1 for at in range(0, self.size, self.stride)]
        if self.padding == "same":
            corners = list(range(0, self.size, self.stride))
            missing = max(corners[-1] + self.extent - self.size, 0)
            return [corner - missing // 2 for corner in corners]
        return [at for at in range(0, self.size, self.stride) if at + self.extent <= self.size]

    def taps(self, start: int) -> list[int]:
        return [start + tap * self.dilation for tap in range(self.kernel)]

    def has(self, position: int) -> bool:
        return 0 <= position < self.size


def windows(axes: Sequence[Axis]) -> Iterator[list[tuple[int, ...]]]:
    """The input positions of each output's window, those in the padding too."""
    for starts in itertools.product(*(axis.starts for axis in axes)):
        yield list(itertools.product(*(axis.taps(start) for axis, start in zip(axes, starts, strict=True))))


def positions(axes: Sequence[Axis]) -> tuple[int, ...]:
    return tuple(len(axis.starts) for axis in axes)


def convolution(axes: Sequence[Axis], c_in: int, c_out: int, groups: int = 1, bias: bool = True) -> Tally:
    """A convolution of any rank; depthwise, with as many groups as input channels."""
    tally = Tally()
    width = c_in // groups
    for window in windows(axes):
        for output in range(c_out):
            group = output // (c_out // groups)
            summands = 0
            for position in window:
                exists = all(axis.has(at) for axis, at in zip(axes, position, strict=True))
                for _channel in range(group * width, (group + 1) * width):
                    tally.products += 1
                    tally.inside += exists
                    summands += 1
                    tally.sums += summands > 1
            tally.biases += bias
    return tally


class UpAxis(NamedTuple):
    """One axis of a transposed convolution."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"
    output_padding: int | None = None

    @property
    def extent(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    @property
    def positions(self) -> int:
        """Positions of the output."""
        last = (self.size - 1) * self.stride
        if self.output_padding is not None:
            cut = 2 * (self.extent // 2) if self.padding == "same" else 0
            return last + self.extent - cut + self.output_padding
        if self.padding == "same":
            return self.size * self.stride
        return max(last + self.extent, self.size * self.stride)

    @property
    def cut(self) -> int:
        """Positions cut off in front: half of all, an odd one behind, as the convolution that goes back pads them."""
        if self.padding == "valid":
            return 0
        return max((self.size - 1) * self.stride + self.extent - self.positions, 0) // 2


def transposed_convolution(axes: Sequence[UpAxis], c_in: int, c_out: int, bias: bool = True) -> Tally:
    """Each input times the kernel is added to a canvas, from which the output is cut."""
    tally = Tally()
    canvas: dict[tuple[tuple[int, ...], int], int] = {}
    for origin in itertools.product(*(range(axis.size) for axis in axes)):
        for tap in itertools.product(*(range(axis.kernel) for axis in axes)):
            place = tuple(
                at * axis.stride + step * axis.dilation - axis.cut
                for axis, at, step in zip(axes, origin, tap, strict=True)
            )
            kept = all(0 <= at < axis.positions for axis, at in zip(axes, place, strict=True))
            for _channel, output in itertools.product(range(c_in), range(c_out)):
                tally.products += 1
                tally.inside += kept
                there = canvas.get((place, output), 0)
                tally.sums += there > 0
                canvas[place, output] = there + 1
    for _ in itertools.product(*(range(axis.positions) for axis in axes), range(c_out)):
        tally.biases += bias
    return tally


def einsum(equation: str, sizes: Mapping[str, int], bias: bool) -> Tally:
    """Sums of products over named axes; the batch is a letter of size 1."""
    tally = Tally()
    terms, result = equation.split("->")
    summed = sorted(set(terms) - set(result) - {","})
    for _output in itertools.product(*(range(sizes[letter]) for letter in result)):
        for nth, _product in enumerate(itertools.product(*(range(sizes[letter]) for letter in summed))):
            tally.products += 1
            tally.inside += 1
            tally.sums += nth > 0
        tally.biases += bias
    return tally


def dense(inputs: int, units: int, places: int = 1, bias: bool = True) -> Tally:
    return einsum("pi,iu->pu", {"p": places, "i": inputs, "u": units}, bias)


# Functions of elements, written out on numbers that count


class Number:
    """A number without a value: it notes what is done to it."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def _arithmetic(self, _other: object = None) -> "Number":
        self.tally.arithmetic += 1
        return self

    def _transcendental(self) -> "Number":
        self.tally.transcendentals += 1
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _arithmetic
    __gt__ = __lt__ = __ge__ = __le__ = _arithmetic
    __abs__ = _arithmetic

    def __neg__(self) -> "Number":
        return self  # a sign is part of the operation that reads it

    def larger(self, _other: object) -> "Number":
        return self._arithmetic()

    smaller = larger

    exp = log = tanh = erf = sqrt = rsqrt = _transcendental


def where(_condition: object, yes: object, _no: object) -> object:
    """Both branches have been computed by now."""
    return yes


def sigmoid(x: Number) -> Number:
    return 1 / (1 + (-x).exp())


def softplus(x: Number) -> Number:
    return (1 + x.exp()).log()


def elu(x: Number) -> object:
    return where(x > 0, x, 1.0 * (x.exp() - 1))


def relu6(x: Number) -> Number:
    return x.larger(0).smaller(6)


def gelu_tanh(x: Number) -> Number:
    return x / 2 * (1 + (0.797885 * (x + 0.044715 * x * x * x)).tanh())


FUNCTIONS: dict[str, Callable[[Number], object]] = {
    "celu": lambda x: x.larger(0) + (1.0 * ((x / 1.0).exp() - 1)).smaller(0),
    "elu": elu,
    "exponential": lambda x: x.exp(),
    "gelu": lambda x: x / 2 * (1 + (x / 1.414214).erf()),
    "glu": lambda x: x * sigmoid(x),
    "hard_shrink": lambda x: where(abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: relu6(x + 3) / 6,
    "hard_silu": lambda x: x * (relu6(x + 3) / 6),
    "hard_tanh": lambda x: x.larger(-1).smaller(1),
    "leaky_relu": lambda x: where(x > 0, x, 0.2 * x),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -((1 + (-x).exp()).log()),
    "mish": lambda x: x * softplus(x).tanh(),
    "relu": lambda x: x.larger(0),
    "relu6": relu6,
    "selu": lambda x: 1.050701 * where(x > 0, x, 1.673263 * (x.exp() - 1)),  # type: ignore[operator]
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "soft_shrink": lambda x: where(x > 0.5, x - 0.5, where(x < -0.5, x + 0.5, 0)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "sparse_plus": lambda x: where(x <= -1, 0, where(x < 1, (lambda y: y * y / 4)(x + 1), x)),
    "sparse_sigmoid": lambda x: where(x <= -1, 0, where(x >= 1, 1, (x + 1) / 2)),
    "squareplus": lambda x: (x + (x * x + 4).sqrt()) / 2,
    "tanh": lambda x: x.tanh(),
    "tanh_shrink": lambda x: x - x.tanh(),
}
"""Activation functions by the name that Keras gives them, as its documentation defines them."""


def elementwise(function: Callable[[Number], object], elements: int) -> Tally:
    tally = Tally()
    for _ in range(elements):
        function(Number(tally))
    return tally


def total(values: Sequence[Any]) -> Any:
    result, *rest = values
    for value in rest:
        result = result + value
    return result


def largest(values: Sequence[Any]) -> Any:
    result, *rest = values
    for value in rest:
        result = result.larger(value)
    return result


def mean(values: Sequence[Any]) -> Any:
    return total(values) / len(values)


def softmax(values: Sequence[Number]) -> list[Number]:
    top = largest(values)
    powers = [(value - top).exp() for value in values]
    whole = total(powers)
    return [power / whole for power in powers]


def log_softmax(values: Sequence[Number]) -> list[Number]:
    top = largest(values)
    distances = [value - top for value in values]
    whole = total([distance.exp() for distance in distances]).log()
    return [distance - whole for distance in distances]


def from_mean(values: Sequence[Number]) -> list[Number]:
    middle = mean(values)
    return [value - middle for value in values]


def inverse_root_mean_square(values: Sequence[Number]) -> Number:
    return (mean([value * value for value in values]) + 1e-3).rsqrt()


def learned(values: Sequence[Number], scale: bool, center: bool) -> list[Number]:
    scaled = [value * 1.0 for value in values] if scale else list(values)
    return [value + 0.0 for value in scaled] if center else scaled


def normalization(values: Sequence[Number], scale: bool = True, center: bool = True) -> list[Number]:
    """Mean 0 and variance 1, then a learned scale and shift of each value."""
    distances = from_mean(values)
    factor = inverse_root_mean_square(distances)
    return learned([distance * factor for distance in distances], scale, center)


def deviation_normalization(values: Sequence[Number]) -> list[Number]:
    """Variance 1, with the mean left where it is: what the deprecated `rms_scaling` does."""
    factor = inverse_root_mean_square(from_mean(values))
    return learned([value * factor for value in values], scale=True, center=False)


def rms_normalization(values: Sequence[Number]) -> list[Number]:
    factor = inverse_root_mean_square(values)
    return learned([value * factor for value in values], scale=True, center=False)


def unit_normalization(values: Sequence[Number]) -> list[Number]:
    factor = total([value * value for value in values]).larger(1e-12).rsqrt()
    return [value * factor for value in values]


def batch_normalization(values: Sequence[Number]) -> list[Number]:
    """At inference statistics, scale and shift are two constants of each channel."""
    return learned(values, scale=True, center=True)


def grouped(function: Callable[[Sequence[Number]], list[Number]], groups: int, size: int) -> Tally:
    """A function of each of several groups of values."""
    tally = Tally()
    for _ in range(groups):
        function([Number(tally) for _ in range(size)])
    return tally


def pooling(axes: Sequence[Axis], channels: int, average: bool) -> Tally:
    tally = Tally()
    for window in windows(axes):
        for _channel in range(channels):
            (mean if average else largest)([Number(tally) for _ in window])
    return tally


def adaptive_pooling(sizes: Sequence[int], cells: Sequence[int], channels: int, average: bool) -> Tally:
    """Cell `i` holds the input positions that share a point with `[i, i + 1) * size / cells`."""
    tally = Tally()
    for cell in itertools.product(*(range(count) for count in cells)):
        held = [
            [at for at in range(size) if at * count < (place + 1) * size and (at + 1) * count > place * size]
            for size, count, place in zip(sizes, cells, cell, strict=True)
        ]
        for _channel in range(channels):
            (mean if average else largest)([Number(tally) for _ in itertools.product(*held)])
    return tally


def resampling(outputs: int, neighbours: int) -> Tally:
    """Each value the weighted sum of its neighbours; a single neighbour is copied."""
    tally = Tally()
    for _ in range(outputs if neighbours > 1 else 0):
        total([Number(tally) * 0.5 for _ in range(neighbours)])
    return tally


def merging(maps: int, elements: int, average: bool = False) -> Tally:
    tally = Tally()
    for _ in range(elements):
        (mean if average else total)([Number(tally) for _ in range(maps)])
    return tally
