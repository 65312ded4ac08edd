"""What all primitives have in common: what each of them says of itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import prod
from typing import Any, ClassVar, NamedTuple

from keras_cnnstats.primitives.spreads import POINTWISE, Spread
from keras_cnnstats.units import NO_WORK, Extent, Training, Work

Size = int | None
"""A number of positions or channels; `None` where it is unknown."""


def product(sizes: Iterable[Size]) -> Size:
    """Returns the product of sizes, `None` where one of them is unknown."""
    known = sizes if isinstance(sizes, tuple) else tuple(sizes)
    return None if None in known else prod(known)  # type: ignore[arg-type]


def share(total: Size, parts: int) -> Size:
    """Returns one of `parts` equal parts of a size, `None` where it is unknown."""
    return None if total is None else total // parts


def more(total: Size, part: Size) -> Size:
    """Returns how much larger a size is than another, `None` where one of them is unknown.

    >>> more(7, 3), more(3, 7), more(None, 3)
    (4, 0, None)
    """
    return None if total is None or part is None else max(total - part, 0)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Returns the axes that one or several numbers mean, counted from the front; `None` means all but the batch.

    >>> axes_of(-1, 4), axes_of([1, -2], 4), axes_of(None, 4)
    ((3,), (1, 2), (1, 2, 3))
    """
    if axis is None:
        return tuple(range(1, rank))
    return tuple([place % rank for place in (axis if isinstance(axis, (tuple, list)) else (axis,))])


def other_axes(axes: Iterable[int], rank: int) -> tuple[int, ...]:
    """Returns the axes that are not among `axes`, the batch left out.

    >>> other_axes((2,), 4)
    (1, 3)
    """
    among = set(axes)
    return tuple([place for place in range(1, rank) if place not in among])


class Claim(NamedTuple):
    """What a textbook formula says of a quantity of which the count says something else.

    Attributes:
        quantity: `parameters`, `output size`, `flops`, `receptive field` or `coverage`.
        code: code of the disagreement.
        formula: the formula with the numbers put in.
        expected: what the formula gives.
        actual: what is counted.
    """

    quantity: str
    code: str
    formula: str
    expected: Extent
    actual: Extent


class Map(NamedTuple):
    """A map that a primitive reads, where that is not just what the one before it makes.

    Attributes:
        elements: values of one sample; all values of a weight, which all samples share.
        source: place among the inputs of the call, or among its weights; negative for what an earlier primitive of the
            row makes, `-1` for the one before this; `None` for a constant.
        weight: whether it is a weight among the arguments of an operation.
    """

    elements: Size
    source: int | None = 0
    weight: bool = False

    def values(self, samples: int) -> int:
        """Its values in a batch."""
        assert self.elements is not None
        return self.elements if self.weight else self.elements * samples


def sums(values: int, results: int) -> Work:
    """The additions that make `results` values of `values`; none where there is nothing to add up."""
    additions = max(values - results, 0)
    return Work(arithmetic=additions, hlo=additions) if additions else NO_WORK


class Multiplied(NamedTuple):
    """A weight that a primitive multiplies with: each of its values in equally many of the products.

    Attributes:
        name: how the weight's name ends.
        size: its values.
        macs: products with them; `None` where a size is unknown.
    """

    name: str
    size: int
    macs: Size


class Learned(NamedTuple):
    """A weight that a gradient can reach.

    Attributes:
        name: its name, or how it ends; empty where it goes by many.
        size: its values.
    """

    name: str
    size: int


def kernel_and_bias(kernel: int, bias: int, name: str = "kernel") -> tuple[Learned, ...]:
    """Returns the weights of a contraction, where it has them."""
    return tuple([each for each in (Learned(name, kernel), Learned("bias", bias)) if each.size])


def is_called(weight: str, name: str) -> bool:
    """Whether a weight has a name: a `recurrent_kernel` is a kernel too.

    >>> is_called("kernel", "kernel"), is_called("depthwise_kernel", "kernel"), is_called("lora_kernel_a", "kernel")
    (True, True, False)
    """
    return weight == name or (bool(name) and weight.endswith(f"_{name}"))


def ends(*parts: Sequence[object]) -> tuple[int, ...]:
    """Returns where rows of primitives end that stand one behind the other, seen from behind them all: see `Map`.

    >>> ends("ab", "cde", "f")
    (-5, -2, -1)
    """
    return tuple([-1 - behind for behind in accumulate(map(len, parts[:0:-1]), initial=0)])[::-1]


class Primitive(ABC):
    """One of the handful of things that networks are made of, in plain integers, for one sample.

    A primitive knows all of itself: its work, its parameters, where its outputs look, and what the textbook says.
    It is made once and never changed, which `frozen=True` would enforce at twice the cost of making it.
    """

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def work(self) -> Work | None:
        """The terms of its work; `None` where a size is unknown."""

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        """The terms of its work in one step of training; `None` where nobody has derived them, or a size is unknown.

        Args:
            towards: places of the maps it reads that need a gradient.
            learns: names of its weights that need one.
            samples: samples in the batch, which gradients towards weights add up.

        Example: 10 inputs to 4 outputs, of which a batch of 8 makes 320 products, each gradient as many again; a bias
        is the sum of 8 values.

        >>> from keras_cnnstats.primitives import Contraction
        >>> step = Contraction(inputs=10, outputs=4, bias=4).training((0,), ("kernel", "bias"), samples=8)
        >>> step.forward.macs, step.inputs.macs, step.weights.macs, step.weights.arithmetic
        (320, 320, 320, 28)
        """
        forward = self.work()
        return None if forward is None or towards or learns else Training(forward.times(samples))

    def reached(self, results: tuple[int, ...]) -> "Primitive":
        """Itself in a step of training in which gradients arrive at these results of the call, and at no others."""
        return self

    def returning(self, results: Sequence[int]) -> "Primitive":
        """Itself in a row whose results stand at these places among those of the call."""
        return self

    @property
    def sources(self) -> tuple[Map, ...]:
        """What it reads, where that is not just what the primitive before it makes, or all inputs of the call."""
        return ()

    @property
    def passes(self) -> bool:
        """Whether a gradient passes through it."""
        return True

    @property
    def parameters(self) -> int:
        """Its weights, by the general formula."""
        return 0

    @property
    def learned(self) -> tuple[Learned, ...]:
        """Those of its weights that a gradient can reach."""
        return (Learned("", self.parameters),) if self.parameters else ()

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        """The weights that it multiplies with."""
        return ()

    @property
    def operands(self) -> str:
        """What its products are products of, such as `int8` or `float16 x int4`; empty: what the layer computes in."""
        return ""

    @property
    def is_shared(self) -> bool:
        """Whether it reads nothing but weights: it is done once a call, and its work is the same for any batch."""
        return False

    @property
    def spread(self) -> Spread:
        """Where its outputs look."""
        return POINTWISE

    def claims(self) -> Iterable[Claim]:
        """The textbook formulas that do not hold for it."""
        return ()

    def defects(self) -> Iterable[Claim]:
        """The general formulas that do not hold for it, which nothing explains."""
        return ()
