"""What all primitives have in common: the claims of the textbook, and how a primitive spreads over positions."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from math import prod
from typing import ClassVar, NamedTuple

from keras_cnnstats.field import Reach
from keras_cnnstats.units import Extent, Work

Size = int | None
"""A number of positions or channels; `None` where it is unknown."""


def product(sizes: Iterable[Size]) -> Size:
    """Returns the product of sizes, `None` where one of them is unknown."""
    known = list(sizes)
    return None if None in known else prod(known)  # type: ignore[arg-type]


def share(total: Size, parts: int) -> Size:
    """Returns one of `parts` equal parts of a size, `None` where it is unknown."""
    return None if total is None else total // parts


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


class Pointwise(NamedTuple):
    """Each output position sees the same position of the input."""


class Slide(NamedTuple):
    """Each output position touches a `Reach` of the input, on each spatial axis in order.

    Attributes:
        reaches: one for each spatial axis; `None` where sizes that nobody gave decide it.
        dims: the tensor's dimensions that they slide over; the spatial axes of the map where it is `None`.
    """

    reaches: tuple[Reach | None, ...]
    dims: tuple[int, ...] | None = None


class Gather(NamedTuple):
    """Each output position sees all positions along `dims`.

    Attributes:
        dims: tensor dimensions that are gathered; negative ones count from the end; `None` for all but the batch.
        shape: the output has the gathered dimensions with size 1 (`"kept"`), with new positions (`"replaced"`), or not
            at all (`"dropped"`).
    """

    dims: tuple[int, ...] | None
    shape: str = "dropped"


class Mix(NamedTuple):
    """Each output position sees all positions along `dims`, which stay: attention, a recurrence."""

    dims: tuple[int, ...]


class Shuffle(NamedTuple):
    """Positions along `dims` (`None`: along all) move in a way that is not followed: what they see is unknown."""

    dims: tuple[int, ...] | None


class Statistics(NamedTuple):
    """Each output is its own position, changed by statistics over all positions along `dims` (`None`: along all)."""

    dims: tuple[int, ...] | None


class Spatial(NamedTuple):
    """Each output position sees all positions along the spatial axes, which are kept (size 1) or dropped."""

    shape: str = "dropped"


class Route(NamedTuple):
    """Output dimension `i` runs over the positions of the input dimension `sources[i]`; `None`: over none.

    An input dimension that no output dimension goes on with is gathered: each output sees all positions along it.
    """

    sources: tuple[int | None, ...]


class Regroup(NamedTuple):
    """The values keep their order and are cut into dimensions anew."""


class Join(NamedTuple):
    """The inputs stand one behind the other along `dim`."""

    dim: int


class Stretch(NamedTuple):
    """Blocks of `block` x `block` channels become positions (`grow`), or the other way round."""

    block: int
    grow: bool


Spread = Pointwise | Slide | Gather | Mix | Shuffle | Statistics | Spatial | Route | Regroup | Join | Stretch

POINTWISE = Pointwise()


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

    @property
    def parameters(self) -> int:
        """Its weights, by the general formula."""
        return 0

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
