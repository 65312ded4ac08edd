"""What the backend counted of a call that no rule knows and that cannot be followed."""

from collections.abc import Iterable
from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive
from keras_cnnstats.units import Training, Work, together


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Measured(Primitive):
    """The sum of what all operations of a call cost; of what it is made of, and where it looks, nothing is known.

    Attributes:
        counted: work of the whole call; `None` where a size is unknown.
        weights: parameters.
    """

    kind = "measured"
    counted: Work | None
    weights: int = 0

    @classmethod
    def of(cls, primitives: Iterable[Primitive], weights: int = 0) -> "Measured":
        """What primitives cost together; unknown where it is of one of them."""
        works = [each.work() for each in primitives]
        known = [work for work in works if work is not None]
        return cls(counted=together(known) if len(known) == len(works) else None, weights=weights)

    def work(self) -> Work | None:
        return self.counted

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        return None

    @property
    def parameters(self) -> int:
        return self.weights
