"""Spreads: where the positions of what a primitive makes look, of what it reads.

Two of them are equal only if they are of one kind: what is known of a primitive is looked up by the primitive, and its
spread is a part of that. Tuples with equal fields would be equal, whatever they are called.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keras_cnnstats.field import Reach


@dataclass(slots=True, unsafe_hash=True)
class Pointwise:
    """Each output position sees the same position of the input."""


@dataclass(slots=True, unsafe_hash=True)
class Slide:
    """Each output position touches a `Reach` of the input, on each spatial axis in order.

    Attributes:
        reaches: one for each spatial axis; `None` where sizes that nobody gave decide it.
        dims: the tensor's dimensions that they slide over; the spatial axes of the map where it is `None`.
        frames: whether the map has a dimension of time before those of each frame.
    """

    reaches: tuple[Reach | None, ...]
    dims: tuple[int, ...] | None = None
    frames: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Gather:
    """Each output position sees all positions along `dims`.

    Attributes:
        dims: tensor dimensions that are gathered; negative ones count from the end; `None` for all but the batch.
        shape: the output has the gathered dimensions with size 1 (`"kept"`), with new positions (`"replaced"`), or not
            at all (`"dropped"`).
    """

    dims: tuple[int, ...] | None
    shape: str = "dropped"


@dataclass(slots=True, unsafe_hash=True)
class Mix:
    """Each output position sees all positions along `dims`, which stay: attention, a recurrence."""

    dims: tuple[int, ...]


@dataclass(slots=True, unsafe_hash=True)
class Shuffle:
    """Positions along `dims` (`None`: along all) move in a way that is not followed: what they see is unknown."""

    dims: tuple[int, ...] | None


@dataclass(slots=True, unsafe_hash=True)
class Statistics:
    """Each output is its own position, changed by statistics over all positions along `dims` (`None`: along all)."""

    dims: tuple[int, ...] | None


@dataclass(slots=True, unsafe_hash=True)
class Spatial:
    """Each output position sees all positions along the spatial axes, which are kept (size 1) or dropped."""

    shape: str = "dropped"


@dataclass(slots=True, unsafe_hash=True)
class Route:
    """Output dimension `i` runs over the positions of the input dimension `sources[i]`; `None`: over none.

    An input dimension that no output dimension goes on with is gathered: each output sees all positions along it.
    """

    sources: tuple[int | None, ...]


@dataclass(slots=True, unsafe_hash=True)
class Contract:
    """Products of several maps are summed: each output position sees what it reads of each of them.

    Attributes:
        routes: of each map its place among the inputs of the call, and for each output dimension the dimension of the
            map that it runs over, as in `Route`.
    """

    routes: tuple[tuple[int, tuple[int | None, ...]], ...]


@dataclass(slots=True, unsafe_hash=True)
class Regroup:
    """The values keep their order and are cut into dimensions anew."""


@dataclass(slots=True, unsafe_hash=True)
class Cut:
    """Some positions are kept, at even steps: a slice.

    Attributes:
        kept: for each output dimension the input dimension that it runs over, the first position kept of it, and the
            step; `None` for a dimension that is new.
        picked: each input dimension of which a single position is kept, and that position; `None` where it is one of
            several. The output does not have it.
    """

    kept: tuple[tuple[int, int, int] | None, ...]
    picked: tuple[tuple[int, int | None], ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Join:
    """The inputs stand one behind the other along `dim`."""

    dim: int


@dataclass(slots=True, unsafe_hash=True)
class Aside:
    """Each output position sees what it saw before, and beside it what a spread makes of what the call reads.

    Attributes:
        spread: that spread.
    """

    spread: "Spread"


@dataclass(slots=True, unsafe_hash=True)
class Stretch:
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
    | Aside
)

POINTWISE = Pointwise()


def behind_time(spread: Spread, spatial: Iterable[int], rank: int) -> Spread:
    """Returns the spread of a frame, in a map that has a dimension of time between the batch and those of the frame.

    Args:
        spread: the spread of a frame.
        spatial: the spatial dimensions of the frame.
        rank: its dimensions, the batch among them.

    >>> behind_time(Gather((1, -1)), range(1, 3), 4), behind_time(Spatial("kept"), range(1, 3), 4)
    (Gather(dims=(2, -1), shape='dropped'), Gather(dims=(2, 3), shape='kept'))
    """
    if spread == POINTWISE:
        return spread
    if isinstance(spread, Spatial):
        return Gather(_later(spatial), spread.shape)
    if isinstance(spread, Slide):
        return Slide(spread.reaches, _later(spatial if spread.dims is None else spread.dims), frames=True)
    if isinstance(spread, (Gather, Mix, Statistics)):
        return replace(spread, dims=_later(range(1, rank) if spread.dims is None else spread.dims))
    return Shuffle(None)


def _later(dims: Iterable[int]) -> tuple[int, ...]:
    return tuple([dim + 1 if dim >= 0 else dim for dim in dims])
