"""Spreads: where the positions of what a primitive makes look, of what it reads."""

from typing import NamedTuple

from keras_cnnstats.field import Reach


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


class Contract(NamedTuple):
    """Products of several maps are summed: each output position sees what it reads of each of them.

    Attributes:
        routes: of each map its place among the inputs of the call, and for each output dimension the dimension of the
            map that it runs over, as in `Route`.
    """

    routes: tuple[tuple[int, tuple[int | None, ...]], ...]


class Regroup(NamedTuple):
    """The values keep their order and are cut into dimensions anew."""


class Cut(NamedTuple):
    """Some positions are kept, at even steps: a slice.

    Attributes:
        kept: for each output dimension the input dimension that it runs over, the first position kept of it, and the
            step; `None` for a dimension that is new.
        picked: each input dimension of which a single position is kept, and that position; `None` where it is one of
            several. The output does not have it.
    """

    kept: tuple[tuple[int, int, int] | None, ...]
    picked: tuple[tuple[int, int | None], ...] = ()


class Join(NamedTuple):
    """The inputs stand one behind the other along `dim`."""

    dim: int


class Stretch(NamedTuple):
    """Blocks of `block` x `block` channels become positions (`grow`), or the other way round."""

    block: int
    grow: bool


Spread = (
    Pointwise
    | Slide
    | Gather
    | Mix
    | Shuffle
    | Statistics
    | Spatial
    | Route
    | Contract
    | Regroup
    | Cut
    | Join
    | Stretch
)

POINTWISE = Pointwise()
