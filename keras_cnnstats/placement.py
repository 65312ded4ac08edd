"""How a model lies on the devices of a mesh: records of what Keras' distribution says, and of what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from keras_cnnstats.units import Work, together

Axes = tuple[str | None, ...]
"""For each dimension of a tensor the axis of the mesh that it is divided along; `None` where it is whole."""


class Layout(NamedTuple):
    """How a weight is divided.

    Attributes:
        shape: its shape.
        axes: how its dimensions are.
    """

    shape: tuple[int, ...]
    axes: Axes


class Placement(NamedTuple):
    """How a model is divided.

    Attributes:
        mesh: the devices along each axis of the mesh, by its name.
        batch: the axis that samples are divided along.
        layouts: how each weight is divided, by its key.
        outputs: how what a layer makes is divided where that is asked for, by the layer's identity.
    """

    mesh: Mapping[str, int]
    batch: str
    layouts: Mapping[int, Layout]
    outputs: Mapping[int, Axes]

    def parts_of(self, key: int) -> int:
        """Returns into how many parts a weight is divided."""
        return self.parts(self.layouts[key].axes) if key in self.layouts else 1

    def parts(self, axes: Iterable[str | None]) -> int:
        """Returns into how many parts something is divided.

        >>> Placement({"batch": 2, "model": 4}, "batch", {}, {}).parts((None, "model"))
        4
        """
        return prod([self.mesh[axis] for axis in set(axes) if axis is not None])


class Share(NamedTuple):
    """What each device holds and computes of a call.

    Attributes:
        params: parameters that it holds, counted where those of the row are.
        param_bytes: their bytes.
        work: what it computes; `None` where that is unknown.
    """

    params: int
    param_bytes: int
    work: Work | None


def total(shares: Sequence[Share | None]) -> Share | None:
    """Returns the sums over calls, of the work over those of which it is known; `None` without a mesh."""
    known = [share for share in shares if share is not None]
    if not known:
        return None
    work = together(share.work for share in known if share.work is not None)
    return Share(sum([share.params for share in known]), sum([share.param_bytes for share in known]), work)
